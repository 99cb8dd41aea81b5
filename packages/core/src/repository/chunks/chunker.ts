import { deriveKey } from '../keys/keys.ts'

/** Where chunks may end. Stored in `config`, so that every writer of a repository cuts alike. */
export interface ChunkerParameters {
  /** No chunk but a stream's last is shorter. */
  minBytes: number
  /** Up to here ends are rare (`strictBits`), from here on frequent (`looseBits`). */
  normalBytes: number
  /** Every chunk ends here at the latest. */
  maxBytes: number
  strictBits: number
  looseBits: number
}

/**
 * Chunks of about 1 MiB. Only bytes past the minimum are looked at: half of them. A minimum closer to the mean would make
 * cutting cheaper still, but chunks so alike in length fall into step again late where content has moved.
 */
export const defaultChunker: ChunkerParameters = {
  minBytes: 512 * 1024,
  normalBytes: 512 * 1024,
  maxBytes: 4 * 1024 * 1024,
  strictBits: 19,
  looseBits: 19,
}

/** Bytes the rolling hash looks back. */
export const chunkerWindow = 32

export interface Chunker {
  parameters: ChunkerParameters
  /**
   * Length of the chunk at the start of `data`, of which `length` bytes are there and the first `scanned` are known to
   * hold no end; -1 where more bytes are needed to know. Depends on the bytes alone, never on how they arrived.
   */
  cut(data: Uint8Array, scanned: number, length: number): number
}

/**
 * Content-defined chunking with a gear hash over the last 32 bytes, whose table is derived from a repository key: the
 * lengths of chunks reveal nothing about known files. Cuts about 1.2 GB per cpu-second.
 */
export function createChunker(key: Uint8Array, parameters: ChunkerParameters = defaultChunker): Chunker {
  const gear = gearTable(key)
  const { minBytes, normalBytes, maxBytes } = parameters
  const strict = topBits(parameters.strictBits)
  const loose = topBits(parameters.looseBits)
  return {
    parameters,
    cut(data, scanned, length) {
      const limit = Math.min(length, maxBytes)
      const start = Math.max(minBytes, scanned + 1)
      const early = scan(gear, data, start, Math.min(limit, normalBytes - 1), strict)
      if (early >= 0) return early
      const late = scan(gear, data, Math.max(start, normalBytes), limit, loose)
      if (late >= 0) return late
      return length >= maxBytes ? maxBytes : -1
    },
  }
}

/** The first length in [from, to] after which the hash of the 32 bytes before it has none of the mask's bits; else -1. */
function scan(gear: Int32Array, data: Uint8Array, from: number, to: number, mask: number): number {
  if (from > to) return -1
  let hash = 0
  for (let i = from - chunkerWindow; i < from - 1; i++) hash = ((hash << 1) + gear[data[i]!]!) | 0
  for (let i = from - 1; i < to; i++) {
    hash = ((hash << 1) + gear[data[i]!]!) | 0
    if ((hash & mask) === 0) return i + 1
  }
  return -1
}

function gearTable(key: Uint8Array): Int32Array {
  const bytes = deriveKey(key, 'lifeboat/1 gear table', 1024)
  const table = new Int32Array(256)
  for (let i = 0; i < 256; i++) table[i] = bytes.readInt32LE(i * 4)
  return table
}

function topBits(count: number): number {
  return (-1 << (32 - count)) | 0
}
