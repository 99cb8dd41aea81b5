import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { EngineError, type ErrorCode, isEngineError } from '../errors.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { newBackupId } from './documents/backup-id.ts'
import { deleteManifest, listManifests, readManifest } from './documents/manifests.ts'
import { checkNumbers, claimNumber, cleanNumbers } from './documents/numbers.ts'
import { listPins, setPin } from './documents/pins.ts'
import { emptyStream, sampleManifest } from './documents/sample-manifest.ts'
import { sealDocument } from './documents/sealed-document.ts'
import { listVerifications, recordVerification } from './documents/verifications.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { deleteMark, writeMark } from './index/marks.ts'
import { initRepository } from './init.ts'
import { packObjectName } from './layout.ts'
import { openRepository } from './open.ts'
import type { Repository } from './repository.ts'
import { createRepositoryWriter, type RepositoryWriterOptions } from './repository-writer.ts'

const key = { rawKey: randomBytes(32) }
const content = randomBytes(50_000)
let storage: Storage
let repository: Repository

beforeEach(async () => {
  storage = createMemoryStorage()
  repository = await initRepository(storage, key)
})

/** A backup of `content`, with something done right before its commit. */
async function backUp(
  beforeCommit: (packs: string[]) => Promise<unknown> = async () => {},
  options: Partial<RepositoryWriterOptions> = {},
  over: Storage = storage,
): Promise<{ id: string; code: ErrorCode | null; storedBytes: number }> {
  const own = { ...repository, storage: over }
  const index = await loadChunkIndex(own)
  const writer = createRepositoryWriter(own, { index, ...options })
  const schema = await writer.writeStream(content)
  const segment = { start: 0, end: null, blocks: 1, rows: 1, bytes: content.length, chunks: schema.ids }
  const { storedBytes } = await writer.finish()
  await beforeCommit([...index.packs()].map((pack) => pack.name))
  const id = newBackupId()
  const streams = { schema, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
  try {
    await writer.commit(sampleManifest(id, streams, { large_object_segments: [segment] }))
    return { id, code: null, storedBytes }
  } catch (error) {
    if (!isEngineError(error)) throw error
    return { id, code: error.code, storedBytes }
  }
}

async function backups(): Promise<string[]> {
  const ids = []
  for await (const { id } of listManifests(repository)) ids.push(id)
  return ids.sort()
}

describe('commit', () => {
  it('refuses when a chunk it refers to was marked since, and leaves nothing visible', async () => {
    await backUp()
    let mark = { name: '' }
    const result = await backUp(async (packs) => {
      mark = await writeMark(repository, packs)
    })
    expect(result.code).toBe('CHUNK_MARKED')
    expect(await backups()).toHaveLength(1)
    // While the mark is there, the same content is stored again.
    const second = await backUp()
    expect(second.code).toBe(null)
    expect(second.storedBytes).toBeGreaterThan(content.length)
    await deleteMark(repository, mark)
    expect((await backUp()).storedBytes).toBe(0)
  })

  it('leaves the backup of the same id alone that another process completed while this one was paused', async () => {
    const index = await loadChunkIndex(repository)
    const writer = createRepositoryWriter(repository, { index })
    const schema = await writer.writeStream(content)
    await writer.finish()
    const streams = { schema, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
    const manifest = sampleManifest(newBackupId(), streams)
    await writer.commit(manifest)
    for (const lease of [
      { assertHeld: () => Promise.reject(new EngineError('LEASE_LOST', 'Another process took over.')) },
      undefined,
    ]) {
      const paused = createRepositoryWriter(repository, { index, lease })
      await expect(paused.commit({ ...manifest, name: 'late' })).rejects.toThrow(EngineError)
      expect((await readManifest(repository, manifest.id)).manifest.name).toBe(manifest.name)
    }
  })

  it('minds a mark of other packs not at all', async () => {
    expect((await backUp(() => writeMark(repository, ['ab'.repeat(32)]))).code).toBe(null)
  })

  it('takes the manifest back when a mark comes between its last look and the put', async () => {
    await backUp()
    const index = await loadChunkIndex(repository)
    const packs = [...index.packs()].map((pack) => pack.name)
    const late: Storage = {
      ...storage,
      async put(name, data, options) {
        if (name.startsWith('backups/')) await writeMark(repository, packs)
        return storage.put(name, data, options)
      },
    }
    expect((await backUp(undefined, {}, late)).code).toBe('CHUNK_MARKED')
    expect(await backups()).toHaveLength(1)
  })

  it('refuses when a pack it needs is gone, or has another length', async () => {
    const gone = await backUp(async (packs) => storage.delete(packObjectName(packs[0]!)))
    expect(gone.code).toBe('CHUNK_MISSING')
    const cut = await backUp(async (packs) => {
      const name = packObjectName(packs.at(-1)!)
      await storage.put(name, (await storage.get(name)).subarray(0, -1))
    })
    expect(cut.code).toBe('REPOSITORY_DAMAGED')
    expect(await backups()).toEqual([])
  })

  it('refuses when its lease is lost, before anything is visible', async () => {
    const lost = { assertHeld: () => Promise.reject(new EngineError('LEASE_LOST', 'Lost.')) }
    expect((await backUp(undefined, { lease: lost })).code).toBe('LEASE_LOST')
    expect(await backups()).toEqual([])
  })

  it('never replaces a backup', async () => {
    const { id } = await backUp()
    const before = await storage.get(`backups/${id}`)
    const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
    const streams = { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
    await expect(writer.commit(sampleManifest(id, streams))).rejects.toThrow(/already/)
    expect((await storage.get(`backups/${id}`)).equals(before)).toBe(true)
  })

  it('takes a put whose answer was lost for what it is: done', async () => {
    const lossy: Storage = {
      ...storage,
      async put(name, data, options) {
        const written = await storage.put(name, data, options)
        return name.startsWith('backups/') ? false : written
      },
    }
    expect((await backUp(undefined, {}, lossy)).code).toBe(null)
    expect(await backups()).toHaveLength(1)
  })

  it('fails, and shows nothing, when the storage gives back something else than it was given', async () => {
    const lying: Storage = {
      ...storage,
      put: (name, data, options) =>
        storage.put(name, name.startsWith('backups/') ? data.subarray(0, -1) : data, options),
    }
    expect((await backUp(undefined, {}, lying)).code).toBe('REPOSITORY_DAMAGED')
    expect(await backups()).toEqual([])
  })

  it('fails when another manifest of that id is read back, sound as it may be', async () => {
    const lying: Storage = {
      ...storage,
      async put(name, data, options) {
        if (!name.startsWith('backups/')) return storage.put(name, data, options)
        const id = name.slice('backups/'.length)
        const streams = { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
        const plain = Buffer.from(JSON.stringify(sampleManifest(id, streams)))
        return storage.put(name, sealDocument(repository.keys, name, plain), options)
      },
    }
    expect((await backUp(undefined, {}, lying)).code).toBe('REPOSITORY_DAMAGED')
    expect(await backups()).toEqual([])
  })

  it('finds the packs of a backup that died before its index was written', async () => {
    const dying: Storage = {
      ...storage,
      put: (name, data, options) =>
        name.startsWith('index/')
          ? Promise.reject(new EngineError('STORAGE_FAILED', 'Died.'))
          : storage.put(name, data, options),
    }
    await expect(backUp(undefined, {}, dying)).rejects.toThrow('Died.')
    const again = await backUp()
    expect(again.code).toBe(null)
    // Only an index object is added; the packs are those of the dead one.
    expect(again.storedBytes).toBeLessThan(1000)
    const fresh = await openRepository(storage, key)
    const index = await loadChunkIndex(fresh)
    expect(index.unindexed).toEqual([])
    const { manifest } = await readManifest(fresh, again.id)
    const reader = createChunkReader(fresh, index, { recheck: true })
    expect((await reader.readBytes(manifest.streams.schema)).equals(content)).toBe(true)
  })

  it('stores the packs once when a failed put is reported by the next call', async () => {
    const full: Storage = {
      ...storage,
      put: (name, data, options) =>
        name.startsWith('packs/')
          ? Promise.reject(new EngineError('STORAGE_FULL', 'Full.'))
          : storage.put(name, data, options),
    }
    const index = await loadChunkIndex(repository)
    const writer = createRepositoryWriter({ ...repository, storage: full }, { index, packBytes: 10_000 })
    await writer.writeStream(content).catch(() => {})
    await expect(writer.finish()).rejects.toThrow('Full.')
    expect(index.size).toBe(0)
  })
})

describe('what hangs on a backup', () => {
  it('pins and verifications come and go with it', async () => {
    const { id } = await backUp()
    await setPin(repository, id, true, { by: 'me' })
    await recordVerification(repository, { backup: id, level: 'structure', at: '2026-02-01T00:00:00Z', ok: false })
    await recordVerification(repository, { backup: id, level: 'manifest', at: '2026-01-01T00:00:00Z', ok: true })
    expect([...(await listPins(repository)).keys()]).toEqual([id])
    expect((await listVerifications(repository, id)).map(({ level, ok }) => ({ level, ok }))).toEqual([
      { level: 'manifest', ok: true },
      { level: 'structure', ok: false },
    ])
    expect(await listVerifications(repository)).toHaveLength(2)
    await deleteManifest(repository, id)
    expect(await backups()).toEqual([])
    expect((await listPins(repository)).size).toBe(0)
    expect(await listVerifications(repository)).toEqual([])
    await setPin(repository, id, true)
    await setPin(repository, id, false)
    expect((await listPins(repository)).size).toBe(0)
  })

  it('numbers are given once, also to many at a time and after a clean-up', async () => {
    const numbers = await Promise.all(Array.from({ length: 20 }, () => claimNumber(repository)))
    expect(new Set(numbers).size).toBe(20)
    await cleanNumbers(repository)
    const highest = (await checkNumbers(repository)) as [number]
    expect(highest).toHaveLength(1)
    expect(highest[0]).toBeGreaterThanOrEqual(Math.max(...numbers))
    expect(await claimNumber(repository)).toBe(highest[0] + 1)
  })
})
