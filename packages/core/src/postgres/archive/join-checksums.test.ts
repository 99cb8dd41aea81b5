import { crc32, deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { joinAdler32, joinCrc32 } from './join-checksums.ts'

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * at * 31 + at) % 256))
/** A zlib stream ends with the checksum of what is in it. */
const adler32 = (of: Buffer) => deflateSync(of, { level: 1 }).readUInt32BE(deflateSync(of, { level: 1 }).length - 4)

test.each([0, 1, 2, 65_520, 65_521, 65_522, 131_072, 199_999, 200_000])('checksums join at %i', (at) => {
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  expect(joinAdler32(adler32(before), adler32(after), after.length)).toBe(adler32(bytes))
  expect(joinCrc32(crc32(before), crc32(after), after.length)).toBe(crc32(bytes))
})

test('high values do not leave 32 bits', () => {
  const full = Buffer.alloc(65_521 * 2 + 17, 0xff)
  const [before, after] = [full.subarray(0, 65_521), full.subarray(65_521)]
  expect(joinAdler32(adler32(before), adler32(after), after.length)).toBe(adler32(full))
  expect(joinCrc32(crc32(before), crc32(after), after.length)).toBe(crc32(full))
})
