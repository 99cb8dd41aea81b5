import { expect, test } from 'vitest'
import { largeObjectCursor } from './large-object-pages.ts'

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const page = (oid: number, number: number, data: string) =>
  `${oid}\t${number}\t\\\\x${Buffer.from(data).toString('hex')}\n`

const text = [page(3, 0, 'abcd'), page(3, 1, 'ef'), page(5, 2, 'x'), page(9, 0, 'ab'), page(9, 3, 'z')].join('')

test.each([1, 7, 1000])('objects with pages, holes and short pages, in pieces of %i', async (size) => {
  const cursor = largeObjectCursor(cut(text, size), 4)
  const read = async (oid: number) => Buffer.concat(await Array.fromAsync(cursor.read(oid))).toString('latin1')
  expect(await read(1)).toBe('')
  expect(await read(3)).toBe('abcdef')
  expect(await read(4)).toBe('')
  expect(await read(5)).toBe(`${'\0'.repeat(8)}x`)
  expect(await read(9)).toBe(`ab${'\0'.repeat(10)}z`)
  expect(await read(10)).toBe('')
})

test('objects that the caller does not ask for are skipped', async () => {
  const cursor = largeObjectCursor(cut(text, 100), 4)
  expect(Buffer.concat(await Array.fromAsync(cursor.read(9))).length).toBe(13)
})

test.each([
  ['cut within a row', text.slice(0, -3)],
  ['not COPY text', 'hello\n'],
  ['odd digits', '3\t0\t\\\\xabc\n'],
  ['pages that overlap', page(3, 1, 'a') + page(3, 0, 'b')],
  ['a page that is too long', page(3, 0, 'abcde')],
])('%s is refused', async (_, bad) => {
  const cursor = largeObjectCursor(cut(bad, 100), 4)
  await expect(
    (async () => {
      for (const oid of [3, 5, 9, 99]) await Array.fromAsync(cursor.read(oid))
    })(),
  ).rejects.toMatchObject({ code: 'REPOSITORY_DAMAGED' })
})
