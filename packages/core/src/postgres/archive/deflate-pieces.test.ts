import { randomBytes } from 'node:crypto'
import { deflateSync, gunzipSync, inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { deflatePiece } from '../../repository/deflate-piece.ts'
import { deflatePieces, gzipPieces } from './deflate-pieces.ts'

const deflater = { deflate: async (...piece: Parameters<typeof deflatePiece>) => deflatePiece(...piece), size: 3 }

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces))
}

const text = Buffer.from(
  Array.from({ length: 100_000 }, (_, row) => `${row}\tname ${row % 977}\t${row ** 2}\n`).join(''),
)

const cases: [string, Buffer, number][] = [
  ['nothing', Buffer.alloc(0), 10],
  ['a byte', Buffer.from('x'), 10],
  ['a few KiB', text.subarray(0, 10_000), 999],
  ['exactly one piece', text.subarray(0, 128 << 10), 65_536],
  ['one byte more', text.subarray(0, (128 << 10) + 1), 65_536],
  ['many pieces', text, 100_003],
  ['one huge write', text, text.length],
  ['noise', randomBytes(3_000_000), 1_048_576],
]

describe.each(cases)('%s', (_, bytes, size) => {
  test.each([0, 1, 6, 9])('level %i inflates to itself', async (level) => {
    expect(inflateSync(await collect(deflatePieces(cut(bytes, size), level, deflater))).equals(bytes)).toBe(true)
    expect(gunzipSync(await collect(gzipPieces(cut(bytes, size), level, deflater))).equals(bytes)).toBe(true)
  })
})

test('cutting costs less than one percent', async () => {
  const { length } = await collect(deflatePieces(cut(text, 65_536), 6, deflater))
  expect(length).toBeLessThan(deflateSync(text, { level: 6 }).length * 1.01)
})

test('a source that fails is heard, and one no longer wanted is ended', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield text
    throw new Error('unreadable')
  }
  await expect(collect(deflatePieces(failing(), 1, deflater))).rejects.toThrow('unreadable')
  let ended = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield text
    } finally {
      ended = true
    }
  }
  for await (const _ of deflatePieces(endless(), 1, deflater)) break
  expect(ended).toBe(true)
})
