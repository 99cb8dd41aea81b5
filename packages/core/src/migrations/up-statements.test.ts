import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dbmate } from './presets/dbmate.ts'
import { goose } from './presets/goose.ts'
import { whatStays } from './up-statements.ts'

test.each([
  ['ALTER TABLE a ADD COLUMN b int; CREATE INDEX i ON a (b); CREATE TABLE c ()', []],
  ['ALTER TABLE a DROP CONSTRAINT b; ALTER TABLE a ALTER c DROP DEFAULT; DROP INDEX i; DROP VIEW v', []],
  ['ALTER TABLE a DROP COLUMN b', ['it drops what no down step fills again: ALTER TABLE a DROP COLUMN b']],
  ['DROP TABLE a; drop schema b', ['it drops what no down step fills again: DROP TABLE a, and 1 more']],
  ["UPDATE a SET b = 'DROP TABLE a'", ['it changes or removes rows: UPDATE a SET b = …']],
  ['ALTER TABLE a ALTER COLUMN b TYPE bigint', [expect.stringContaining('another type')]],
  ["ALTER TYPE mood ADD VALUE 'sad'", [expect.stringContaining('cannot remove')]],
  ['CREATE INDEX CONCURRENTLY i ON a (b)', [expect.stringContaining('leaves the transaction')]],
  ['-- DROP TABLE a', []],
])('%s', (sql, expected) => {
  expect(whatStays(sql)).toEqual(expected)
})

test('files of dbmate and goose: the way there alone, and that they ask for no transaction', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-up-'))
  await writeFile(
    join(folder, '1_a.sql'),
    '-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nDROP TABLE a;\n',
  )
  await writeFile(
    join(folder, '2_a.sql'),
    '-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE a;\n',
  )
  const [ofDbmate, ofGoose] = [await dbmate.upStep?.(folder, '1'), await goose.upStep?.(folder, '2')]
  for (const sql of [ofDbmate, ofGoose])
    expect(whatStays(sql ?? '')).toEqual([expect.stringContaining('no transaction')])
  expect(await goose.downStep?.(folder, '2')).toBe('DROP TABLE a;\n')
  expect(await dbmate.upStep?.(folder, '7')).toBeNull()
  await rm(folder, { recursive: true })
})
