import { crc32, deflateSync } from 'node:zlib'
import type { Random } from './random.ts'

const side = 96

/** A small PNG: two colours blended along a diagonal, with a little noise so that no two are alike. */
export function drawPicture(random: Random): Buffer {
  const colour = () => [random.between(0, 255), random.between(0, 255), random.between(0, 255)]
  const [from, to] = [colour(), colour()]
  // Every row begins with its filter type, 0: none.
  const rows = Buffer.alloc(side * (1 + side * 3))
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const blend = (x + y) / (2 * side)
      const noise = random.between(0, 12)
      for (let channel = 0; channel < 3; channel++) {
        const value = (from[channel] ?? 0) * (1 - blend) + (to[channel] ?? 0) * blend + noise
        rows[y * (1 + side * 3) + 1 + x * 3 + channel] = Math.min(255, value)
      }
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  // 8 bits per channel, RGB; the rest (deflate, adaptive filters, not interlaced) is 0.
  header.set([8, 2], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    part('IHDR', header),
    part('IDAT', deflateSync(rows)),
    part('IEND', Buffer.alloc(0)),
  ])
}

/** A chunk of a PNG: length, kind, data, CRC of kind and data. */
function part(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
