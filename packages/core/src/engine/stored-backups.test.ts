import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { newBackupId } from '../repository/documents/backup-id.ts'
import type { StreamRef } from '../repository/documents/documents.ts'
import { deleteManifest, manifestName } from '../repository/documents/manifests.ts'
import { sampleManifest } from '../repository/documents/sample-manifest.ts'
import { putDocument } from '../repository/documents/sealed-document.ts'
import { recordVerification } from '../repository/documents/verifications.ts'
import { initRepository } from '../repository/init.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { readStoredBackups } from './stored-backups.ts'

async function newRepository(backups: number): Promise<{ repository: Repository; ids: string[]; reads: string[] }> {
  const storage = createMemoryStorage()
  const repository = await initRepository(storage, { rawKey: randomBytes(32) })
  const ids = Array.from({ length: backups }, newBackupId)
  for (const [index, id] of ids.entries()) await store(repository, id, { number: index + 1 })
  const reads: string[] = []
  const counted = {
    ...storage,
    get: (...args: Parameters<typeof storage.get>) => {
      reads.push(args[0])
      return storage.get(...args)
    },
  }
  return { repository: { ...repository, storage: counted }, ids, reads }
}

async function store(repository: Repository, id: string, changes: Parameters<typeof sampleManifest>[2]) {
  const ref: StreamRef = { bytes: 0, level: 0, ids: [] }
  const streams = { schema: ref, tables: ref, sequences: ref, large_objects: ref }
  await putDocument(repository, manifestName(id), sampleManifest(id, streams, changes))
}

test('a manifest and a verification are read once, however often they are listed', async () => {
  const { repository, ids, reads } = await newRepository(5)
  await recordVerification(repository, {
    backup: ids[0] as string,
    level: 'manifest',
    at: '2026-01-02T00:00:00Z',
    ok: true,
  })
  const first = await readStoredBackups(repository)
  expect(first.damaged).toEqual([])
  expect(first.backups).toHaveLength(5)
  const read = reads.length
  expect(read).toBeGreaterThanOrEqual(6)
  for (let n = 0; n < 3; n++) expect(await readStoredBackups(repository)).toEqual(first)
  expect(reads).toHaveLength(read)
  await readStoredBackups(repository, undefined, { fresh: true })
  expect(reads.length).toBeGreaterThanOrEqual(2 * 6)
})

test('what is deleted is gone at once, what is new is there at once, what is damaged later is seen', async () => {
  const { repository, ids } = await newRepository(3)
  await readStoredBackups(repository)
  const added = newBackupId()
  await store(repository, added, { number: 9 })
  await deleteManifest(repository, ids[0] as string)
  const damaged = manifestName(ids[1] as string)
  const data = await repository.storage.get(damaged)
  await repository.storage.delete(damaged)
  await repository.storage.put(damaged, data.subarray(0, data.length - 1))
  const { backups, damaged: found } = await readStoredBackups(repository)
  expect(backups.map(({ manifest }) => manifest.id).sort()).toEqual([ids[2], added].sort())
  expect(found.map(({ id }) => id)).toEqual([ids[1]])
})
