import type { ReadableArchive, TocEntry } from './archive.ts'
import { encodeEntry, encodeHeader, encodeInteger } from './encode-archive.ts'
import { openArchive } from './parse-archive.ts'
import { withoutServerOptions } from './server-options.ts'

/** Bytes of one piece, unless a single entry is longer. */
const pieceBytes = 256 * 1024

/**
 * What `pg_dump -Fc --schema-only` printed, in the one form that an unchanged schema always gives, so that it is stored
 * once; in pieces, because ten thousand tables are a hundred megabytes as objects.
 *
 * pg_dump puts the time of the dump into the header and numbers objects in the order the catalogs happen to return
 * them. Here the time is the epoch, ids count from 1 in the order of the table of contents, and dependencies are sorted
 * and name only what the archive holds (pg_restore skips the others). Throws `ARCHIVE_INVALID`.
 */
export function canonicalSchema(bytes: Uint8Array): Generator<Buffer> {
  // One character per byte: what the text means does not matter here.
  return canonicalArchive(openArchive(bytes, 'latin1'))
}

/** The same of an archive's entries. Their strings must be one character per byte. */
export function* canonicalArchive(archive: ReadableArchive): Generator<Buffer> {
  const header = {
    ...archive.header,
    createdAt: { second: 0, minute: 0, hour: 0, day: 1, month: 0, year: 70, daylightSaving: 0 },
  }
  const ids = new Map<number, number>()
  for (const { dumpId } of archive.entries) ids.set(dumpId, ids.size + 1)

  let piece = [encodeHeader(header), encodeInteger(ids.size)]
  let length = 0
  for (const entry of archive.entries) {
    const encoded = encodeEntry(renumber(entry, ids), header)
    piece.push(encoded)
    length += encoded.length
    if (length < pieceBytes) continue
    yield Buffer.concat(piece)
    piece = []
    length = 0
  }
  if (piece.length > 0) yield Buffer.concat(piece)
}

function renumber(entry: TocEntry, ids: ReadonlyMap<number, number>): TocEntry {
  const dependencies = new Set(entry.dependencies.flatMap((id) => ids.get(id) ?? []))
  return {
    ...entry,
    definition: entry.definition && withoutServerOptions(entry.definition),
    dumpId: ids.get(entry.dumpId) as number,
    dependencies: [...dependencies].sort((a, b) => a - b),
  }
}
