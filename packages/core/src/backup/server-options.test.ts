import { afterAll, beforeAll, expect, test } from 'vitest'
import { withoutServerOptions } from '../postgres/archive/server-options.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

test('options that a server keeps with columns leave an unchanged schema equal, and are not restored', async () => {
  await cluster.createDatabase('kept')
  await cluster.sql('kept', 'CREATE TABLE a (b int, c int); ALTER TABLE a ALTER b SET (n_distinct = 5)')
  const context = await testContext(cluster.url('kept'))
  const schemas: string[] = []
  for (const version of [1, 2]) {
    // As servers that keep pg_attver have it in their catalog.
    await cluster.sql(
      'kept',
      `UPDATE pg_attribute SET attoptions = (CASE attname WHEN 'b' THEN '{n_distinct=5,pg_attver=${version}}' ELSE '{pg_attver=${version}}' END)::text[]
       WHERE attrelid = 'a'::regclass AND attname IN ('b', 'c')`,
    )
    const { manifest } = await runBackup(context, testOptions())
    const { reader } = await openBackup(context.repository, manifest)
    schemas.push((await reader.readBytes(manifest.streams.schema)).toString('latin1'))
  }
  expect(schemas[0]).toBe(schemas[1])
  expect(schemas[0]).not.toContain('pg_attver')
  expect(schemas[0]).toContain('SET (n_distinct=5)')
})

test.each([
  ['ALTER TABLE ONLY public.a ALTER COLUMN b SET (pg_attver=3);\n', ''],
  [
    'ALTER TABLE ONLY public.a ALTER COLUMN b SET (pg_attver=3, n_distinct=5);\n',
    'ALTER TABLE ONLY public.a ALTER COLUMN b SET (n_distinct=5);\n',
  ],
  ["SELECT 'ALTER pg_attver=3';\n", "SELECT 'ALTER pg_attver=3';\n"],
])('%j becomes %j', (definition, expected) => {
  expect(withoutServerOptions(definition)).toBe(expected)
})
