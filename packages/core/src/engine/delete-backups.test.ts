import { beforeEach, expect, test } from 'vitest'
import { insideOf } from '../actions/inside.ts'
import { type BackupEngine, createBackupEngine } from '../engine.ts'
import { newBackupId } from '../repository/documents/backup-id.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { setPin } from '../repository/documents/pins.ts'
import { emptyStream, sampleManifest } from '../repository/documents/sample-manifest.ts'
import { putDocument } from '../repository/documents/sealed-document.ts'
import { initRepository } from '../repository/init.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type StorageStatistics, withStatistics } from '../storage/statistics.ts'

const streams = { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
const count = 450
let engine: BackupEngine
let repository: Repository
let statistics: StorageStatistics
let ids: string[]

beforeEach(async () => {
  const counted = withStatistics(createMemoryStorage())
  statistics = counted.statistics
  repository = await initRepository(counted.storage, { rawKey: Buffer.alloc(32, 7) })
  ids = Array.from({ length: count }, newBackupId)
  for (const [at, id] of ids.entries())
    await putDocument(repository, manifestName(id), sampleManifest(id, streams, { number: at + 1, database: 'app' }))
  engine = createBackupEngine({
    database: 'postgresql://nobody@127.0.0.1:1/app',
    repository: counted.storage,
    encryption: { rawKey: '07'.repeat(32) },
    catalog: ':memory:',
  })
})

test('many backups are deleted with a look at the list for hundreds of them, not for each', async () => {
  const lists = statistics.lists
  const deleted: number[] = []
  await insideOf(engine).ground.backups.deleteAll(ids.slice(0, -1), { onDeleted: ({ number }) => deleted.push(number) })
  expect(deleted.sort((a, b) => a - b)).toEqual(Array.from({ length: count - 1 }, (_, at) => at + 1))
  expect((await engine.backups.list()).backups.map(({ number }) => number)).toEqual([count])
  // One for the verifications of each backup, and a few for each look.
  expect(statistics.lists - lists).toBeLessThan(count + 40)
  expect(await insideOf(engine).ground.backups.deleteAll(ids.slice(0, 3))).toEqual([])
  await engine.stop()
})

test('what must stay stays: a pinned backup, and something good of each database', async () => {
  await setPin(repository, ids[300] as string, true)
  await expect(insideOf(engine).ground.backups.deleteAll(ids)).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
  expect((await engine.backups.list()).backups).toHaveLength(count)
  await expect(insideOf(engine).ground.backups.deleteAll(ids.slice(0, -1))).rejects.toMatchObject({
    code: 'BACKUP_PINNED',
  })
  const left = (await engine.backups.list()).backups.map(({ id }) => id)
  expect(left).toContain(ids[300])
  expect(left).toContain(ids.at(-1))
  await engine.stop()
})
