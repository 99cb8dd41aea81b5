import { expect, test } from 'vitest'
import { joinTars } from './export-media.ts'

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const tar = (text: string) => Buffer.concat([Buffer.alloc(512, text), Buffer.alloc(1024)])

test.each([100, 512, 1000, 5000])('tars joined in pieces of %i', async (size) => {
  const joined = Buffer.concat(await Array.fromAsync(joinTars([cut(tar('a'), size), cut(tar('b'), size)])))
  expect(joined.equals(Buffer.concat([Buffer.alloc(512, 'a'), tar('b')]))).toBe(true)
})

test('a tar without its end is refused', async () => {
  await expect(Array.fromAsync(joinTars([cut(Buffer.alloc(2048, 'a'), 100)]))).rejects.toMatchObject({
    code: 'REPOSITORY_DAMAGED',
  })
})
