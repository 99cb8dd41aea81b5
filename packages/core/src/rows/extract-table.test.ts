import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { extractTable } from './extract-table.ts'
import { rewindFixture } from './rewind/rewind-fixture.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)

test('one table of a backup, or some of its rows, in a schema of its own; all of it or nothing', async () => {
  const { context, backup, contents } = await prepared(
    'extract',
    `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE "Or""ders" (id int PRIMARY KEY, total numeric(9,2), m mood[], twice int GENERATED ALWAYS AS (id * 2) STORED);
     INSERT INTO "Or""ders" SELECT i, i * 1.1, '{ok,sad}' FROM generate_series(1, 3000) i; CREATE TABLE gone (a text); INSERT INTO gone VALUES (E'a\\tb')`,
  )
  const backupId = await backup()
  await cluster.sql('extract', 'DROP TABLE gone; UPDATE "Or""ders" SET total = 0')
  const before = await contents()
  const refused = async (request: { table?: string; into?: string; where?: string }) => {
    const asked = { backupId, table: 'Or"ders', into: 'other', ...request }
    const error = await extractTable(context, asked).catch((thrown: unknown) => thrown)
    return isEngineError(error) ? error.code : error
  }
  expect(await refused({ table: 'nothing' })).toBe('CONFIG_INVALID')
  expect(await refused({ where: 'true) OR (nonsense' })).toBe('DATABASE_ERROR')
  expect(await refused({ where: 'true) IS NULL; DROP TABLE "Or""ders"; SELECT (true' })).toBe('DATABASE_ERROR')
  expect(await contents()).toEqual(before)

  expect(await extractTable(context, { backupId, table: 'gone', into: 'was 1' })).toEqual({
    table: 'was 1.gone',
    rows: 1,
    of: 1,
  })
  const some = { backupId, table: 'public.Or"ders', into: 'was 1', where: "id in (7, 8) AND 'ok' = ANY (m) -- these" }
  expect(await extractTable(context, some)).toEqual({ table: 'was 1.Or"ders', rows: 2, of: 3000 })
  expect(await cluster.sql('extract', 'SELECT a FROM "was 1".gone')).toEqual([{ a: 'a\tb' }])
  expect(await cluster.sql('extract', 'SELECT id, total FROM "was 1"."Or""ders" ORDER BY id')).toEqual([
    { id: 7, total: '7.70' },
    { id: 8, total: '8.80' },
  ])
  expect(await refused({ into: 'was 1' })).toBe('DATABASE_ERROR')
})
