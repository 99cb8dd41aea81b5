import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflate, deflateRaw, deflateSync, gzip } from 'node:zlib'

const deflateAsync = promisify(deflate)
const deflateRawAsync = promisify(deflateRaw)
const gzipAsync = promisify(gzip)

/**
 * Bytes compressed at a time; each piece knows the 32 KiB before it, so next to nothing is lost by the cuts. Short enough
 * that what else waits for the thread pool, the host's own files, waits for some milliseconds.
 */
const pieceBytes = 128 << 10
const windowBytes = 32 << 10
/** Below this a turn of the thread pool costs more than the work. */
const smallBytes = 8 << 10

/**
 * Compresses a stream into one zlib stream (RFC 1950), several pieces at once in the thread pool. Memory is bounded by
 * the number of pieces under way.
 */
export function deflatePieces(source: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Buffer> {
  return inPieces(source, level, zlibContainer)
}

/** The same as one gzip member (RFC 1952). */
export function gzipPieces(source: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Buffer> {
  return inPieces(source, level, gzipContainer)
}

async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  level: number,
  container: Container,
): AsyncGenerator<Buffer> {
  const pieces = cutPieces(source)
  try {
    yield* compress(pieces, level, container)
  } finally {
    await pieces.return(undefined)
  }
}

async function* compress(pieces: AsyncGenerator<Buffer>, level: number, container: Container): AsyncGenerator<Buffer> {
  const first = await pieces.next()
  const second = first.done ? first : await pieces.next()
  if (second.done) {
    yield await container.whole(first.done ? Buffer.alloc(0) : first.value, level)
    return
  }
  const underway: Promise<Buffer>[] = []
  let checksum = container.firstChecksum
  let length = 0
  let dictionary: Buffer | undefined
  const start = (piece: Buffer) => {
    const work = compressPiece(piece, level, dictionary)
    // Whoever awaits it hears of a failure; nobody else has to.
    work.catch(() => {})
    underway.push(work)
    checksum = container.checksum(piece, checksum)
    length += piece.length
    dictionary = piece.subarray(-windowBytes)
  }
  yield container.header
  start(first.value as Buffer)
  start(second.value as Buffer)
  for await (const piece of pieces) {
    if (underway.length >= concurrency) yield await (underway.shift() as Promise<Buffer>)
    start(piece)
  }
  for (const work of underway) yield await work
  yield Buffer.concat([emptyLastBlock, container.trailer(checksum, length)])
}

const concurrency = Math.max(2, Math.min(4, availableParallelism()))
const emptyLastBlock = Buffer.from([3, 0])

/** A run of raw deflate blocks that ends on a whole byte. */
function compressPiece(piece: Buffer, level: number, dictionary: Buffer | undefined): Promise<Buffer> {
  return deflateRawAsync(piece, {
    level,
    chunkSize: 128 << 10,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary ? { dictionary } : {}),
  })
}

/** What surrounds the compressed bytes. */
interface Container {
  header: Buffer
  /** A stream that is one piece. */
  whole(bytes: Buffer, level: number): Buffer | Promise<Buffer>
  firstChecksum: number
  checksum(piece: Buffer, previous: number): number
  trailer(checksum: number, length: number): Buffer
}

const zlibContainer: Container = {
  header: Buffer.from([0x78, 0x9c]),
  whole(bytes, level) {
    // Hundreds of thousands of small objects, each with the default output buffer of 16 KiB, would be a lot of garbage.
    const chunkSize = bytes.length + (bytes.length >> 3) + 64
    return bytes.length < smallBytes ? deflateSync(bytes, { level, chunkSize }) : deflateAsync(bytes, { level })
  },
  firstChecksum: 1,
  checksum: adler32,
  trailer(checksum) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(checksum)
    return bytes
  },
}

const gzipContainer: Container = {
  header: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
  whole: (bytes, level) => gzipAsync(bytes, { level }),
  firstChecksum: 0,
  checksum: (piece, previous) => crc32(piece, previous),
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

/** RFC 1950 section 8; Node has no function for it. */
function adler32(bytes: Buffer, previous: number): number {
  const base = 65_521
  /** As many sums as fit into 32 bits before they have to be reduced. */
  const run = 3800
  let low = previous & 0xffff
  let high = previous >>> 16
  for (let at = 0; at < bytes.length; ) {
    for (const end = Math.min(at + run, bytes.length); at < end; at++) {
      low += bytes[at] as number
      high += low
    }
    low %= base
    high %= base
  }
  return high * 65_536 + low
}
