import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'

const run = promisify(execFile)

let cluster: TemporaryCluster
let engine: BackupEngine
let folder: string
let file: string

const tables = `
  CREATE TABLE customer (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, twice int GENERATED ALWAYS AS (id * 2) STORED);
  CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customer, note text);
  CREATE TABLE log (at int, what text) PARTITION BY RANGE (at);`

/** The application's own: newer than the file by a column with a default, and by other bounds. */
const own = `${tables}
  ALTER TABLE orders ADD paid boolean NOT NULL DEFAULT false, ADD CONSTRAINT noted CHECK (note <> 'refused');
  CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (50);
  CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (50) TO (1000);
  CREATE TABLE other (a int); INSERT INTO other VALUES (1);
  INSERT INTO customer (name) VALUES ('mine'); INSERT INTO orders (customer, note) VALUES (1, 'mine');
  CREATE VIEW named AS SELECT count(*) AS rows FROM orders;
  COMMENT ON TABLE orders IS 'ours'`

/** The file: each object says so when it runs, in a sequence, which no rollback takes back. */
const foreign = `${tables}
  CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (500);
  CREATE SEQUENCE ran;
  CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.ran'); RETURN new; END$$;
  INSERT INTO customer (name) SELECT 'c' || i FROM generate_series(1, 40) i;
  INSERT INTO orders (customer, note) SELECT i, E'tab\\t \\\\ ' || i FROM generate_series(1, 40) i;
  INSERT INTO log SELECT i, 'w' FROM generate_series(1, 99) i;
  SELECT lo_from_bytea(900001, 'large'); COMMENT ON LARGE OBJECT 900001 IS 'theirs';
  CREATE TRIGGER fires BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fires();
  ALTER TABLE orders ENABLE ALWAYS TRIGGER fires;
  CREATE VIEW evil AS SELECT 1; COMMENT ON TABLE orders IS 'theirs';
  GRANT ALL ON orders TO PUBLIC;`

const dump = async (name: string, sql: string) => {
  await cluster.createDatabase(name)
  await cluster.sql(name, sql)
  const path = join(folder, `${name}.dump`)
  await run('pg_dump', ['-Fc', '-f', path, '--dbname', cluster.url(name)])
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-data-only-'))
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('shop')
  await cluster.sql('shop', own)
  file = await dump('foreign', foreign)
  engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository: join(folder, 'repository'), appName: 'shop' },
    ...{ catalog: join(folder, 'catalog.sqlite'), encryption: { rawKey: Buffer.alloc(32, 7) } },
  })
  await engine.repository.init()
  await engine.backups.create()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const into = (targetDatabase: string, schemaFrom?: string) => ({
  ...{ strategy: 'new-database' as const, targetDatabase },
  ...(schemaFrom ? { schemaFrom } : {}),
})

test('of a file that is trusted for its rows alone nothing but rows comes into the definitions of a backup', async () => {
  const { id } = await engine.backups.import({ file })
  const notTrusted = expect.objectContaining({ code: 'BACKUP_NOT_TRUSTED' })
  await expect(engine.restores.plan(id, into('early', 'latest'))).rejects.toEqual(notTrusted)
  const trusted = await engine.backups.trust(id, { reason: 'its rows', dataOnly: true })
  expect(trusted.quarantine?.trusted).toMatchObject({ scope: 'data', reason: 'its rows' })

  // Everything that would run what the file says stays refused, and it is no backup of the database.
  await expect(engine.restores.plan(id, into('whole'))).rejects.toEqual(notTrusted)
  await expect(engine.rows.lost(id, { database: 'default' })).rejects.toEqual(notTrusted)
  await expect(engine.rows.query(id, { database: 'default', sql: 'SELECT 1' })).rejects.toEqual(notTrusted)
  await expect(engine.backups.verify(id, { level: 'restore' })).rejects.toEqual(notTrusted)
  expect((await engine.backups.get('latest')).trigger).not.toBe('import')
  await expect(engine.restores.plan('latest', into('x', id))).rejects.toMatchObject({ code: 'INVALID' })

  const plan = await engine.restores.plan(id, into('filled', 'latest'))
  // The one of log_2 goes without saying, and so does what the file has no rows of.
  expect(plan.refusals).toEqual([])
  expect(plan.warnings.map(({ text }) => text).join()).toMatch(/no rows of: .*public\.other/)
  await engine.restores.run(id, { ...into('filled', 'latest'), confirm: plan.hash })

  const [made] = await cluster.sql(
    'filled',
    `SELECT (SELECT count(*)::int FROM orders WHERE NOT paid) AS orders, (SELECT min(note) FROM orders WHERE id = 1) AS first,
       (SELECT count(*)::int FROM log_1) AS low, (SELECT count(*)::int FROM log_2) AS high, (SELECT count(*)::int FROM other) AS other,
       (SELECT sum(twice)::int FROM customer) AS twice, nextval('orders_id_seq')::int AS order_id, nextval('customer_id_seq')::int AS customer_id,
       convert_from(lo_get(900001), 'UTF8') AS large, obj_description(900001, 'pg_largeobject') AS comment,
       obj_description('orders'::regclass) AS told, to_regclass('evil') AS evil, to_regproc('fires') AS fires, to_regclass('named')::text AS named,
       (SELECT count(*)::int FROM pg_trigger WHERE NOT tgisinternal) AS triggers, has_table_privilege('public', 'orders', 'SELECT') AS granted`,
  )
  expect(made).toEqual({
    ...{ orders: 40, first: 'tab\t \\ 1', low: 49, high: 50, other: 0, twice: 1640, order_id: 41, customer_id: 41 },
    ...{ large: 'large', comment: null, told: 'ours', evil: null, fires: null, named: 'named', triggers: 0 },
    granted: false,
  })
})

