import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readStoredBackups } from '../../engine/stored-backups.ts'
import { backupSummary } from '../../engine/summary.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import { initRepository } from '../init.ts'
import { annotate, annotationName } from './annotations.ts'
import { newBackupId } from './backup-id.ts'
import type { StreamRef } from './documents.ts'
import { deleteManifest, manifestName } from './manifests.ts'
import { sampleManifest } from './sample-manifest.ts'
import { putDocument } from './sealed-document.ts'

async function newStore() {
  const storage = createMemoryStorage()
  const repository = await initRepository(storage, { rawKey: randomBytes(32) })
  const id = newBackupId()
  const ref: StreamRef = { bytes: 0, level: 0, ids: [] }
  const streams = { schema: ref, tables: ref, sequences: ref, large_objects: ref }
  const made = { name: 'nightly', description: 'As every night.', tags: { release: '1.0' } }
  await putDocument(repository, manifestName(id), sampleManifest(id, streams, made))
  const listed = async () => {
    const { backups, unreadable } = await readStoredBackups(repository)
    const [backup] = backups
    if (!backup) throw new Error('The backup is not listed.')
    const { name, description, tags, checksum } = backupSummary(backup)
    return { said: { name, description, tags }, checksum, readable: backup.readable, unreadable }
  }
  return { repository, storage, id, made, listed }
}

test('an annotation stands in place of what the manifest says, part by part, and the manifest stays as it is', async () => {
  const { repository, id, made, listed } = await newStore()
  const { checksum } = await listed()
  await annotate(repository, id, { name: 'before 2.0' }, 'ann')
  expect((await listed()).said).toEqual({ ...made, name: 'before 2.0' })
  await annotate(repository, id, { tags: {}, description: '' }, 'ann')
  expect(await listed()).toMatchObject({ said: { name: 'before 2.0', description: '', tags: {} }, checksum })
})

test('an annotation that cannot be read is reported and keeps nothing from going on', async () => {
  const { repository, storage, id, made, listed } = await newStore()
  await annotate(repository, id, { name: 'before 2.0' }, 'ann')
  await storage.put(annotationName(id), Buffer.from('not sealed'))
  expect(await listed()).toMatchObject({ said: made, readable: true, unreadable: [{ object: annotationName(id) }] })
  await annotate(repository, id, { name: 'a new one' }, 'ann')
  expect(await listed()).toMatchObject({ said: { ...made, name: 'a new one' }, unreadable: [] })
})

test('an annotation goes with its backup', async () => {
  const { repository, storage, id } = await newStore()
  await annotate(repository, id, { name: 'before 2.0' }, 'ann')
  await deleteManifest(repository, id)
  expect(await storage.stat(annotationName(id))).toBeNull()
})
