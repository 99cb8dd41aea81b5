import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { max_locks_per_transaction: '10', max_connections: '10' } })
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE sessions (id int); CREATE SCHEMA audit; CREATE TABLE audit.log (id int)')
})
afterAll(() => cluster?.stop())

test.each([
  [{ tables: ['public.sesions'] }, /table "public\.sesions" \(did you mean "public\.sessions"\?\)/],
  [{ rows: ['log'] }, /table "log" \(did you mean "audit\.log"\?\)/],
  [{ schemas: ['audti'] }, /schema "audti" \(did you mean "audit"\?\)/],
  [{ tables: ['public.nothing_like_it'] }, /table "public\.nothing_like_it"[;.]/],
])('a misspelled exclusion is refused with the nearest name: %j', async (exclude, message) => {
  const context = await testContext(cluster.url('shop'))
  const options = testOptions({ exclude: { tables: [], schemas: [], rows: [], ...exclude } })
  await expect(runBackup(context, options)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

test('names that are there, and patterns that match nothing, are taken', async () => {
  const context = await testContext(cluster.url('shop'))
  const exclude = { tables: ['sessions', 'tmp_*'], schemas: ['audit'], rows: [] }
  await runBackup(context, testOptions({ exclude }))
})

test('a lock table that is too small is refused with the value it needs', async () => {
  await cluster.createDatabase('many')
  for (let part = 0; part < 20; part++)
    await cluster.sql(
      'many',
      `DO $$BEGIN FOR i IN 1..50 LOOP EXECUTE format('CREATE TABLE t${part}_%s (id int)', i); END LOOP; END$$`,
    )
  const context = await testContext(cluster.url('many'))
  await expect(runBackup(context, testOptions())).rejects.toMatchObject({
    code: 'DATABASE_BUSY',
    advice: expect.stringMatching(/^Set max_locks_per_transaction to \d+ \(now 10\) and restart/),
  })
})
