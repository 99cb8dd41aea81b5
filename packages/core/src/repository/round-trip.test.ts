import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createMemoryStorage } from '../storage/memory.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { createChunkWriter } from './chunks/chunk-writer.ts'
import { newBackupId } from './documents/backup-id.ts'
import { listManifests, readManifest } from './documents/manifests.ts'
import { emptyStream, sampleManifest, sampleMedia } from './documents/sample-manifest.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { initRepository } from './init.ts'
import { openRepository } from './open.ts'
import type { FinishedPack } from './packs/pack.ts'
import { createRepositoryWriter } from './repository-writer.ts'

const key = { rawKey: randomBytes(32) }

describe('a repository', () => {
  it('reads back what was written, after it is opened again', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, key)
    const index = await loadChunkIndex(repository)
    const writer = createRepositoryWriter(repository, { index })
    const random = randomBytes(5_000_000)
    const text = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i}\trow ${i * 7}\t\\N\n`).join(''))
    const schema = await writer.writeStream(text)
    const media = await writer.writeStream(
      (async function* () {
        for (let at = 0; at < random.length; at += 65_536) yield random.subarray(at, at + 65_536)
      })(),
    )
    const records = Array.from({ length: 500 }, (_, i) => ({ i, text: 'ü'.repeat(i) }))
    const sequences = await writer.writeJsonLines(records)
    const { storedBytes } = await writer.finish()
    const id = newBackupId()
    const streams = { schema, tables: emptyStream, sequences, large_objects: emptyStream }
    const tar = sampleMedia({ name: 'm', files: 1, bytes: 1, tar: media })
    const manifest = sampleManifest(id, streams, { stored_bytes: storedBytes, media: [tar] })
    const { checksum } = await writer.commit(manifest)

    const again = await openRepository(storage, key)
    const listed = []
    for await (const row of listManifests(again)) listed.push(row)
    expect(listed).toEqual([{ id, manifest, checksum, storedAt: expect.any(Date) }])
    const reader = createChunkReader(again, await loadChunkIndex(again), { recheck: true })
    const opened = (await readManifest(again, id)).manifest
    expect((await reader.readBytes(opened.streams.schema)).equals(text)).toBe(true)
    expect((await reader.readBytes(opened.media[0]!.tar)).equals(random)).toBe(true)
    const lines = []
    const shape = z.object({ i: z.number(), text: z.string() })
    for await (const line of reader.readJsonLines(opened.streams.sequences, shape)) lines.push(line)
    expect(lines).toEqual(records)
    expect(storedBytes).toBeLessThan(random.length + text.length / 3)
  })

  it('reads a chunk that is repeated a thousand times a few at a time', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, key)
    const index = await loadChunkIndex(repository)
    const writer = createRepositoryWriter(repository, { index })
    const ref = await writer.writeStream(randomBytes(500_000))
    await writer.finish()
    const get = vi.spyOn(storage, 'get')
    const { ids } = ref
    const sealed = createChunkReader(repository, index).fetchSealed(Array.from({ length: 1000 }, () => ids).flat())
    await sealed.next()
    // Each request is for 4 MiB of chunks at most, and 8 MiB are read ahead.
    const reached = get.mock.calls.length * Math.floor((4 << 20) / 500_000)
    expect(reached * 500_000).toBeLessThan(16 << 20)
    let chunks = 1
    for await (const { id } of sealed) expect(id).toBe(ids[chunks++ % ids.length])
    expect(chunks).toBe(1000 * ids.length)
    expect(get.mock.calls.length).toBeGreaterThanOrEqual((1000 * 500_000) / (4 << 20))
  })

  it('turns a long list of chunks into a stream of its own', async () => {
    const storage = createMemoryStorage()
    const chunker = { minBytes: 64, normalBytes: 128, maxBytes: 256, strictBits: 8, looseBits: 4 }
    const repository = await initRepository(storage, key, { chunker })
    const index = await loadChunkIndex(repository)
    const writer = createRepositoryWriter(repository, { index, packBytes: 100_000 })
    const data = randomBytes(300_000)
    const packs: FinishedPack[] = []
    const chunks = createChunkWriter({
      keys: repository.keys,
      chunker,
      known: index.known(),
      packBytes: 100_000,
      onPack: (pack) => packs.push(pack),
    })
    const stream = chunks.openStream()
    stream.write(data)
    const end = stream.end()
    chunks.flush()
    for (const pack of packs) await writer.storePack(pack)
    const ref = await writer.toStreamRef(end)
    await writer.finish()
    expect(ref.level).toBeGreaterThanOrEqual(2)
    expect(ref.ids.length).toBeLessThanOrEqual(64)
    const reader = createChunkReader(repository, await loadChunkIndex(repository))
    expect((await reader.readBytes(ref)).equals(data)).toBe(true)
    const ids = []
    for await (const id of reader.chunkIds(ref)) ids.push(id)
    expect(ids).toEqual(end.ids)
    const every = new Set<string>()
    for await (const id of reader.everyChunkId(ref)) every.add(id)
    expect(every.size).toBeGreaterThan(new Set(ids).size + 64)
  })

  it('stores nothing twice: not in one run, not in the next', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, key)
    const data = randomBytes(3_000_000)
    const first = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
    const a = await first.writeStream(data)
    const b = await first.writeStream(data)
    const { storedBytes } = await first.finish()
    expect(a).toEqual(b)
    expect(storedBytes).toBeLessThan(data.length + 10_000)
    const second = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
    expect(await second.writeStream(data)).toEqual(a)
    expect((await second.finish()).storedBytes).toBe(0)
  })
})
