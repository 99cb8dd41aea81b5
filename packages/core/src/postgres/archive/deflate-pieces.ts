import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, deflate, deflateRaw, deflateSync } from 'node:zlib'

const deflateAsync = promisify(deflate)
const deflateRawAsync = promisify(deflateRaw)

/** Bytes compressed at a time; each piece knows the 32 KiB before it, so next to nothing is lost by the cuts. */
const pieceBytes = 512 << 10
const windowBytes = 32 << 10
/** Below this a turn of the thread pool costs more than the work. */
const smallBytes = 8 << 10

/**
 * Compresses a stream into one zlib stream (RFC 1950), several pieces at once in the thread pool. Memory is bounded by
 * the number of pieces under way.
 */
export async function* deflatePieces(source: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Buffer> {
  const pieces = cutPieces(source)
  try {
    yield* compress(pieces, level)
  } finally {
    await pieces.return(undefined)
  }
}

async function* compress(pieces: AsyncGenerator<Buffer>, level: number): AsyncGenerator<Buffer> {
  const first = await pieces.next()
  const second = first.done ? first : await pieces.next()
  if (second.done) {
    const whole = first.done ? Buffer.alloc(0) : first.value
    yield whole.length < smallBytes ? deflateSync(whole, { level }) : await deflateAsync(whole, { level })
    return
  }
  const underway: Promise<{ body: Buffer; checksum: number; bytes: number }>[] = []
  let checksum = 1
  let dictionary: Buffer | undefined
  const start = (piece: Buffer) => {
    const work = deflatePiece(piece, level, dictionary)
    // Whoever awaits it hears of a failure; nobody else has to.
    work.catch(() => {})
    underway.push(work)
    dictionary = piece.subarray(-windowBytes)
  }
  const finish = async () => {
    const done = await (underway.shift() as (typeof underway)[0])
    checksum = combineAdler32(checksum, done.checksum, done.bytes)
    return done.body
  }
  yield Buffer.from([0x78, 0x9c])
  start(first.value as Buffer)
  start(second.value as Buffer)
  for await (const piece of pieces) {
    if (underway.length >= concurrency) yield await finish()
    start(piece)
  }
  while (underway.length > 0) yield await finish()
  const trailer = Buffer.alloc(6)
  trailer[0] = 3 // an empty last block
  trailer.writeUInt32BE(checksum, 2)
  yield trailer
}

const concurrency = Math.max(2, Math.min(4, availableParallelism()))

/** A run of raw deflate blocks that ends on a byte, and the checksum of what it holds. */
async function deflatePiece(piece: Buffer, level: number, dictionary: Buffer | undefined) {
  const [body, stored] = await Promise.all([
    deflateRawAsync(piece, { level, finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary ? { dictionary } : {}) }),
    // Stored, not compressed: the quick way to a checksum outside this thread.
    deflateAsync(piece, { level: 0 }),
  ])
  return { body, checksum: stored.readUInt32BE(stored.length - 4), bytes: piece.length }
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
