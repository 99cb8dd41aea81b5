import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { some } from '../runner/counts.ts'

/** A masked refresh in a process of its own, which is killed in the middle. */
let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let options: EngineOptions

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-staging-killed-'))
  const url = await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, note text);
     INSERT INTO person SELECT i, 'Jane Original ' || i, repeat(md5(i::text), 10) FROM generate_series(1, 20000) i;
     CREATE INDEX ON person (name); CREATE TABLE login (id int PRIMARY KEY, name text); INSERT INTO login VALUES (1, 'of production')`,
  )
  options = {
    ...{ database: url, repository: join(folder, 'repository'), encryption: 'none' },
    masking: {
      key: 'a key of this test, long enough',
      tables: { person: { id: 'keep', name: 'name', note: 'keep' }, login: { id: 'keep', name: 'hash' } },
      // Every row, chosen one by one.
      subset: { from: [{ table: 'person', share: 1 }], whole: ['login'] },
    },
    targets: {
      staging: { url: cluster.url('shop_staging'), carryOver: ['login'], keepReplacedDays: 'discard' },
    },
  }
  engine = createBackupEngine(options)
  await engine.repository.init()
  await engine.backups.create()
  await engine.targets.adopt('staging')
  await engine.targets.refresh('staging')
  await cluster.sql('shop_staging', `DELETE FROM login; INSERT INTO login VALUES (2, 'of staging')`)
  await writeFile(join(folder, 'options.json'), JSON.stringify(options))
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const program = `(async () => {
  const { createBackupEngine } = await import(${JSON.stringify(new URL('../../packages/core/src/index.ts', import.meta.url).href)})
  const options = { ...JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8')), catalog: process.argv[2] }
  const engine = createBackupEngine(options)
  const report = (event) => event.type === 'phase' && process.stdout.write(event.phase + '\\n')
  await engine.targets.refresh('staging', { report })
  process.stdout.write('done\\n')
  await engine.stop()
})()`

let runs = 0

/** Kills it as soon as it has begun a phase, or so many milliseconds later. Whether it was still there. */
function killedAt(phase: string, delayMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // For half a minute its task would be taken for running.
    const catalog = join(folder, `catalog-${++runs}.sqlite`)
    const child = spawn(process.execPath, ['-e', program, join(folder, 'options.json'), catalog], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    let isKilling = false
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.stdout.on('data', (data) => {
      output += data
      if (isKilling || !output.split('\n').includes(phase)) return
      isKilling = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    child.on('exit', (code) => (isKilling || code === 0 ? resolve(isKilling) : reject(new Error(errors))))
  })
}

const ours = async () =>
  (
    await cluster.sql<{ n: number }>(
      'postgres',
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'lifeboat: restore%'`,
    )
  )[0]?.n
const databases = async () =>
  (
    await cluster.sql<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database WHERE NOT datistemplate')
  ).map(({ name }) => name)
const originals = async (database: string) =>
  (
    await cluster.sql<{ n: number }>(
      database,
      `SELECT CASE WHEN to_regclass('person') IS NULL THEN 0 ELSE
        (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM person WHERE name LIKE ''Jane Original%''', false, true, '')))[1]::text::int END AS n`,
    )
  )[0]?.n

test('leaves a whole target that is still one, no original anywhere, and nothing that doctor cannot name', {
  timeout: 300_000,
}, async () => {
  const moments: [string, number][] = [
    ['subset', 0],
    ['rows', 0],
    ['refresh', 0],
    ['carry-over', 0],
    ['prove-masked', 0],
    ['swap', 0],
    ['swap', 20],
    ['create-database', 0],
    ['rows', 20],
    ['properties', 0],
    ['carry-over', 15],
    ['analyze', 0],
    ['swap', 5],
    ['swap', 40],
    ['swap', 80],
  ]
  for (const [phase, delay] of some(moments, 4)) {
    expect(await killedAt(phase, delay)).toBe(true)
    await expect.poll(ours, { timeout: 60_000 }).toBe(0)
    // The target is whole, old or new, and carries the mark by which the next refresh knows it.
    expect(await cluster.sql('shop_staging', 'SELECT count(*)::int AS n FROM person')).toEqual([{ n: 20_000 }])
    expect(await cluster.sql('shop_staging', 'SELECT * FROM login')).toEqual([{ id: 2, name: 'of staging' }])
    expect((await engine.targets.list())[0]).toMatchObject({ state: 'ready', refreshed: { number: 1 } })
    const left = (await databases()).filter((name) => !['postgres', 'shop', 'shop_staging'].includes(name))
    for (const database of ['shop_staging', ...left])
      expect([database, await originals(database)]).toEqual([database, 0])
    // Whatever it was doing, what is left bears a name that says so, and the clean-up knows it.
    const { checks } = await engine.doctor()
    const named = checks
      .filter(({ id }) => id === 'target.staging')
      .map(({ message }) => message)
      .join()
    for (const database of left) {
      expect(database).toMatch(/^lifeboat_copy_r|^shop_staging_before_/)
      expect(named).toContain(database)
    }
    expect((await engine.maintenance.cleanLeftovers()).dropped.sort()).toEqual(left.sort())
  }
  expect(await killedAt('never', 0)).toBe(false)
  expect((await databases()).sort()).toEqual(['postgres', 'shop', 'shop_staging'])
})
