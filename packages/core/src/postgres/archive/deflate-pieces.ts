import { deflateSync, gzipSync } from 'node:zlib'
import { joinAdler32, joinCrc32 } from './join-checksums.ts'

/** Compresses one piece, elsewhere: in this process's thread it would take 4 ms at a time. */
export interface PieceDeflater {
  deflate(
    piece: Uint8Array,
    how: {
      format: 'raw' | 'zlib' | 'gzip'
      level: number
      dictionary?: Uint8Array
      checksum?: 'adler32' | 'crc32'
    },
  ): Promise<{ bytes: Buffer; checksum: number }>
  /** Pieces that may be under way at once. */
  readonly size: number
}

/**
 * Bytes compressed at a time; each piece knows the 32 KiB before it, so next to nothing is lost by the cuts. The figure is
 * part of docs/repository-format.md: another one gives other bytes.
 */
const pieceBytes = 128 << 10
const windowBytes = 32 << 10
/** Below this a message to another thread costs more than the work. */
const smallBytes = 8 << 10

/**
 * Compresses a stream into one zlib stream (RFC 1950), several pieces at once. Memory is bounded by the number of pieces
 * under way.
 */
export function deflatePieces(
  source: AsyncIterable<Uint8Array>,
  level: number,
  deflater: PieceDeflater,
): AsyncGenerator<Buffer> {
  return inPieces(source, level, zlibContainer, deflater)
}

/** The same as one gzip member (RFC 1952). */
export function gzipPieces(
  source: AsyncIterable<Uint8Array>,
  level: number,
  deflater: PieceDeflater,
): AsyncGenerator<Buffer> {
  return inPieces(source, level, gzipContainer, deflater)
}

async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  level: number,
  container: Container,
  deflater: PieceDeflater,
): AsyncGenerator<Buffer> {
  const pieces = cutPieces(source)
  try {
    yield* compress(pieces, level, container, deflater)
  } finally {
    await pieces.return(undefined)
  }
}

async function* compress(
  pieces: AsyncGenerator<Buffer>,
  level: number,
  { format, checksum, header, join, firstChecksum, trailer }: Container,
  deflater: PieceDeflater,
): AsyncGenerator<Buffer> {
  const first = await pieces.next()
  const second = first.done ? first : await pieces.next()
  if (second.done) {
    const bytes = first.done ? Buffer.alloc(0) : first.value
    if (bytes.length < smallBytes) yield small[format](bytes, level)
    else yield (await deflater.deflate(bytes, { format, level })).bytes
    return
  }
  const underway: { length: number; deflated: ReturnType<PieceDeflater['deflate']> }[] = []
  let sum = firstChecksum
  let length = 0
  let dictionary: Buffer | undefined
  const start = (piece: Buffer) => {
    const how = { format: 'raw', level, checksum, ...(dictionary ? { dictionary } : {}) } as const
    const deflated = deflater.deflate(piece, how)
    // A failure reaches the caller that awaits it, and must not count as unhandled elsewhere.
    deflated.catch(() => {})
    underway.push({ length: piece.length, deflated })
    dictionary = piece.subarray(-windowBytes)
  }
  const take = async (piece: (typeof underway)[number]) => {
    const { bytes, checksum: own } = await piece.deflated
    sum = join(sum, own, piece.length)
    length += piece.length
    return bytes
  }
  yield header
  start(first.value as Buffer)
  start(second.value as Buffer)
  for await (const piece of pieces) {
    while (underway.length >= deflater.size) yield await take(underway.shift() as (typeof underway)[number])
    start(piece)
  }
  for (const piece of underway) yield await take(piece)
  yield Buffer.concat([emptyLastBlock, trailer(sum, length)])
}

const emptyLastBlock = Buffer.from([3, 0])

/** Hundreds of thousands of small objects, each with the default output buffer of 16 KiB, would be a lot of garbage. */
const outputBytes = ({ length }: Buffer) => length + (length >> 3) + 64
const small = {
  zlib: (bytes: Buffer, level: number) => deflateSync(bytes, { level, chunkSize: outputBytes(bytes) }),
  gzip: (bytes: Buffer, level: number) => gzipSync(bytes, { level, chunkSize: outputBytes(bytes) }),
}

/** What surrounds the compressed bytes. */
interface Container {
  format: 'zlib' | 'gzip'
  header: Buffer
  checksum: 'adler32' | 'crc32'
  firstChecksum: number
  /** The checksum of two runs of bytes, of which the second has this length. */
  join(before: number, after: number, lengthAfter: number): number
  trailer(checksum: number, length: number): Buffer
}

const zlibContainer: Container = {
  format: 'zlib',
  header: Buffer.from([0x78, 0x9c]),
  checksum: 'adler32',
  firstChecksum: 1,
  join: joinAdler32,
  trailer(checksum) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(checksum)
    return bytes
  },
}

const gzipContainer: Container = {
  format: 'gzip',
  header: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
  checksum: 'crc32',
  firstChecksum: 0,
  join: joinCrc32,
  trailer(checksum, length) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(checksum)
    bytes.writeUInt32LE(length % 2 ** 32, 4)
    return bytes
  },
}

async function* cutPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let gathered: Uint8Array[] = []
  let bytes = 0
  for await (let data of source) {
    while (bytes + data.length >= pieceBytes) {
      const part = data.subarray(0, pieceBytes - bytes)
      yield gathered.length === 0 ? asBuffer(part) : Buffer.concat([...gathered, part])
      gathered = []
      bytes = 0
      data = data.subarray(part.length)
    }
    if (data.length === 0) continue
    gathered.push(data)
    bytes += data.length
  }
  if (bytes > 0) yield Buffer.concat(gathered)
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length)
