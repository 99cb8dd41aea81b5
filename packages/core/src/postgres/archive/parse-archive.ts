import {
  type Archive,
  type ArchiveCompression,
  type ArchiveHeader,
  archiveVersions,
  type DataPosition,
  type ReadableArchive,
  sectionNumbers,
  type TocEntry,
} from './archive.ts'
import { ByteReader, invalid } from './byte-reader.ts'

/**
 * Reads the header and table of contents of a custom-format archive. Bytes after them (the data blocks) are not looked
 * at; `parseArchiveHead` says where they begin.
 *
 * The input may be hostile: the result is a valid `Archive` or an `ARCHIVE_INVALID`, in time and memory proportional to
 * the bytes given.
 */
export function parseArchive(bytes: Uint8Array): Archive {
  return parseArchiveHead(bytes).archive
}

/** The same, and the position of the first data block. */
export function parseArchiveHead(bytes: Uint8Array): { archive: Archive; dataStart: number } {
  const reader = new ByteReader(bytes)
  const archive = parse(reader)
  if (!reader.sawForeignText) return { archive, dataStart: reader.position }
  // Some bytes are in another encoding: read again with one character per byte, so that nothing is lost.
  const again = new ByteReader(bytes)
  again.text = 'latin1'
  return { archive: parse(again), dataStart: again.position }
}

/**
 * The same, but entries are read from the bytes each time they are iterated: those of ten thousand tables are a hundred
 * megabytes as objects. All is checked before anything is given out, unless the strings' form is named.
 */
export function openArchive(bytes: Uint8Array, text: ArchiveHeader['text'] = checkedText(bytes)): ReadableArchive {
  const open = () => Object.assign(new ByteReader(bytes), { text })
  return {
    header: readHeader(open()),
    entries: {
      *[Symbol.iterator]() {
        const reader = open()
        const header = readHeader(reader)
        yield* readEntries(reader, header, readCount(reader))
      },
    },
  }
}

/** Reads all of it once. */
function checkedText(bytes: Uint8Array): ArchiveHeader['text'] {
  const reader = new ByteReader(bytes)
  const header = readHeader(reader)
  for (const _ of readEntries(reader, header, readCount(reader)));
  return reader.sawForeignText ? 'latin1' : 'utf8'
}

function parse(reader: ByteReader): Archive {
  const header = readHeader(reader)
  return { header, entries: [...readEntries(reader, header, readCount(reader))] }
}

function readCount(reader: ByteReader): number {
  const count = reader.integer()
  if (count < 0 || count > reader.remaining / smallestEntryBytes) throw invalid('it claims more entries than it holds')
  return count
}

function* readEntries(reader: ByteReader, header: ArchiveHeader, count: number): Generator<TocEntry> {
  const seen = new Set<number>()
  for (let index = 0; index < count; index++) {
    const entry = readEntry(reader, header)
    if (seen.has(entry.dumpId)) throw invalid(`two entries have the id ${entry.dumpId}`, reader.position)
    seen.add(entry.dumpId)
    yield entry
  }
}

/** Four integers, twelve strings (one ends the dependencies), and a state byte with a short offset. */
const smallestEntryBytes = 3 * 5 + 12 * 5 + 1 + 4

const algorithms: readonly ArchiveCompression['algorithm'][] = ['none', 'gzip', 'lz4', 'zstd']

