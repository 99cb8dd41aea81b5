import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copySource, openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
const owner = { name: 'app owner', password: "it's secret" }
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql('postgres', `CREATE ROLE "app owner" LOGIN PASSWORD 'it''s secret'`)
})
afterAll(() => cluster?.stop())

test('the owner, not a superuser, backs up everything: large objects without reading pg_largeobject', async () => {
  await cluster.createDatabase('owned', { owner: owner.name })
  const url = cluster.url('owned', owner)
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`
    CREATE SCHEMA s; CREATE TABLE s.t AS SELECT i FROM generate_series(1, 5000) i; CREATE TABLE s.u (id serial);
    SELECT lo_from_bytea(41, convert_to(repeat('abc', 3000), 'UTF8')), lo_from_bytea(43, ''), lo_from_bytea(42, '\\x00ff')`)
  await client.end()
  const context = await testContext(url)
  const { manifest } = await runBackup(context, testOptions())
  const backup = await openBackup(context.repository, manifest)
  expect((await backup.rows('s.t')).equals(await copySource(url, 'COPY s.t TO STDOUT'))).toBe(true)
  // The superuser may look into the catalog itself.
  const pages = await copySource(
    cluster.url('owned'),
    'COPY (SELECT loid, pageno, data FROM pg_largeobject ORDER BY 1, 2) TO STDOUT',
  )
  expect((await backup.largeObjectPages()).toString()).toBe(pages.toString())
  expect(manifest.large_object_count).toBe(3)
  // It could make the schema of the marker, which the next backup leaves out.
  expect(manifest.snapshot.marker).toMatch(/^[0-9a-f]{32}$/)
  const again = await runBackup(context, testOptions())
  expect([...(await openBackup(context.repository, again.manifest)).tables.keys()]).toEqual(['s.t', 's.u'])
})

test('row security that would hide rows from the role is refused before anything is read', async () => {
  await cluster.createDatabase('secured', { owner: owner.name })
  await cluster.sql(
    'secured',
    `SET ROLE "app owner"; CREATE SCHEMA s; CREATE TABLE s.t (i int); INSERT INTO s.t VALUES (1), (2);
     ALTER TABLE s.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON s.t USING (i = 1)`,
  )
  // The owner is not held back by its policies ...
  const context = await testContext(cluster.url('secured', owner))
  expect((await runBackup(context, testOptions())).manifest.row_count).toBe(2)
  // ... unless they are forced on it.
  await cluster.sql('secured', 'ALTER TABLE s.t FORCE ROW LEVEL SECURITY')
  await expect(runBackup(context, testOptions())).rejects.toMatchObject({
    code: 'ROW_SECURITY',
    message: expect.stringContaining('s.t'),
  })
  expect((await Array.fromAsync(context.repository.storage.list('backups/'))).length).toBe(1)
  expect((await runBackup(await testContext(cluster.url('secured')), testOptions())).manifest.row_count).toBe(2)
})

test('a role that may only read gets a backup without a marker', async () => {
  await cluster.createDatabase('readable')
  await cluster.sql('readable', `CREATE TABLE t AS SELECT 1 AS i; GRANT pg_read_all_data TO "app owner"`)
  const context = await testContext(cluster.url('readable', owner))
  const { manifest } = await runBackup(context, testOptions())
  expect(manifest.snapshot.marker).toBeNull()
  expect(manifest.row_count).toBe(1)
  await cluster.sql('readable', `REVOKE pg_read_all_data FROM "app owner"`)
  await expect(runBackup(context, testOptions())).rejects.toMatchObject({ code: 'DATABASE_RIGHTS' })
})

test('3,000 small tables', async () => {
  await cluster.createDatabase('many')
  await cluster.sql(
    'many',
    `DO $$ BEGIN FOR i IN 1..3000 LOOP
       EXECUTE format('CREATE TABLE t%s AS SELECT %s AS i', i, i);
     END LOOP; END $$`,
  )
  const context = await testContext(cluster.url('many'), { resources: { packBytes: 16 << 20 } })
  const { manifest } = await runBackup(context, testOptions())
  expect(manifest).toMatchObject({ table_count: 3000, row_count: 3000 })
  const backup = await openBackup(context.repository, manifest)
  expect((await backup.rows('public.t2999')).toString()).toBe('2999\n')
  expect(backup.tables.size).toBe(3000)
  // 3,000 rows of one byte or two: lists and rows share a few packs, each chunk its overhead of some 80 bytes.
  expect(manifest.stored_bytes).toBeLessThan(2_000_000)
})

/** A value of half a GB takes as long as ten backups. */
test.runIf(process.env.LIFEBOAT_LONG === '1')(
  'a value that COPY text cannot carry names its table and row, and nothing is left visible',
  async () => {
    await cluster.createDatabase('huge')
    await cluster.sql(
      'huge',
      `CREATE TABLE files (id int PRIMARY KEY, name text, data bytea);
     INSERT INTO files VALUES (1, 'small', 'x'), (7, 'huge', convert_to(repeat('x', 540000000), 'UTF8')), (9, 'small', 'y')`,
    )
    const context = await testContext(cluster.url('huge'))
    await expect(runBackup(context, testOptions())).rejects.toMatchObject({
      code: 'ROW_NOT_REPRESENTABLE',
      detail: { table: 'public.files', row: 'ctid (0,2), id = 7' },
    })
    expect(await Array.fromAsync(context.repository.storage.list('backups/'))).toEqual([])
    const { manifest } = await runBackup(
      context,
      testOptions({ exclude: { tables: [], schemas: [], rows: ['public.files'] } }),
    )
    expect(manifest.row_count).toBe(0)
  },
)
