import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../../errors.ts'
import { createChunker } from '../../repository/chunks/chunker.ts'
import { chunkId, sealChunk, unsealChunk } from '../../repository/chunks/sealed-chunk.ts'
import type { RepositoryKeys } from '../../repository/keys/keys.ts'
import type { SealParts } from '../../repository/seal.ts'

export interface ProcessorSpeed {
  /** Bytes of rows a second, on one core. */
  sealBytesPerSecond: number
  openBytesPerSecond: number
  /** Bytes that are stored of a byte of rows. */
  ratio: number
}

/** Cuts, hashes, compresses and seals the sample as a backup does, and opens it as a restore does. Between chunks the host runs. */
export async function measureProcessor(
  keys: RepositoryKeys,
  sample: Buffer,
  { compressionLevel, maxMs, signal }: { compressionLevel: number; maxMs: number; signal: AbortSignal | undefined },
): Promise<ProcessorSpeed> {
  const chunker = createChunker(keys.chunker)
  let sealMs = 0
  let openMs = 0
  let plain = 0
  let stored = 0
  while (sealMs + openMs < maxMs) {
    for (let at = 0; at < sample.length && (at === 0 || sealMs + openMs < maxMs); ) {
      throwIfAborted(signal)
      const began = performance.now()
      const rest = sample.subarray(at)
      const end = chunker.cut(rest, 0, rest.length)
      const chunk = rest.subarray(0, end < 0 ? rest.length : end)
      const id = chunkId(keys, chunk)
      const data = sealedBytes(sealChunk(keys, id, chunk, compressionLevel))
      const sealed = performance.now()
      unsealChunk(keys, { id, bytes: chunk.length, data })
      openMs += performance.now() - sealed
      sealMs += sealed - began
      plain += chunk.length
      stored += data.length
      at += chunk.length
      await setImmediate()
    }
  }
  return {
    sealBytesPerSecond: plain / (sealMs / 1000),
    openBytesPerSecond: plain / (openMs / 1000),
    ratio: stored / plain,
  }
}

const sealedBytes = ({ head, body, tag }: SealParts): Buffer => Buffer.concat([head, body, tag])
