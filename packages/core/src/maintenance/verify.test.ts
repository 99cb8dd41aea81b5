import { beforeEach, expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { type OpenedManifest, readManifest } from '../repository/documents/manifests.ts'
import { setPin } from '../repository/documents/pins.ts'
import { listVerifications } from '../repository/documents/verifications.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { createRepositoryWriter } from '../repository/repository-writer.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { forgetBackup } from './forget.ts'
import { addSampleBackup, initSampleRepository, sampleRows } from './sample-backups.ts'
import { type VerifyBackupOptions, verifyBackup } from './verify.ts'

let storage: Storage
let repository: Repository
let backup: OpenedManifest
beforeEach(async () => {
  storage = createMemoryStorage()
  repository = await initSampleRepository(storage)
  backup = await readManifest(
    repository,
    await addSampleBackup(repository, { a: sampleRows(3_000), b: sampleRows(10) }),
  )
})
const verify = (level: VerifyBackupOptions['level'], options: Partial<VerifyBackupOptions> = {}) =>
  verifyBackup(repository, backup, { level, restore: async () => {}, ...options })

test('a good backup is good on each level, and the outcome is kept beside it', async () => {
  for (const level of ['manifest', 'checksums', 'structure', 'restore'] as const)
    expect(await verify(level)).toMatchObject({ backup: backup.manifest.id, level, ok: true, problems: [] })
  await verify('manifest', { record: false })
  const records = await listVerifications(repository, backup.manifest.id)
  expect(records.map(({ level, ok, checksum }) => ({ level, ok, checksum }))).toHaveLength(4)
  for (const { ok, checksum } of records) expect({ ok, checksum }).toEqual({ ok: true, checksum: backup.checksum })
})

test('a manifest that is gone, damaged or another one fails on every level', async () => {
  const name = `backups/${backup.manifest.id}`
  const whole = await storage.get(name)
  const other = await addSampleBackup(repository, { a: sampleRows(10) })
  for (const harm of [
    () => storage.delete(name),
    () => storage.put(name, whole.subarray(0, 40)),
    async () => storage.put(name, await storage.get(`backups/${other}`)),
  ]) {
    await harm()
    for (const level of ['manifest', 'checksums', 'structure', 'restore'] as const) {
      const { ok, problems } = await verify(level)
      expect(ok).toBe(false)
      expect(problems).toHaveLength(1)
    }
    await storage.put(name, whole)
  }
})

test('any flipped byte in a pack it needs fails the checksums', async () => {
  for await (const { name } of storage.list('packs/')) {
    const whole = await storage.get(name)
    for (let place = 0; place < whole.length; place += 97) {
      const flipped = Buffer.from(whole)
      flipped[place] = (flipped[place] ?? 0) ^ 1
      await storage.put(name, flipped)
      const { ok } = await verify('checksums', { record: false })
      // Header, table and trailer hold nothing of the backup itself: the chunks are all still good.
      const chunks = (await loadChunkIndex(repository, { checkPacks: false })).packTable(name.slice(9))?.chunks ?? []
      const inChunk = chunks.some(({ offset, storedBytes }) => place >= offset && place < offset + storedBytes)
      expect(ok, `${name} byte ${place}`).toBe(!inChunk)
    }
    await storage.put(name, whole)
  }
})

test('a pack that is gone fails the checksums', async () => {
  for await (const { name } of storage.list('packs/')) {
    const whole = await storage.get(name)
    await storage.delete(name)
    expect(await verify('checksums')).toMatchObject({ ok: false })
    await storage.put(name, whole)
  }
})

test('lists that do not add up fail the structure', async () => {
  const claims: Partial<OpenedManifest['manifest']>[] = [
    { table_count: 3 },
    { row_count: 1 },
    { large_object_count: 1 },
    { media_size: 5 },
    {
      large_object_segments: [
        { start: 0, end: null, blocks: 0, rows: 0, bytes: 0, chunks: [] },
        { start: 9, end: null, blocks: 0, rows: 0, bytes: 0, chunks: [] },
      ],
    },
    { large_object_segments: [{ start: 0, end: null, blocks: 0, rows: 0, bytes: 7, chunks: [] }] },
    { streams: { ...backup.manifest.streams, schema: { bytes: 0, level: 0, ids: [] } } },
  ]
  for (const claim of claims) {
    await forgetBackup(repository, backup.manifest.id)
    const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
    const manifest = { ...backup.manifest, ...claim }
    const { checksum } = await writer.commit(manifest)
    const report = await verifyBackup(repository, { manifest, checksum }, { level: 'structure' })
    expect(report.ok, JSON.stringify(claim)).toBe(false)
  }
})

test('what the injected steps find counts; what keeps them from finding out is thrown', async () => {
  const refuse =
    (code: 'CLIENT_TOOL_FAILED' | 'ROW_COUNT_MISMATCH' | 'ABORTED' | 'DATABASE_UNREACHABLE') => async () => {
      throw new EngineError(code, 'No.')
    }
  expect(await verify('restore', { restore: refuse('ROW_COUNT_MISMATCH') })).toMatchObject({
    ok: false,
    problems: ['No.'],
  })
  for (const code of ['ABORTED', 'DATABASE_UNREACHABLE'] as const)
    await expect(verify('restore', { restore: refuse(code) })).rejects.toMatchObject({ code })
  const records = await listVerifications(repository)
  expect(records.map(({ ok, unknown = false, problems }) => ({ ok, unknown, problems }))).toEqual([
    { ok: false, unknown: false, problems: ['No.'] },
    { ok: false, unknown: true, problems: ['No.'] },
    { ok: false, unknown: true, problems: ['No.'] },
  ])
  const listed: Buffer[] = []
  await verify('structure', { listArchive: async (archive) => void listed.push(archive) })
  expect(String(listed[0]?.subarray(0, 5))).toBe('PGDMP')
  expect(await verify('structure', { listArchive: refuse('CLIENT_TOOL_FAILED') })).toMatchObject({ ok: false })
})

test.each(['08006', '0A000', '40P01', '42501', '53100', '53200', '53300', '53400', '55P03', '57014', '58030', 'XX000'])(
  'a restore that ended with %s says nothing about the backup',
  async (sqlstate) => {
    const restore = async () => {
      throw new EngineError('RESTORE_FAILED', 'No.', { detail: { sqlstate } })
    }
    await expect(verify('restore', { restore })).rejects.toMatchObject({ code: 'RESTORE_FAILED' })
  },
)

test('a storage out of reach is an error, never a verdict', async () => {
  for (let operation = 1; ; operation++) {
    const faulty = createFaultyStorage(storage, { operation, moment: 'after' })
    const outcome = await verifyBackup({ ...repository, storage: faulty }, backup, {
      level: 'checksums',
      record: false,
    }).catch((error: unknown) => error)
    if (!faulty.faultMet) break
    expect(outcome).toMatchObject({ code: 'STORAGE_FAILED' })
  }
})

test('forget refuses a pinned backup and one that is not there', async () => {
  await setPin(repository, backup.manifest.id, true)
  await expect(forgetBackup(repository, backup.manifest.id)).rejects.toMatchObject({ code: 'BACKUP_PINNED' })
  await forgetBackup(repository, backup.manifest.id, { force: true })
  await expect(forgetBackup(repository, backup.manifest.id)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
})
