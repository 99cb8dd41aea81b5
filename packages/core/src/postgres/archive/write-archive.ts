import { throwIfAborted } from '../../errors.ts'
import type { ArchiveHeader, TocEntry } from './archive.ts'
import { deflatePieces, type PieceDeflater } from './deflate-pieces.ts'
import { encodeDataPosition, encodeEntry, encodeHeader, encodeInteger } from './encode-archive.ts'

/** An archive to be written: its table of contents and, in the same order, its data. */
export interface ArchivePlan {
  header: ArchiveHeader
  /** Iterated twice (the file begins with the number of entries); must give the same entries each time. */
  entries(): AsyncIterable<TocEntry> | Iterable<TocEntry>
  /** The data of an entry that has some. Asked in the order of the entries. */
  data(entry: TocEntry): EntryData
}

/** Rows as COPY text, or large objects one after the other. */
export type EntryData =
  | { kind: 'rows'; bytes: AsyncIterable<Uint8Array> }
  | { kind: 'large-objects'; objects: AsyncIterable<{ oid: number; bytes: AsyncIterable<Uint8Array> }> }

/** Where the bytes go. `patch` overwrites bytes already written; a pipe has none, and offsets stay unset. */
export interface ArchiveSink {
  write(bytes: Uint8Array): Promise<void>
  patch?(position: number, bytes: Uint8Array): Promise<void>
}

/**
 * Writes a custom-format archive. Memory is bounded whatever the size of tables and the number of large objects.
 *
 * `header.compression` decides how data blocks are written: `none`, or `gzip` (a zlib stream) at its level.
 */
export async function writeArchive(
  plan: ArchivePlan,
  sink: ArchiveSink,
  options: { deflater: PieceDeflater; signal?: AbortSignal; onEntry?: (entry: TocEntry) => void },
): Promise<void> {
  const { header } = plan
  let position = 0
  const write = async (bytes: Uint8Array) => {
    throwIfAborted(options.signal)
    position += bytes.length
    await sink.write(bytes)
  }

  let count = 0
  for await (const _ of plan.entries()) count++
  await write(encodeHeader(header))
  await write(encodeInteger(count))
  const withData: { entry: TocEntry; end: number }[] = []
  for await (const entry of plan.entries()) {
    await write(encodeEntry(entry, header))
    count--
    if (entry.hasData) withData.push({ entry, end: position })
  }
  if (count !== 0) throw new Error('The table of contents changed while it was written')

  const offsets: number[] = []
  for (const { entry } of withData) {
    options.onEntry?.(entry)
    offsets.push(position)
    for await (const bytes of dataBlock(entry, plan.data(entry), header, options.deflater)) await write(bytes)
  }
  if (sink.patch === undefined) return
  for (const [index, { end }] of withData.entries()) {
    throwIfAborted(options.signal)
    const data = encodeDataPosition({ state: 'set', offset: offsets[index] as number }, header)
    await sink.patch(end - data.length, data)
  }
}

/** Kind of block, dump id, then runs of bytes each with its length, ended by a length of nothing. */
async function* dataBlock(
  entry: TocEntry,
  data: EntryData,
  header: ArchiveHeader,
  deflater: PieceDeflater,
): AsyncGenerator<Uint8Array> {
  yield Buffer.concat([Buffer.from([data.kind === 'rows' ? 1 : 3]), encodeInteger(entry.dumpId)])
  if (data.kind === 'rows') {
    yield* runs(withEndOfRows(data.bytes), header, deflater)
    return
  }
  for await (const object of data.objects) {
    yield encodeOid(object.oid)
    yield* runs(object.bytes, header, deflater)
  }
  yield encodeInteger(0)
}

async function* runs(
  source: AsyncIterable<Uint8Array>,
  header: ArchiveHeader,
  deflater: PieceDeflater,
): AsyncGenerator<Uint8Array> {
  const { algorithm, level } = header.compression
  const bytes = algorithm === 'none' ? source : deflatePieces(source, level, deflater)
  for await (const run of bytes) {
    if (run.length === 0) continue
    yield encodeInteger(run.length)
    yield run
  }
  yield encodeInteger(0)
}

/** What pg_dump puts after a table's rows; a plain script made from the archive needs it. */
async function* withEndOfRows(rows: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* rows
  yield Buffer.from('\\.\n\n\n')
}

/** An oid is unsigned, the number it is stored as is not. */
function encodeOid(oid: number): Buffer {
  return encodeInteger(oid | 0)
}
