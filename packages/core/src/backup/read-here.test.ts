import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copySource, openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('many')
  await cluster.sql(
    'many',
    `DO $$ BEGIN FOR n IN 1..200 LOOP
       EXECUTE format('CREATE TABLE small_%s (id int PRIMARY KEY, name text UNIQUE)', n);
       EXECUTE format('INSERT INTO small_%s SELECT i, ''row '' || i FROM generate_series(1, %s) i', n, n % 5);
     END LOOP; END $$;
     CREATE TABLE no_columns ();
     INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
     CREATE TABLE larger AS SELECT i, repeat(md5(i::text), 3) AS body FROM generate_series(1, 9000) i`,
  )
  await cluster.sql('many', 'VACUUM (ANALYZE)')
})
afterAll(() => cluster?.stop())

/** Sessions that there were in the database, as the server counts them. */
async function sessions(): Promise<number> {
  const [row] = await cluster.sql<{ sessions: number }>(
    'postgres',
    `SELECT sessions::int FROM pg_stat_database WHERE datname = 'many'`,
  )
  return row!.sessions
}

test('many small tables are read by the session of the snapshot: no thread connects', async () => {
  const context = await testContext(cluster.socketUrl('many'))
  const before = await sessions()
  const { manifest } = await runBackup(context, testOptions())
  // Control, snapshot, watch of locks, pg_dump.
  await expect.poll(sessions).toBeGreaterThanOrEqual(before + 4)
  expect(await sessions()).toBe(before + 4)

  const backup = await openBackup(context.repository, manifest)
  expect([...backup.tables.keys()].filter((name) => name.startsWith('public.'))).toHaveLength(202)
  for (const name of ['small_1', 'small_5', 'small_64', 'small_65', 'small_199', 'larger']) {
    const source = await copySource(cluster.url('many'), `COPY public.${name} TO STDOUT`)
    expect(await backup.rows(`public.${name}`), name).toEqual(source)
    expect(backup.tables.get(`public.${name}`)?.bytes).toBe(source.length)
  }
  const rows = [...backup.tables].map(([name, { rows }]) => [name, rows] as const)
  for (const [name, count] of rows.filter(([name]) => name.startsWith('public.small_')))
    expect(count, name).toBe(Number(name.slice('public.small_'.length)) % 5)
  expect(backup.tables.get('public.no_columns')?.rows).toBe(2)
})
