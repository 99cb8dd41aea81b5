import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixtureKey } from './fixture.ts'

/** Repositories that released formats wrote, as they were committed: every later version reads them, and goes on in them. */
const formats = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter((name) => /^format-\d+$/.test(name))

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('fixture')
  folder = mkdtempSync(join(tmpdir(), 'lifeboat-formats-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

test('there is one for the first format', () => expect(formats).toContain('format-1'))

test.each(formats)('%s is opened, checked, verified, restored, and added to', async (format) => {
  const repository = join(folder, format)
  cpSync(fileURLToPath(new URL(format, import.meta.url)), repository, { recursive: true })
  const engine = createBackupEngine({
    database: cluster.url('fixture'),
    repository,
    encryption: { rawKey: fixtureKey },
    appName: 'fixture',
  })
  const { backups, damaged } = await engine.backups.list()
  expect(damaged).toEqual([])
  expect(
    backups.map(({ number, name, type, row_count, pinned }) => ({ number, name, type, row_count, pinned })),
  ).toEqual([
    { number: 2, name: 'second', type: 'incremental', row_count: 404, pinned: true },
    { number: 1, name: 'first', type: 'full', row_count: 403, pinned: false },
  ])
  expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
  for (const { id } of backups)
    expect(await engine.backups.verify(id, { levels: ['checksums', 'structure'] })).toMatchObject({ ok: true })
  expect((await engine.backups.details('2')).tables).toMatchObject([
    { table: 'public.many', rows: 400, change: { reason: 'unchanged' } },
    { table: 'public.notes', rows: 4, change: { reason: '1 of 1 segment' } },
  ])

  for (const [backup, notes] of [
    ['1', '1 one ok|2 tab\there sad|3  '],
    ['2', '1 one ok|2 tab\there sad|3  |4 later ok'],
  ] as const) {
    const database = `restored_${format.replace('-', '_')}_${backup}`
    await engine.restores.run(backup, {
      strategy: 'new-database',
      targetDatabase: database,
      confirm: true,
      intoOther: true,
    })
    const [row] = await cluster.sql(
      database,
      `SELECT string_agg(concat(id, ' ', body, ' ', m), '|' ORDER BY id) AS notes,
         (SELECT sum(id * n)::int FROM many) AS many, (SELECT last_value::int FROM counter) AS counter,
         convert_from(lo_get(4711), 'UTF8') AS object, obj_description('notes'::regclass) AS comment FROM notes`,
    )
    expect(row).toEqual({
      notes,
      many: 481_615,
      counter: 41,
      object: 'large object',
      comment: 'Read by every later version',
    })
  }

  const next = await engine.backups.create({ name: 'by a later version' })
  expect(next).toMatchObject({ number: 3, type: 'full' })
  expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
  await engine.stop()
})
