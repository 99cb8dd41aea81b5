import type { Archive, TocEntry } from './archive.ts'
import { encodeArchive } from './encode-archive.ts'
import { parseArchive } from './parse-archive.ts'

/**
 * A schema archive in the one form that an unchanged schema always gives, so that it is stored once.
 *
 * pg_dump puts the time of the dump into the header and numbers objects in the order the catalogs happen to return
 * them. Here the time is the epoch, ids count from 1 in the order of the table of contents, and dependencies are sorted
 * and name only what the archive holds (pg_restore skips the others).
 */
export function canonicalArchive(archive: Archive): Archive {
  const ids = new Map(archive.entries.map((entry, index) => [entry.dumpId, index + 1]))
  return {
    header: {
      ...archive.header,
      createdAt: { second: 0, minute: 0, hour: 0, day: 1, month: 0, year: 70, daylightSaving: 0 },
    },
    entries: archive.entries.map((entry) => renumber(entry, ids)),
  }
}

/** The same from bytes to bytes, for what `pg_dump -Fc --schema-only` printed. Throws `ARCHIVE_INVALID`. */
export function canonicalSchemaBytes(bytes: Uint8Array): Buffer {
  return encodeArchive(canonicalArchive(parseArchive(bytes)))
}

function renumber(entry: TocEntry, ids: ReadonlyMap<number, number>): TocEntry {
  const dependencies = new Set(entry.dependencies.flatMap((id) => ids.get(id) ?? []))
  return {
    ...entry,
    dumpId: ids.get(entry.dumpId) as number,
    dependencies: [...dependencies].sort((a, b) => a - b),
  }
}
