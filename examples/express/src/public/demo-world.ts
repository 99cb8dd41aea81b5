import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionInput, type ActionName, type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster } from '@lifeboat/core/testing'

/** A throwaway PostgreSQL with a shop that nobody owns, its backups, and a few days of history. */
export interface DemoWorld {
  engine: BackupEngine
  /** Ends the engine and the server, and removes their files. */
  remove(): Promise<void>
}

const operator = { id: 'demo', name: 'Demo', role: 'admin' as const }

const tables = `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL);
  CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL);
  CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, total numeric(10,2) NOT NULL);
  INSERT INTO customers SELECT n, 'Customer ' || n, 'City ' || n % 40 FROM generate_series(1, 2000) AS n;
  INSERT INTO products SELECT n, 'Product ' || n, n % 90 + 9.99 FROM generate_series(1, 500) AS n;
  INSERT INTO orders SELECT n, n % 2000 + 1, n % 300 + 0.5 FROM generate_series(1, 20000) AS n`

/** Makes a new world; half-made ones are removed. */
export async function openDemoWorld(): Promise<DemoWorld> {
  const cluster = await startTemporaryCluster()
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-demo-'))
  let engine: BackupEngine | undefined
  const remove = async () => {
    await engine?.stop()
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const database = await cluster.createDatabase('shop')
    const sql = (text: string) => cluster.sql('shop', text)
    await sql(tables)
    engine = createBackupEngine({
      database,
      repository: join(folder, 'backups'),
      encryption: { passphrase: crypto.randomUUID() },
      appName: 'shop',
    })
    await engine.repository.init()
    await makeHistory(engine, sql)
    return { engine, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Three nights, a release, an accident, the restore that took it back, a restore test, and what changed since. */
async function makeHistory(engine: BackupEngine, sql: (text: string) => Promise<unknown>): Promise<void> {
  await engine.start()
  for (const night of [1, 2, 3]) {
    await done(engine, 'backups.create', { name: `nightly ${night}` })
    const from = 20_000 + night * 500
    await sql(`INSERT INTO orders SELECT n, n % 2000 + 1, 19.5 FROM generate_series(${from - 499}, ${from}) AS n`)
  }
  await done(engine, 'backups.create', { name: 'before release 2.0', pinned: true, tags: { release: '1.9' } })
  await done(engine, 'backups.verify', { backup: '2', level: 'checksums' })
  await sql('UPDATE orders SET total = 0')
  await done(engine, 'restores.run', { backup: 'latest' })
  await done(engine, 'drills.run', { backup: 'latest' })
  await sql(`ALTER TABLE products ADD discount numeric(5,2) DEFAULT 0 NOT NULL;
    CREATE TABLE coupons (code text PRIMARY KEY);
    DELETE FROM orders WHERE id % 50 = 0`)
  await engine.config.change({ auto_backup_enabled: true, auto_backup_hour: 3 })
}

/** As a task, so that visitors find its log. */
async function done<Name extends ActionName>(
  engine: BackupEngine,
  name: Name,
  input: ActionInput<Name>,
): Promise<void> {
  const { task_id: id } = await engine.tasks.start(name, input, { as: operator, confirm: true })
  for (;;) {
    const task = await engine.tasks.get(id)
    if (task?.status === 'succeeded') return
    if (task?.finished_at) throw new Error(`${name} of the demo has ${task.status}.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
