import { expect, test } from 'vitest'
import { rowSegments } from './copy-text.ts'

async function segmentsOf(text: string, pieceBytes: number, segmentBytes = 1 << 20) {
  async function* pieces() {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const found: { rows: number; text: string }[] = []
  for await (const segment of rowSegments(pieces(), 't', segmentBytes)) {
    const text = Buffer.concat(await Array.fromAsync(segment.bytes)).toString()
    if (text !== '') found.push({ rows: segment.rows, text })
  }
  return found
}

const end = '\\.\n\n\n'
const sizes = [1, 2, 3, 5, 6, 7, 1000]

test.each(sizes)('rows without their end, in pieces of %i bytes', async (size) => {
  expect(await segmentsOf(end, size)).toEqual([])
  expect(await segmentsOf(`a\nb\\\\.\n${end}`, size)).toEqual([{ rows: 2, text: 'a\nb\\\\.\n' }])
  // Rows of no columns.
  expect(await segmentsOf(`\n\n\n${end}`, size)).toEqual([{ rows: 3, text: '\n\n\n' }])
})

test.each(sizes)('segments end where rows end, in pieces of %i bytes', async (size) => {
  const text = Array.from({ length: 50 }, (_, row) => `row ${row}\n`).join('')
  const segments = await segmentsOf(text + end, size, 100)
  expect(segments.map((segment) => segment.text).join('')).toBe(text)
  expect(segments.reduce((sum, { rows }) => sum + rows, 0)).toBe(50)
  expect(segments.length).toBeGreaterThan(size < 100 ? 3 : 0)
  for (const segment of segments) expect(segment.text.endsWith('\n')).toBe(true)
})

test.each(sizes)('an end that is missing, early or not whole is refused, in pieces of %i bytes', async (size) => {
  for (const text of [
    '',
    'a\n',
    'a\n\\.\n',
    'a\n\\.\n\n',
    `a\n${end}\n`,
    `a\n\\.\nb\n${end}`,
    `${end}${end}`,
    `\\.\na\n${end}`,
    `a${end}`,
    `a\n\\.x\n\n\n`,
  ])
    await expect(segmentsOf(text, size)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
})
