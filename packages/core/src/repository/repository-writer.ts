import { setImmediate } from 'node:timers/promises'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { ChunkIndex } from './chunks/chunk-index.ts'
import { type ChunkStream, type ChunkWriter, createChunkWriter } from './chunks/chunk-writer.ts'
import { jsonLines } from './chunks/pieces.ts'
import { type CommitLease, commitManifest } from './commit.ts'
import type { Manifest, StreamRef } from './documents/documents.ts'
import { writeIndexObjects } from './index/index-object.ts'
import { defaultPackBytes, maxInlineIds, packObjectName } from './layout.ts'
import type { FinishedPack, PackTable } from './packs/pack.ts'
import type { Repository } from './repository.ts'

export interface RepositoryWriterOptions {
  /** What is there already; the packs stored here are added to it. */
  index: ChunkIndex
  signal?: AbortSignal
  /** Asserted right before the manifest is put. */
  lease?: CommitLease
  packBytes?: number
  compressionLevel?: number
}

/**
 * Writes to a repository, on the main thread. Order: packs, index objects (`finish`), manifest (`commit`). Until the
 * commit nothing is visible; what a failed run leaves is found and used by the next one.
 */
export interface RepositoryWriter {
  /** Stores a pack that a ChunkWriter finished, and makes its chunks known. May run several at a time. */
  storePack(pack: FinishedPack): Promise<void>
  /** Writes a stream in this thread, letting the event loop breathe: for small things. */
  writeStream(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<StreamRef>
  /** One whose bytes the caller has in hand, synchronously: for small things. Wait for `settled` between some of them. */
  openStream(): ChunkStream
  /** Resolves when the packs that are being stored are stored. */
  settled(): Promise<void>
  /** As `writeStream`, with the ids of all chunks, as a segment keeps them. */
  writeChunks(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<{ bytes: number; ids: string[] }>
  writeJsonLines(items: Iterable<unknown> | AsyncIterable<unknown>): Promise<StreamRef>
  /** The reference to a stream whose chunks are written: a long list of ids becomes a stream itself. */
  toStreamRef(stream: { bytes: number; ids: string[] }): Promise<StreamRef>
  /** Stores the last pack and the index objects. `storedBytes`: everything this writer has added so far. */
  finish(): Promise<{ storedBytes: number }>
  /**
   * Makes the backup exist. Checks first that every chunk it needs is in a pack that is there, whole and not marked;
   * afterwards that the manifest reads back and opens. Throws `CHUNK_MARKED`, `CHUNK_MISSING`, `LEASE_LOST`; then
   * there is no such backup. Resolves the SHA-256 of the manifest.
   */
  commit(manifest: Manifest): Promise<{ checksum: string }>
}

/** Bytes given to the chunker at a time: some 3 ms of work. */
const pieceBytes = 1024 * 1024
const idsAtATime = 8192

/** Throws `CONFIG_INVALID` for a repository of which nothing proves whose it is. */
export function createRepositoryWriter(repository: Repository, options: RepositoryWriterOptions): RepositoryWriter {
  const { index, signal } = options
  assertProven(repository)
  const { storage, keys, config } = repository
  const unindexed: PackTable[] = index.unindexed.flatMap((name) => index.packTable(name) ?? [])
  const storing = new Set<Promise<void>>()
  let storedBytes = 0
  let writer: ChunkWriter | undefined

  async function storePack(pack: FinishedPack): Promise<void> {
    const { name, bytes, chunks, data } = pack
    await storage.put(packObjectName(name), data, { signal })
    storedBytes += data.length
    index.addPack({ name, bytes, chunks })
    unindexed.push({ name, bytes, chunks })
  }

  function ownWriter(): ChunkWriter {
    writer ??= createChunkWriter({
      keys,
      known: index.known(),
      packBytes: options.packBytes ?? defaultPackBytes,
      compressionLevel: options.compressionLevel,
      chunker: config.chunker,
      onPack(pack) {
        const stored = storePack(pack)
        storing.add(stored)
        // A failure stays in the set, and is thrown to the next caller that waits for it.
        stored.then(() => storing.delete(stored)).catch(() => {})
      },
    })
    return writer
  }

  async function writeStream(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<StreamRef> {
    return toStreamRef(await writeChunks(source))
  }

  async function writeChunks(
    source: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<{ bytes: number; ids: string[] }> {
    const stream = ownWriter().openStream()
    for await (const data of source instanceof Uint8Array ? [source] : source) {
      for (let at = 0; at < data.length; at += pieceBytes) {
        throwIfAborted(signal)
        stream.write(data.subarray(at, at + pieceBytes))
        if (storing.size > 1) await Promise.all(storing)
        else if (data.length > pieceBytes) await setImmediate()
      }
    }
    return stream.end()
  }

  async function toStreamRef(stream: { bytes: number; ids: string[] }): Promise<StreamRef> {
    let { ids } = stream
    let level = 0
    while (ids.length > maxInlineIds) {
      const list = ownWriter().openStream()
      for (let at = 0; at < ids.length; at += idsAtATime) {
        list.write(Buffer.from(ids.slice(at, at + idsAtATime).join(''), 'hex'))
        if (ids.length > idsAtATime) await setImmediate()
      }
      ids = list.end().ids
      level++
      await Promise.all(storing)
    }
    return { bytes: stream.bytes, level, ids }
  }

  async function finish(): Promise<{ storedBytes: number }> {
    writer?.flush()
    await Promise.all(storing)
    if (unindexed.length > 0) {
      const packs = unindexed.slice()
      const written = await writeIndexObjects(repository, packs, { signal })
      unindexed.splice(0, packs.length)
      storedBytes += written.bytes
    }
    return { storedBytes }
  }

  return {
    storePack,
    writeStream,
    openStream: () => ownWriter().openStream(),
    async settled() {
      throwIfAborted(signal)
      await Promise.all(storing)
    },
    writeChunks,
    writeJsonLines: (items) => writeStream(jsonLines(items)),
    toStreamRef,
    finish,
    async commit(manifest) {
      await finish()
      return commitManifest(repository, index, manifest, { signal, lease: options.lease })
    },
  }
}

/** Anybody can make a repository that opens with our age identity, and could read what we put into it. */
function assertProven({ isProven }: Repository): void {
  if (isProven) return
  throw new EngineError('CONFIG_INVALID', 'With an age identity alone nothing proves whose repository this is.', {
    advice: 'Give the fingerprint of the recovery kit, too: {fingerprint}.',
  })
}
