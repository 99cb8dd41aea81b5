import { constants, crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'

/** A run of bytes to compress, of a stream that is compressed in pieces or whole. */
export interface DeflateRequest {
  /** `raw`: blocks that end on a whole byte, to be followed by others. `zlib` (RFC 1950), `gzip` (RFC 1952): a whole stream. */
  format: 'raw' | 'zlib' | 'gzip'
  level: number
  /** Of `raw`: what comes right before, which it may refer to. */
  dictionary?: Uint8Array
  /** Of the bytes before compression; what is not asked for is not computed. */
  checksum?: 'adler32' | 'crc32'
}

export interface Deflated {
  bytes: Buffer
  /** 0 where none was asked for. */
  checksum: number
}

/** Compresses synchronously: some 4 ms for 128 KiB, so not for the host's thread. */
export function deflatePiece(piece: Uint8Array, { format, level, dictionary, checksum }: DeflateRequest): Deflated {
  return { bytes: compress[format](piece, level, dictionary), checksum: checksum ? checksums[checksum](piece) : 0 }
}

const compress = {
  raw: (piece: Uint8Array, level: number, dictionary: Uint8Array | undefined) =>
    deflateRawSync(piece, {
      level,
      chunkSize: outputBytes(piece),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary ? { dictionary } : {}),
    }),
  zlib: (piece: Uint8Array, level: number) => deflateSync(piece, { level, chunkSize: outputBytes(piece) }),
  gzip: (piece: Uint8Array, level: number) => gzipSync(piece, { level, chunkSize: outputBytes(piece) }),
}

/** Room for the worst case: hundreds of thousands of small objects, each with the default 16 KiB, would be a lot of garbage. */
const outputBytes = ({ length }: Uint8Array) => length + (length >> 3) + 64

const checksums = { adler32, crc32: (piece: Uint8Array) => crc32(piece) }

/** RFC 1950 section 8; Node has no function for it. */
function adler32(bytes: Uint8Array): number {
  const base = 65_521
  /** As many sums as fit into 32 bits before they have to be reduced. */
  const run = 3800
  let low = 1
  let high = 0
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
