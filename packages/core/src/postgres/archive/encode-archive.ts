import { type Archive, type ArchiveHeader, type DataPosition, sectionNumbers, type TocEntry } from './archive.ts'

/**
 * The bytes of an archive's header and table of contents: `parseArchive` read backwards, byte for byte. Their length
 * does not depend on the data positions, so a writer can come back and fill them in.
 */
export function encodeArchive(archive: Archive): Buffer {
  return Buffer.concat([encodeHeader(archive.header), encodeContents(archive)])
}

export function encodeHeader(header: ArchiveHeader): Buffer {
  const { createdAt } = header
  const compression =
    header.version >= 15
      ? Buffer.from([algorithmNumbers[header.compression.algorithm]])
      : encodeInteger(header.compression.algorithm === 'none' ? 0 : header.compression.level)
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, header.version, 0, 4, header.offsetBytes, 1]),
    compression,
    ...[
      createdAt.second,
      createdAt.minute,
      createdAt.hour,
      createdAt.day,
      createdAt.month,
      createdAt.year,
      createdAt.daylightSaving,
    ].map(encodeInteger),
    ...[header.database, header.serverVersion, header.dumpVersion].map((text) => encodeString(text, header.text)),
  ])
}

export function encodeContents(archive: Archive): Buffer {
  const { header, entries } = archive
  return Buffer.concat([encodeInteger(entries.length), ...entries.map((entry) => encodeEntry(entry, header))])
}

const algorithmNumbers = { none: 0, gzip: 1, lz4: 2, zstd: 3 } as const

/** One row of the table of contents. Its data position comes last. */
export function encodeEntry(entry: TocEntry, header: ArchiveHeader): Buffer {
  const texts = [
    entry.tableOid,
    entry.oid,
    entry.tag,
    entry.kind,
    entry.definition,
    entry.dropStatement,
    entry.copyStatement,
    entry.schema,
    entry.tablespace,
    entry.accessMethod,
    entry.owner,
  ]
  const longest = texts.reduce((sum, text) => sum + 5 + 3 * (text?.length ?? 0), 0)
  // One buffer for the whole entry: an archive may have hundreds of thousands of them.
  const bytes = Buffer.allocUnsafe(longest + 64 + entry.dependencies.length * 15)
  let at = 0
  const integer = (value: number) => {
    bytes[at] = value < 0 ? 1 : 0
    bytes.writeUInt32LE(Math.abs(value), at + 1)
    at += 5
  }
  const string = (text: string | null) => {
    if (text === null) return integer(-1)
    const length = bytes.write(text, at + 5, header.text)
    integer(length)
    at += length
  }
  integer(entry.dumpId)
  integer(entry.hasData ? 1 : 0)
  for (const text of texts.slice(0, 4)) string(text)
  integer(sectionNumbers.indexOf(entry.section) + 1)
  for (const text of texts.slice(4, 10)) string(text)
  if (header.version >= 16) integer(entry.relkind === '' ? 0 : entry.relkind.charCodeAt(0))
  string(entry.owner)
  string('false')
  for (const id of entry.dependencies) string(String(id))
  string(null)
  const data = encodeDataPosition(entry.data, header)
  data.copy(bytes, at)
  return bytes.subarray(0, at + data.length)
}

/** A state and an offset, always of the same length. */
export function encodeDataPosition(data: DataPosition, header: ArchiveHeader): Buffer {
  const bytes = Buffer.alloc(1 + header.offsetBytes)
  bytes[0] = { unset: 1, set: 2, none: 3 }[data.state]
  if (data.state === 'set') {
    bytes.writeUInt32LE(data.offset % 2 ** 32, 1)
    const high = Math.floor(data.offset / 2 ** 32)
    if (header.offsetBytes === 8) bytes.writeUInt32LE(high, 5)
    else if (high > 0) throw new RangeError('This archive has offsets of four bytes and grew past 4 GiB')
  }
  return bytes
}

/** A sign byte, then the magnitude in four bytes, lowest first. */
export function encodeInteger(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = value < 0 ? 1 : 0
  bytes.writeUInt32LE(Math.abs(value), 1)
  return bytes
}

function encodeString(text: string | null, encoding: ArchiveHeader['text']): Buffer {
  if (text === null) return encodeInteger(-1)
  const bytes = Buffer.from(text, encoding)
  return Buffer.concat([encodeInteger(bytes.length), bytes])
}
