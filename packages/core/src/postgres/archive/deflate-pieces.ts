import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflate, deflateRaw, deflateSync, gzip } from 'node:zlib'

const deflateAsync = promisify(deflate)
const deflateRawAsync = promisify(deflateRaw)
const gzipAsync = promisify(gzip)

/** Bytes compressed at a time; each piece knows the 32 KiB before it, so next to nothing is lost by the cuts. */
const pieceBytes = 512 << 10
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
  const underway: Promise<Piece>[] = []
  const trailer = container.trailer()
  let dictionary: Buffer | undefined
  const start = (piece: Buffer) => {
    const work = Promise.all([compressPiece(piece, level, dictionary), trailer.prepare(piece)]).then(
      ([body, checksum]) => ({ body, checksum, bytes: piece.length }),
    )
    // Whoever awaits it hears of a failure; nobody else has to.
    work.catch(() => {})
    underway.push(work)
    dictionary = piece.subarray(-windowBytes)
  }
  const finish = async () => {
    const done = await (underway.shift() as Promise<Piece>)
    trailer.add(done)
    return done.body
  }
  yield container.header
  start(first.value as Buffer)
  start(second.value as Buffer)
  for await (const piece of pieces) {
    if (underway.length >= concurrency) yield await finish()
    start(piece)
  }
  while (underway.length > 0) yield await finish()
  yield Buffer.concat([emptyLastBlock, trailer.bytes()])
}

const concurrency = Math.max(2, Math.min(4, availableParallelism()))
const emptyLastBlock = Buffer.from([3, 0])

interface Piece {
  body: Buffer
  checksum: number
  bytes: number
}

/** A run of raw deflate blocks that ends on a whole byte. */
function compressPiece(piece: Buffer, level: number, dictionary: Buffer | undefined): Promise<Buffer> {
  return deflateRawAsync(piece, {
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary ? { dictionary } : {}),
  })
}

/** What surrounds the compressed bytes. */
interface Container {
  header: Buffer
  whole(bytes: Buffer, level: number): Buffer | Promise<Buffer>
  trailer(): {
    /** Called for each piece in order, when its compression begins. */
    prepare(piece: Buffer): Promise<number>
    add(piece: Piece): void
    bytes(): Buffer
  }
}

const zlibContainer: Container = {
  header: Buffer.from([0x78, 0x9c]),
  whole: (bytes, level) => (bytes.length < smallBytes ? deflateSync(bytes, { level }) : deflateAsync(bytes, { level })),
  trailer() {
    let checksum = 1
    return {
      async prepare(piece) {
        // Stored, not compressed: the quick way to an Adler-32 outside this thread.
        const stored = await deflateAsync(piece, { level: 0 })
        return stored.readUInt32BE(stored.length - 4)
      },
      add(piece) {
        checksum = combineAdler32(checksum, piece.checksum, piece.bytes)
      },
      bytes() {
        const bytes = Buffer.alloc(4)
        bytes.writeUInt32BE(checksum)
        return bytes
      },
    }
  },
}

const gzipContainer: Container = {
  header: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
  whole: (bytes, level) => gzipAsync(bytes, { level }),
  trailer() {
    let checksum = 0
    let length = 0
    return {
      async prepare(piece) {
        checksum = crc32(piece, checksum)
        length += piece.length
        return 0
      },
      add() {},
      bytes() {
        const bytes = Buffer.alloc(8)
        bytes.writeUInt32LE(checksum)
        bytes.writeUInt32LE(length % 2 ** 32, 4)
        return bytes
      },
    }
  },
}

async function* cutPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let gathered: Uint8Array[] = []
  let bytes = 0
  for await (let data of source) {
    while (bytes + data.length >= pieceBytes) {
      const part = data.subarray(0, pieceBytes - bytes)
      yield Buffer.concat([...gathered, part])
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

/** The Adler-32 of two runs of bytes one after the other, from that of each (RFC 1950 section 8). */
function combineAdler32(first: number, second: number, secondBytes: number): number {
  const base = 65_521
  const rest = secondBytes % base
  const low = ((first & 0xffff) + (second & 0xffff) + base - 1) % base
  const high = (rest * (first & 0xffff) + (first >>> 16) + (second >>> 16) + base - rest) % base
  return high * 65_536 + low
}
