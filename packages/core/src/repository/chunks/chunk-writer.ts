import { createHmac, createSecretKey } from 'node:crypto'
import { EngineError } from '../../errors.ts'
import { freeBuffer } from '../../threads/free-buffer.ts'
import type { RepositoryKeys } from '../keys/keys.ts'
import { defaultPackBytes, maxPackBytes } from '../layout.ts'
import { type FinishedPack, PackBuilder } from '../packs/pack.ts'
import { type KnownChunks, knownChunkLookup } from './chunk-table.ts'
import { type ChunkerParameters, createChunker, defaultChunker } from './chunker.ts'
import { defaultCompressionLevel } from './compression.ts'
import { IdSet } from './id-set.ts'
import { sealChunk } from './sealed-chunk.ts'

export interface ChunkWriterOptions {
  keys: RepositoryKeys
  /** `ChunkIndex.known()`: chunks found here are referred to, not stored again. */
  known?: KnownChunks
  /** Size at which a pack is finished. Default 16 MiB; at most 56 MiB. */
  packBytes?: number
  /** zstd level; 0 stores uncompressed. Default 1. */
  compressionLevel?: number
  /** `repository.config.chunker`; chunks cut otherwise are valid, but nothing is found again. */
  chunker?: ChunkerParameters
  /** Called synchronously with every full pack. The writer does not touch `data` afterwards. */
  onPack(pack: FinishedPack): void
  /** Memory of a pack that is stored, to be filled again: taking new memory for each costs processor time. */
  spare?(): ArrayBuffer | undefined
}

/** Turns streams into chunks in packs. Synchronous and without I/O: runs in workers and on the main thread alike. */
export interface ChunkWriter {
  /** Several may be open at once; they share packs. */
  openStream(): ChunkStream
  /** Hands over the pack in progress, if it holds anything. */
  flush(): void
  /** `bytes` and `chunks` newly stored (bytes sealed), `reused`: chunks that were there already. */
  stored: { bytes: number; chunks: number; reused: number }
}

export interface ChunkStream {
  /** Takes in bytes; `data` may be reused by the caller afterwards. */
  write(data: Uint8Array): void
  /** Ends the stream: its length and the ids (hex) of its chunks in order. */
  end(): { bytes: number; ids: string[] }
}

export function createChunkWriter(options: ChunkWriterOptions): ChunkWriter {
  const { keys, packBytes = defaultPackBytes } = options
  const idKey = createSecretKey(keys.chunkId)
  if (!(packBytes > 0 && packBytes <= maxPackBytes)) {
    throw new EngineError('CONFIG_INVALID', `A pack has at most ${maxPackBytes} bytes, not ${packBytes}.`)
  }
  const chunker = createChunker(keys.chunker, options.chunker ?? defaultChunker)
  const { maxBytes } = chunker.parameters
  const level = options.compressionLevel ?? defaultCompressionLevel
  const isKnown = options.known === undefined ? () => false : knownChunkLookup(options.known)
  const written = new IdSet()
  const pack = new PackBuilder(keys, packBytes, options.spare)
  const stored = { bytes: 0, chunks: 0, reused: 0 }
  const spareBuffers: Uint8Array[] = []

  function flush(): void {
    if (!pack.empty) options.onPack(pack.finish())
  }

  function store(plain: Uint8Array): string {
    const id = createHmac('sha256', idKey).update(plain).digest()
    const hex = id.toString('hex')
    if (isKnown(id) || !written.add(id)) {
      stored.reused++
      return hex
    }
    const parts = sealChunk(keys, hex, plain, level)
    pack.add(hex, plain.length, parts)
    freeBuffer(parts.body)
    stored.bytes += parts.bytes
    stored.chunks++
    if (pack.full) flush()
    return hex
  }

  function openStream(): ChunkStream {
    const ids: string[] = []
    let buffer: Uint8Array | undefined
    let length = 0
    let scanned = 0
    let total = 0

    function cutChunks(filled: Uint8Array): void {
      let from = 0
      for (;;) {
        const rest = from === 0 ? filled : filled.subarray(from)
        const cut = chunker.cut(rest, scanned, length - from)
        if (cut < 0) break
        ids.push(store(rest.subarray(0, cut)))
        from += cut
        scanned = 0
      }
      scanned = length - from
      if (from > 0) filled.copyWithin(0, from, length)
      length -= from
    }

    return {
      write(data) {
        buffer ??= spareBuffers.pop() ?? new Uint8Array(maxBytes)
        total += data.length
        for (let at = 0; at < data.length; ) {
          const taken = Math.min(data.length - at, maxBytes - length)
          buffer.set(at === 0 && taken === data.length ? data : data.subarray(at, at + taken), length)
          length += taken
          at += taken
          cutChunks(buffer)
        }
      },
      end() {
        if (buffer !== undefined) {
          if (length > 0) ids.push(store(buffer.subarray(0, length)))
          spareBuffers.push(buffer)
          buffer = undefined
        }
        return { bytes: total, ids }
      },
    }
  }

  return { openStream, flush, stored }
}
