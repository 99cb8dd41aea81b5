/**
 * pg_dump's custom format, as data: a header, a table of contents, and (in files) one block of data per entry that has
 * any. Versions 1.14 (PostgreSQL 12-15), 1.15 (16) and 1.16 (17 and later).
 *
 * What a version changes: 1.15 names the compression algorithm in the header instead of a level; 1.16 stores the kind
 * of relation with each entry and describes large objects in groups (`BLOB METADATA`).
 */
export interface Archive {
  header: ArchiveHeader
  /** In the order of the file, which is an order the objects can be created in. */
  entries: TocEntry[]
}

/** An archive of which `entries` can be made again each time they are iterated, so that only its bytes are held. */
export interface ReadableArchive {
  header: ArchiveHeader
  entries: Iterable<TocEntry>
}

export interface ArchiveHeader {
  /** Minor version of the format: 14, 15 or 16; the major one is always 1. */
  version: ArchiveVersion
  /** Bytes of an offset, 8 everywhere pg_dump is built today. */
  offsetBytes: 4 | 8
  compression: ArchiveCompression
  createdAt: ArchiveTime
  database: string | null
  serverVersion: string | null
  dumpVersion: string | null
  /**
   * How the strings of this object stand for the file's bytes: `utf8`, or `latin1` (one character per byte) when some
   * bytes are not valid UTF-8. What the bytes mean is said by the archive's ENCODING entry; see `archiveText`.
   */
  text: 'utf8' | 'latin1'
}

export const archiveVersions = [14, 15, 16] as const
export type ArchiveVersion = (typeof archiveVersions)[number]

/** Level -1 is "the library's default"; from 1.15 on only the algorithm is stored. */
export interface ArchiveCompression {
  algorithm: 'none' | 'gzip' | 'lz4' | 'zstd'
  level: number
}

/** The fields of C's `struct tm` that the header carries: month from 0, year from 1900. */
export interface ArchiveTime {
  second: number
  minute: number
  hour: number
  day: number
  month: number
  year: number
  daylightSaving: number
}

/** One row of the table of contents. Strings are SQL in the archive's encoding. */
export interface TocEntry {
  dumpId: number
  /** Whether a data block belongs to it. */
  hasData: boolean
  /** The catalog the object lives in, and its oid there, as decimal text; '0' for none. */
  tableOid: string
  oid: string
  /** The object's name as pg_dump lists it. */
  tag: string | null
  /** Kind of object: `TABLE`, `FK CONSTRAINT`, `TABLE DATA` ... */
  kind: string
  section: Section
  definition: string | null
  dropStatement: string | null
  copyStatement: string | null
  schema: string | null
  /** Null: not applicable; '': the default. */
  tablespace: string | null
  accessMethod: string | null
  /** pg_class.relkind as a character, '' for none; stored from 1.16 on, '' before. */
  relkind: string
  owner: string | null
  /** Dump ids, also of objects that are not in the archive. */
  dependencies: number[]
  data: DataPosition
}

/** Where an entry's data block begins: nowhere, somewhere (the archive was written to a pipe), or at an offset. */
export type DataPosition = { state: 'none' } | { state: 'unset' } | { state: 'set'; offset: number }

export type Section = 'none' | 'pre-data' | 'data' | 'post-data'

/** Numbers of the sections in the file, by position. */
export const sectionNumbers: readonly Section[] = ['none', 'pre-data', 'data', 'post-data']

/** The highest dump id in use, so that new entries can count on from it. */
export function highestDumpId(archive: ReadableArchive): number {
  let highest = 0
  for (const { dumpId, dependencies } of archive.entries) highest = Math.max(highest, dumpId, ...dependencies)
  return highest
}
