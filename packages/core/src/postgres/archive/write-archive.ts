import { throwIfAborted } from '../../errors.ts'
import type { ArchiveHeader, TocEntry } from './archive.ts'
import { dataBlock, dataBlockLength, type EntryData } from './data-block.ts'
import type { PieceDeflater } from './deflate-pieces.ts'
import { encodeDataPosition, encodeEntry, encodeHeader, encodeInteger } from './encode-archive.ts'

/** An archive to be written: its table of contents and, in the same order, its data. */
export interface ArchivePlan {
  header: ArchiveHeader
  /** Iterated several times (the file begins with the number of entries); must give the same entries each time. */
  entries(): AsyncIterable<TocEntry> | Iterable<TocEntry>
  /** The data of an entry that has some, read when it is iterated: in the order of the entries, of which some may be left out. */
  data(entry: TocEntry): EntryData
}

/** The bytes of a file from `start` to before `end`. */
export interface ByteRange {
  start: number
  end: number
}

/** Where the bytes go. `patch` overwrites bytes already written; a pipe has none, and offsets stay unset. */
export interface ArchiveSink {
  write(bytes: Uint8Array): Promise<void>
  patch?(position: number, bytes: Uint8Array): Promise<void>
}

/**
 * Writes a custom-format archive. Memory is bounded whatever the size of tables and the number of large objects.
 *
 * `header.compression` decides how data blocks are written: `none`, or `gzip` (a zlib stream) at its level.
 *
 * With a `range` only those bytes of the whole are written, to a sink that cannot patch. Data that lies before or behind
 * is not read, where its length is known.
 */
export async function writeArchive(
  plan: ArchivePlan,
  sink: ArchiveSink,
  options: {
    deflater: PieceDeflater
    signal?: AbortSignal
    range?: ByteRange
    onEntry?: (entry: TocEntry) => void
  },
): Promise<void> {
  const { header } = plan
  const { start, end } = options.range ?? { start: 0, end: Number.POSITIVE_INFINITY }
  if (options.range && sink.patch) throw new Error('A part of an archive is not patched')
  let position = 0
  const write = async (bytes: Uint8Array) => {
    throwIfAborted(options.signal)
    const part = bytes.subarray(Math.max(0, start - position), Math.max(0, end - position))
    position += bytes.length
    if (part.length > 0) await sink.write(part)
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
    if (position >= end) return
    const data = plan.data(entry)
    const length = dataBlockLength(data, header)
    const skipped = length === null ? 0 : Math.min(length, Math.max(0, start - position))
    offsets.push(position)
    position += skipped
    if (skipped === length) continue
    options.onEntry?.(entry)
    for await (const bytes of dataBlock(entry, data, header, { deflater: options.deflater, from: skipped })) {
      await write(bytes)
      if (position >= end) return
    }
  }
  if (sink.patch === undefined) return
  for (const [index, { end }] of withData.entries()) {
    throwIfAborted(options.signal)
    const data = encodeDataPosition({ state: 'set', offset: offsets[index] as number }, header)
    await sink.patch(end - data.length, data)
  }
}
