import { expect, test } from 'vitest'
import { listVerifications } from '../repository/documents/verifications.ts'
import { listPacks } from '../repository/index/load-index.ts'
import { packObjectName } from '../repository/layout.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { checkRepository } from './check.ts'
import { condemnBackups } from './condemn-backups.ts'
import { addSampleBackup, initSampleRepository, sampleRows } from './sample-backups.ts'

test('a backup whose pack is gone counts as good no more; one beside it does', async () => {
  const repository = await initSampleRepository(createMemoryStorage())
  const first = await addSampleBackup(repository, { a: sampleRows(9_000) })
  const before = new Set((await listPacks(repository)).keys())
  const second = await addSampleBackup(repository, { b: sampleRows(9_000) })
  const [own = ''] = [...(await listPacks(repository)).keys()].filter((pack) => !before.has(pack))
  await repository.storage.delete(packObjectName(own))

  const { problems } = await checkRepository(repository)
  expect(await condemnBackups(repository, problems)).toEqual([second])
  expect(await listVerifications(repository, first)).toEqual([])
  const [record] = await listVerifications(repository, second)
  expect(record).toMatchObject({ level: 'checksums', ok: false })
  expect(record?.problems.join()).toContain(own)
})
