import { type Archive, archiveVersions } from '../postgres/archive/archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import { parseArchive } from '../postgres/archive/parse-archive.ts'
import type { ByteStream } from './byte-stream.ts'

/** No header with its table of contents is longer, and none has more entries. */
export interface HeadLimits {
  bytes: number
  entries: number
}

export const defaultHeadLimits: HeadLimits = { bytes: 256 * 1024 * 1024, entries: 1_000_000 }

/**
 * Reads header and table of contents of an archive, and leaves the stream before its first data block. Throws
 * `ARCHIVE_INVALID`, also for what is past a limit and for the other formats of pg_dump, naming how to convert them.
 */
export async function readHead(
  stream: ByteStream,
  limits: HeadLimits = defaultHeadLimits,
): Promise<{ archive: Archive; bytes: Buffer }> {
  const parts: Buffer[] = []
  let length = 0
  const walk = walkHead(limits)
  let next = walk.next()
  while (!next.done) {
    length += next.value
    if (length > limits.bytes) throw invalid(`its table of contents is longer than ${limits.bytes} bytes`)
    const part = await stream.take(next.value)
    if (length <= magic.length) refuseOtherFormats(part)
    parts.push(part)
    next = walk.next(part)
  }
  const bytes = Buffer.concat(parts, length)
  return { archive: parseArchive(bytes), bytes }
}

const magic = Buffer.from('PGDMP')

/** Asks for so many bytes, and is given them. */
type Walk<T> = Generator<number, T, Buffer>

/** Along the lengths in the table of contents, which is not understood here: `parseArchive` does that. */
function* walkHead(limits: HeadLimits): Walk<void> {
  yield magic.length
  const fixed = yield 6
  const [major, minor, , , offsetBytes, format] = fixed
  const version = archiveVersions.find((known) => major === 1 && known === minor)
  if (version === undefined) throw invalid(`its version is ${major}.${minor}, not 1.14 to 1.16`)
  if (offsetBytes !== 4 && offsetBytes !== 8) throw invalid('its offsets are neither four nor eight bytes wide')
  if (format !== 1) throw invalid('it is not in the custom format')
  yield version >= 15 ? 1 : 5
  yield 7 * 5
  for (let text = 0; text < 3; text++) yield* walkString(limits)
  const count = yield* walkInteger()
  if (count < 0 || count > limits.entries)
    throw invalid(`it claims ${count} entries, and at most ${limits.entries} are read`)
  const textsAfterSection = 6
  for (let entry = 0; entry < count; entry++) {
    yield 10
    for (let text = 0; text < 4; text++) yield* walkString(limits)
    yield 5
    for (let text = 0; text < textsAfterSection; text++) yield* walkString(limits)
    if (version >= 16) yield 5
    for (let text = 0; text < 2; text++) yield* walkString(limits)
    while (yield* walkString(limits));
    yield 1 + offsetBytes
  }
}

function* walkInteger(): Walk<number> {
  const bytes = yield 5
  const magnitude = bytes.readUInt32LE(1)
  return bytes[0] === 0 ? magnitude : -magnitude
}

/** Whether there is a string: null is none. */
function* walkString(limits: HeadLimits): Walk<boolean> {
  const length = yield* walkInteger()
  if (length < 0) return false
  if (length > limits.bytes) throw invalid('a string is longer than a table of contents may be')
  if (length > 0) yield length
  return true
}

function refuseOtherFormats(start: Buffer): void {
  if (start.equals(magic)) return
  const text = start.toString('latin1')
  if (/^(--|\s*\\?[A-Za-z])/.test(text) && !text.startsWith('toc.'))
    throw invalid('it looks like plain SQL; load it into an empty database with psql, and dump that with `pg_dump -Fc`')
  if (text.startsWith('\x1f\x8b') || text.startsWith('(\xb5\x2f\xfd'))
    throw invalid('the whole file is compressed; unpack it first (`gunzip`, `zstd -d`)')
  if (text.startsWith('toc.'))
    throw invalid(
      'it is in the tar format; load it into an empty database with pg_restore, and dump that with `pg_dump -Fc`',
    )
  throw invalid('it does not begin with PGDMP')
}
