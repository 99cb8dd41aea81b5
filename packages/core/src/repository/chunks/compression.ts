import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** How the bytes inside a seal are coded. */
export const compressions = { stored: 0, zstd: 1 } as const

/** The default level of writers: faster than the others on COPY text, and smaller. */
export const defaultCompressionLevel = 1

/** Compresses, or returns the bytes as they are where that saves nothing or `level` is 0. Synchronous: meant for workers. */
export function compress(plain: Uint8Array, level: number): { compression: number; bytes: Uint8Array } {
  if (level === 0 || plain.length < 16) return { compression: compressions.stored, bytes: plain }
  const bytes = zstdCompressSync(plain, {
    // The bound of zstd's output, so that it is written in one go: 540 MB per cpu-second against 440.
    chunkSize: Math.max(1024, plain.length + (plain.length >>> 7) + 512),
    params:
      level === 1
        ? { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 12 }
        : { [constants.ZSTD_c_compressionLevel]: level },
  })
  return bytes.length < plain.length
    ? { compression: compressions.zstd, bytes }
    : { compression: compressions.stored, bytes: plain }
}

/** Undoes {@link compress}. Throws where the result would not be exactly `plainBytes` long. */
export function decompress(compression: number, bytes: Buffer, plainBytes: number): Buffer {
  let plain = bytes
  if (compression === compressions.zstd) {
    plain = zstdDecompressSync(bytes, {
      // One more than will come: a buffer that is filled to its end makes zlib allocate the next one.
      chunkSize: Math.max(1024, plainBytes + 1),
      maxOutputLength: Math.max(1, plainBytes),
    })
  } else if (compression !== compressions.stored) {
    throw new Error(`Compression ${compression} is not known.`)
  }
  if (plain.length !== plainBytes) throw new Error(`It holds ${plain.length} bytes instead of ${plainBytes}.`)
  return plain
}
