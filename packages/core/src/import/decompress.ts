import { pipeline, Readable, type Transform } from 'node:stream'
import zlib from 'node:zlib'
import { isEngineError } from '../errors.ts'
import type { ArchiveCompression } from '../postgres/archive/archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'

type Algorithm = ArchiveCompression['algorithm']

/** What is compressed to less than this is unpacked in one go, unless it grows past the second bound. */
const smallBytes = 64 * 1024
const smallResultBytes = 4 * 1024 * 1024

/** Refuses by name what this Node.js cannot unpack. */
export function requireReadable(algorithm: Algorithm): void {
  if (algorithm === 'lz4')
    throw invalid(
      'its rows are compressed with lz4, which Node.js cannot unpack; load it into an empty database with pg_restore, and dump that with `pg_dump -Fc -Z gzip`',
    )
  if (algorithm === 'zstd' && typeof zlib.createZstdDecompress !== 'function')
    throw invalid('its rows are compressed with zstd, for which Node.js 22.15 or newer is needed')
}

/** What was compressed into these runs, as one stream. Throws `ARCHIVE_INVALID` where it is damaged or cut short. */
export async function* decompressed(runs: AsyncGenerator<Buffer>, algorithm: Algorithm): AsyncGenerator<Buffer> {
  if (algorithm === 'none') return yield* runs
  const first: Buffer[] = []
  let length = 0
  let ended = false
  while (length < smallBytes) {
    const next = await runs.next()
    if (next.done) {
      ended = true
      break
    }
    first.push(Buffer.from(next.value))
    length += next.value.length
  }
  if (length === 0) return
  const small = ended ? unpackSmall(Buffer.concat(first), algorithm) : null
  if (small) return yield small
  async function* all() {
    yield* first
    yield* runs
    ended = true
  }
  ended = false
  const unpacking: Transform =
    algorithm === 'zstd'
      ? zlib.createZstdDecompress({ chunkSize: 256 * 1024 })
      : zlib.createInflate({ chunkSize: 256 * 1024 })
  try {
    yield* pipeline(Readable.from(all()), unpacking, () => {})
  } catch (error) {
    throw damagedData(error)
  }
  if (!ended) throw invalid('its compressed data goes on after its end')
}

/** Null where the result is not small. */
function unpackSmall(bytes: Buffer, algorithm: Algorithm): Buffer | null {
  const limits = { maxOutputLength: smallResultBytes }
  try {
    return algorithm === 'zstd' ? zlib.zstdDecompressSync(bytes, limits) : zlib.inflateSync(bytes, limits)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw damagedData(error)
  }
}

function damagedData(error: unknown): unknown {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  if (isEngineError(error) || typeof code !== 'string' || !/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR_BUFFER)/.test(code))
    return error
  return invalid(`its compressed data is damaged (${(error as Error).message})`)
}
