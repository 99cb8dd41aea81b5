import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copySource, openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

test('nothing changed: everything is taken over, no thread is started, next to nothing is stored', async () => {
  const url = await cluster.createDatabase('unchanged')
  await cluster.sql(
    'unchanged',
    `CREATE TABLE big (id int PRIMARY KEY, note text);
     INSERT INTO big SELECT i, repeat(md5(i::text), 6) FROM generate_series(1, 10000) i;
     CREATE TABLE small (v text); INSERT INTO small VALUES ('one');
     CREATE TABLE empty (v text);
     SELECT lo_from_bytea(0, convert_to(repeat('large ' || i, 2000), 'UTF8')) FROM generate_series(1, 20) i`,
  )
  const context = await testContext(url, { changeDetection: { sampleShare: 0 } })
  const first = await runBackup(context, testOptions({ type: 'incremental' }))
  expect(first.manifest).toMatchObject({ type: 'full', base: null, change: { reason: 'the first backup' } })

  const events: EngineEvent[] = []
  const second = await runBackup(context, testOptions({ type: 'incremental', report: (event) => events.push(event) }))
  expect(second.manifest).toMatchObject({
    type: 'incremental',
    base: first.manifest.id,
    change: { reason: `compared with backup ${first.manifest.number}`, bytes_read: 0, segments_read: 0 },
    row_count: 10_001,
  })
  expect(second.manifest.logical_bytes).toBe(first.manifest.logical_bytes)
  const opened = await openBackup(context.repository, second.manifest)
  expect([...opened.tables.values()].map(({ change }) => change?.reason)).toEqual([
    'unchanged',
    'unchanged',
    'unchanged',
  ])
  expect((await opened.rows('public.big')).equals(await copySource(url, 'COPY public.big TO STDOUT'))).toBe(true)
  const third = await runBackup(context, testOptions({ type: 'incremental' }))

  await cluster.sql('unchanged', `UPDATE big SET note = 'new' WHERE id = 5000; INSERT INTO small VALUES ('two')`)
  const fourth = await runBackup(context, testOptions({ type: 'incremental' }))
  const changed = await openBackup(context.repository, fourth.manifest)
  expect((await changed.rows('public.big')).equals(await copySource(url, 'COPY public.big TO STDOUT'))).toBe(true)
})
