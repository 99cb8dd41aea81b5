import type { Archive, TocEntry } from '../postgres/archive/archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import type { ByteStream } from './byte-stream.ts'
import { decompressed } from './decompress.ts'

/** The data of one entry. All of it must be read before the next block is asked for. */
export type DataBlock =
  | { kind: 'rows'; entry: TocEntry; bytes: AsyncIterable<Buffer> }
  | {
      kind: 'large-objects'
      entry: TocEntry
      objects: AsyncIterable<{ oid: number; bytes: AsyncIterable<Buffer> }>
    }

/**
 * The data blocks in the order of the file, each by the id it names: the offsets in the table of contents are not looked
 * at. Throws `ARCHIVE_INVALID` unless every entry that has data gets its block, once, and the file ends with the last.
 */
export async function* dataBlocks(stream: ByteStream, archive: Archive): AsyncGenerator<DataBlock> {
  const { algorithm } = archive.header.compression
  const open = new Map(archive.entries.filter(({ hasData }) => hasData).map((entry) => [entry.dumpId, entry]))
  while (!(await stream.atEnd())) {
    const at = stream.position
    const type = await stream.byte()
    const dumpId = await stream.integer()
    const entry = open.get(dumpId)
    if (!entry) throw invalid(`a block of data belongs to no entry, or to one that had its own (${dumpId})`, at)
    open.delete(dumpId)
    const kind = entry.kind === 'BLOBS' ? 'large-objects' : 'rows'
    if (type !== (kind === 'rows' ? 1 : 3))
      throw invalid(`the block of ${entry.kind} ${entry.tag} is of another kind`, at)
    const end = { reached: false }
    if (kind === 'rows') yield { kind, entry, bytes: marking(decompressed(runs(stream), algorithm), end) }
    else yield { kind, entry, objects: marking(largeObjects(stream, algorithm), end) }
    if (!end.reached) throw new Error('A block of data was not read to its end')
  }
  const [missing] = open.values()
  if (missing) throw invalid(`it is cut short: the data of ${missing.kind} ${missing.tag} is not there`)
}

async function* largeObjects(stream: ByteStream, algorithm: Parameters<typeof decompressed>[1]) {
  for (;;) {
    const at = stream.position
    // Stored as a signed number.
    const oid = (await stream.integer()) >>> 0
    if (oid === 0) return
    const end = { reached: false }
    yield { oid, bytes: marking(decompressed(runs(stream), algorithm), end) }
    if (!end.reached) throw invalid(`large object ${oid} was not read to its end`, at)
  }
}

async function* marking<T>(items: AsyncIterable<T>, end: { reached: boolean }): AsyncGenerator<T> {
  yield* items
  end.reached = true
}

/** Each has its length before it; a length of nothing ends them. */
async function* runs(stream: ByteStream): AsyncGenerator<Buffer> {
  for (;;) {
    const at = stream.position
    const length = await stream.integer()
    if (length < 0) throw invalid('a run of data has a negative length', at)
    if (length === 0) return
    yield* stream.pieces(length)
  }
}