function readHeader(reader: ByteReader): ArchiveHeader {
  if (reader.remaining < 5 || reader.bytes(5).toString('latin1') !== 'PGDMP')
    throw invalid('it does not begin with PGDMP')
  const [major, minor] = [reader.byte(), reader.byte()]
  reader.byte()
  const version = archiveVersions.find((known) => major === 1 && known === minor)
  if (version === undefined) throw invalid(`its version is ${major}.${minor}, not 1.14 to 1.16`)
  if (reader.byte() !== 4) throw invalid('its numbers are not four bytes wide')
  const offsetBytes = reader.byte()
  if (offsetBytes !== 4 && offsetBytes !== 8) throw invalid('its offsets are neither four nor eight bytes wide')
  if (reader.byte() !== 1) throw invalid('it is not in the custom format')
  const compression = readCompression(reader, version)
  const [second, minute, hour, day, month, year, daylightSaving] = Array.from({ length: 7 }, () =>
    reader.integer(),
  ) as [number, number, number, number, number, number, number]
  return {
    version,
    offsetBytes,
    compression,
    createdAt: { second, minute, hour, day, month, year, daylightSaving },
    database: reader.string(),
    serverVersion: reader.string(),
    dumpVersion: reader.string(),
    text: reader.text,
  }
}

function readCompression(reader: ByteReader, version: number): ArchiveCompression {
  if (version < 15) {
    const level = reader.integer()
    if (level < -1 || level > 9) throw invalid('its compression level is unknown', reader.position)
    return level === 0 ? { algorithm: 'none', level } : { algorithm: 'gzip', level }
  }
  const algorithm = algorithms[reader.byte()]
  if (algorithm === undefined) throw invalid('its compression algorithm is unknown', reader.position)
  return { algorithm, level: algorithm === 'none' ? 0 : -1 }
}

function readEntry(reader: ByteReader, header: ArchiveHeader): TocEntry {
  const start = reader.position
  const dumpId = reader.integer()
  if (dumpId <= 0) throw invalid('an entry has no valid id', start)
  const hasData = reader.integer() !== 0
  const tableOid = readOid(reader)
  const oid = readOid(reader)
  const tag = reader.string()
  const kind = reader.string()
  if (kind === null || kind === '') throw invalid('an entry has no kind', start)
  const section = sectionNumbers[reader.integer() - 1]
  if (section === undefined) throw invalid('an entry is in no known section', start)
  const definition = reader.string()
  const dropStatement = reader.string()
  const copyStatement = reader.string()
  const schema = reader.string()
  const tablespace = reader.string()
  const accessMethod = reader.string()
  const relkind = header.version >= 16 ? readRelkind(reader) : ''
  const owner = reader.string()
  if (reader.string() === 'true') throw invalid('a table has oids, which PostgreSQL 12 and later do not have', start)
  const dependencies = readDependencies(reader)
  const data = readDataPosition(reader, header)
  return {
    dumpId,
    hasData,
    tableOid,
    oid,
    tag,
    kind,
    section,
    definition,
    dropStatement,
    copyStatement,
    schema,
    tablespace,
    accessMethod,
    relkind,
    owner,
    dependencies,
    data,
  }
}

function readOid(reader: ByteReader): string {
  const text = reader.string()
  if (text === null || !/^\d{1,10}$/.test(text)) throw invalid('an oid is not a number', reader.position)
  return text
}

function readRelkind(reader: ByteReader): string {
  const code = reader.integer()
  if (code < 0 || code > 127) throw invalid('a kind of relation is unknown', reader.position)
  return code === 0 ? '' : String.fromCharCode(code)
}

function readDependencies(reader: ByteReader): number[] {
  const dependencies: number[] = []
  for (let text = reader.string(); text !== null; text = reader.string()) {
    const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
    if (id <= 0 || id > 0x7fffffff) throw invalid('a dependency is not an id', reader.position)
    dependencies.push(id)
  }
  return dependencies
}

function readDataPosition(reader: ByteReader, header: ArchiveHeader): DataPosition {
  const state = reader.byte()
  const low = reader.word()
  const high = header.offsetBytes === 8 ? reader.word() : 0
  if (state === 1) return { state: 'unset' }
  if (state === 3) return { state: 'none' }
  const offset = high * 2 ** 32 + low
  if (state !== 2 || !Number.isSafeInteger(offset)) throw invalid('an offset is out of range', reader.position)
  return { state: 'set', offset }
}
