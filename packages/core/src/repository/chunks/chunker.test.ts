import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveKey, deriveKeys } from '../keys/keys.ts'
import { createChunkWriter } from './chunk-writer.ts'
import { type ChunkerParameters, createChunker, defaultChunker } from './chunker.ts'
import { chunkId } from './sealed-chunk.ts'

const key = Buffer.alloc(32, 7)
const small: ChunkerParameters = { minBytes: 64, normalBytes: 160, maxBytes: 512, strictBits: 9, looseBits: 6 }

/** Lengths of the chunks of `data`, given to the chunker at once. */
function cuts(data: Uint8Array, parameters: ChunkerParameters = small, chunkerKey: Uint8Array = key): number[] {
  const chunker = createChunker(chunkerKey, parameters)
  const lengths: number[] = []
  for (let at = 0; at < data.length; ) {
    const cut = chunker.cut(data.subarray(at), 0, data.length - at)
    lengths.push(cut < 0 ? data.length - at : cut)
    at += lengths.at(-1)!
  }
  return lengths
}

/** Where to cut, straight from the words of docs/repository-format.md: slow, and written without the code's tricks. */
function cutsByTheBook(data: Uint8Array, parameters: ChunkerParameters): number[] {
  const table = deriveKey(key, 'lifeboat/1 gear table', 1024)
  const hash = (end: number) => {
    let sum = 0n
    for (let k = 0; k < 32; k++) sum += BigInt(table.readUInt32LE(4 * data[end - 1 - k]!)) << BigInt(k)
    return sum % 2n ** 32n
  }
  const lengths: number[] = []
  for (let from = 0; from < data.length; ) {
    let c = parameters.minBytes
    for (; c < parameters.maxBytes && from + c < data.length; c++) {
      const bits = c < parameters.normalBytes ? parameters.strictBits : parameters.looseBits
      if (hash(from + c) >> BigInt(32 - bits) === 0n) break
    }
    lengths.push(Math.min(c, data.length - from))
    from += lengths.at(-1)!
  }
  return lengths
}

const bytes = (max: number) => fc.uint8Array({ minLength: 0, maxLength: max, size: 'max' })

describe('chunker', () => {
  it('cuts where the format says', () => {
    fc.assert(
      fc.property(bytes(3000), (data) => {
        expect(cuts(data)).toEqual(cutsByTheBook(data, small))
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  it('keeps its bounds, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          bytes(5000),
          fc.nat(5000).map((n) => new Uint8Array(n)),
        ),
        (data) => {
          const lengths = cuts(data)
          expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(data.length)
          for (const n of lengths) expect(n).toBeLessThanOrEqual(small.maxBytes)
          for (const n of lengths.slice(0, -1)) expect(n).toBeGreaterThanOrEqual(small.minBytes)
        },
      ),
      { seed: 2, numRuns: 200 },
    )
  })

  it('cuts alike however the bytes arrive', () => {
    const keys = deriveKeys(randomBytes(32))
    const write = (pieces: Uint8Array[]) => {
      const stream = createChunkWriter({ keys, chunker: small, compressionLevel: 0, onPack() {} }).openStream()
      for (const piece of pieces) {
        const reused = Uint8Array.from(piece)
        stream.write(reused)
        // The caller may use its buffer again.
        reused.fill(0xff)
      }
      return stream.end()
    }
    fc.assert(
      fc.property(bytes(6000), fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 40 }), (data, lengths) => {
        const pieces: Uint8Array[] = []
        let at = 0
        for (const length of lengths) {
          pieces.push(data.subarray(at, at + length))
          at += length
        }
        pieces.push(data.subarray(at))
        const expected = write([data])
        expect(write(pieces)).toEqual(expected)
        let from = 0
        const ids = createChunker(keys.chunker, small)
        for (const id of expected.ids) {
          const cut = ids.cut(data.subarray(from), 0, data.length - from)
          const end = cut < 0 ? data.length : from + cut
          expect(id).toBe(chunkId(keys, data.subarray(from, end)))
          from = end
        }
      }),
      { seed: 3, numRuns: 150 },
    )
  })

  it('finds its old ends again soon after an insertion, deletion or change', () => {
    let far = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.nat(20_000),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(200),
        (seed, where, inserted, removed) => {
          const data = pseudoRandom(seed, 40_000)
          const changed = Buffer.concat([data.subarray(0, where), inserted, data.subarray(where + removed)])
          const shift = changed.length - data.length
          const ends = (lengths: number[]) => {
            let sum = 0
            return lengths.map((n) => {
              sum += n
              return sum
            })
          }
          const before = new Set(ends(cuts(data)).map((end) => end + shift))
          const after = ends(cuts(changed)).filter((end) => end > where + inserted.length)
          const first = after.findIndex((end) => before.has(end))
          expect(first).toBeGreaterThanOrEqual(0)
          if (first > 8) far++
          // Once together, they stay together.
          for (const end of after.slice(first)) expect(before.has(end)).toBe(true)
        },
      ),
      { seed: 4, numRuns: 100 },
    )
    expect(far).toBeLessThan(5)
  })

  it('cuts elsewhere under another key', () => {
    const data = pseudoRandom(5, 40_000)
    expect(cuts(data, small, Buffer.alloc(32, 8))).not.toEqual(cuts(data))
  })

  it('makes chunks of about 1 MiB', () => {
    const lengths = cuts(pseudoRandom(6, 64 * 1024 * 1024), defaultChunker).slice(0, -1)
    const mean = lengths.reduce((sum, n) => sum + n, 0) / lengths.length
    expect(mean).toBeGreaterThan(0.85 * 1024 * 1024)
    expect(mean).toBeLessThan(1.15 * 1024 * 1024)
  })
})

function pseudoRandom(seed: number, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(String(seed)).digest()
}