test.each<[string, string, RegExp, string | null]>([
  [
    'tables',
    'CREATE TABLE unknown (a int); INSERT INTO unknown VALUES (1)',
    /public\.unknown \(1 row\)/,
    'leave-rows-out',
  ],
  ['columns', 'ALTER TABLE orders ADD more int', /public\.orders\.more of the file is not there/, null],
  ['missing', 'ALTER TABLE customer DROP name', /public\.customer\.name is NOT NULL without a default/, null],
  [
    'types',
    'ALTER TABLE orders ALTER note TYPE varchar(50)',
    /public\.orders\.note is character varying\(50\)/,
    'other-types',
  ],
])('rows that do not fit are refused by name: %s', async (name, sql, message, override) => {
  const { id } = await engine.backups.import({ file: await dump(`misfit_${name}`, `${foreign} ${sql}`) })
  await engine.backups.trust(id, { reason: 'its rows', dataOnly: true })
  const request = into(`fits_${name}`, 'latest')
  const { refusals } = await engine.restores.plan(id, request)
  expect(refusals.map(({ text }) => text).join()).toMatch(message)
  if (!override) return
  const plan = await engine.restores.plan(id, { ...request, overrides: [override] })
  expect(plan.refusals).toEqual([])
  await engine.restores.run(id, { ...request, overrides: [override], confirm: plan.hash })
  expect(await cluster.sql(`fits_${name}`, 'SELECT count(*)::int AS rows FROM orders')).toEqual([{ rows: 40 }])
})

test('constraints of the definitions hold for the rows: else nothing is made', async () => {
  const broken = await dump('broken', `${foreign} UPDATE orders SET note = 'refused' WHERE id = 7`)
  const { id } = await engine.backups.import({ file: broken })
  await engine.backups.trust(id, { reason: 'its rows', dataOnly: true })
  await expect(engine.restores.run(id, { ...into('never', 'latest'), confirm: true })).rejects.toThrow(/noted/)
  expect(await cluster.sql('postgres', `SELECT 1 FROM pg_database WHERE datname = 'never'`)).toEqual([])
})

test('by the command: trusted with --data-only, restored with --schema-from', async () => {
  const env = { DATABASE_URL: cluster.url('shop'), LIFEBOAT_REPOSITORY: join(folder, 'by-command') }
  const command = async (...args: string[]) => {
    const done = await runCli(args, { env: { ...env, LIFEBOAT_PASSPHRASE: 'x' } })
    expect([done.code, done.stderr]).toEqual([0, expect.anything()])
    return done.stdout
  }
  await command('init')
  await command('backup')
  await command('import', file)
  await command('trust', '2', '--data-only', '--reason', 'its rows')
  expect(await command('show', '2')).toContain('data')
  await command(
    'restore',
    '2',
    '--schema-from',
    '1',
    '--strategy',
    'new-database',
    '--target-database',
    'commanded',
    '--yes',
  )
  expect(await cluster.sql('commanded', 'SELECT count(*)::int AS rows FROM orders')).toEqual([{ rows: 40 }])
})
