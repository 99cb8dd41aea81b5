import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBackup, testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { randomFrom } from '../faults/random.ts'
import { startWorkload } from './workload.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

test('whole backups: an incremental one holds what a full one holds that is made right after it', async () => {
  const url = await cluster.createDatabase('whole')
  const context = await testContext(url, {
    resources: { segmentBlocks: 2 },
    changeDetection: { sampleShare: 0.1 },
  })
  const workload = await startWorkload(url, randomFrom(77))
  const types: string[] = []
  let takenOver = 0
  try {
    for (let round = 0; round < 5; round++) {
      const { manifest } = await runBackup(context, testOptions({ type: round === 3 ? 'differential' : 'incremental' }))
      const full = await runBackup(context, testOptions({ type: 'full' }))
      types.push(manifest.type)
      takenOver += manifest.change!.segments - manifest.change!.segments_read
      const [ours, theirs] = [
        await openBackup(context.repository, manifest),
        await openBackup(context.repository, full.manifest),
      ]
      expect([...ours.tables.keys()]).toEqual([...theirs.tables.keys()])
      for (const name of theirs.tables.keys())
        expect((await ours.rows(name)).equals(await theirs.rows(name)), `round ${round}: ${name}`).toBe(true)
      expect(manifest.row_count).toBe(full.manifest.row_count)
      expect(manifest.streams.schema).toEqual(full.manifest.streams.schema)
      await workload.round()
    }
  } finally {
    await workload.end()
  }
  expect(types).toEqual(['full', 'incremental', 'incremental', 'differential', 'incremental'])
  expect(takenOver).toBeGreaterThan(20)
})
