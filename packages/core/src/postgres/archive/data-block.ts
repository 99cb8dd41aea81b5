import type { ArchiveHeader, TocEntry } from './archive.ts'
import { deflatePieces, type PieceDeflater } from './deflate-pieces.ts'
import { encodeInteger } from './encode-archive.ts'
import { fixedRuns, fixedRunsLength, runAt } from './fixed-runs.ts'

/**
 * Rows as COPY text, or large objects one after the other. Where `length` says how many bytes all rows have, `read` may
 * be asked for those from a byte on.
 */
export type EntryData =
  | { kind: 'rows'; length?: number; read(from?: number): AsyncIterable<Uint8Array> }
  | { kind: 'large-objects'; objects: AsyncIterable<{ oid: number; bytes: AsyncIterable<Uint8Array> }> }

/** What pg_dump puts after a table's rows; a plain script made from the archive needs it. */
const endOfRows = Buffer.from('\\.\n\n\n')

/** Kind of block and dump id. */
const headBytes = 6

/** Bytes of an entry's block of data; null where they are not known before the data is read. */
export function dataBlockLength(data: EntryData, header: ArchiveHeader): number | null {
  const length = plainLength(data, header)
  return length === null ? null : headBytes + fixedRunsLength(length)
}

/**
 * Kind of block, dump id, then runs of bytes each with its length, ended by a length of nothing.
 *
 * Where the length of the block is known, `from` leaves out its first bytes, and what they are made of is not read.
 */
export async function* dataBlock(
  entry: TocEntry,
  data: EntryData,
  header: ArchiveHeader,
  { deflater, from = 0 }: { deflater: PieceDeflater; from?: number },
): AsyncGenerator<Uint8Array> {
  const head = Buffer.concat([Buffer.from([data.kind === 'rows' ? 1 : 3]), encodeInteger(entry.dumpId)])
  if (data.kind === 'large-objects') {
    yield head
    for await (const object of data.objects) {
      yield encodeOid(object.oid)
      yield* runs(object.bytes, header, deflater)
    }
    yield encodeInteger(0)
    return
  }
  const length = plainLength(data, header)
  if (length === null) {
    yield head
    yield* runs(withEndOfRows(data, 0), header, deflater)
    return
  }
  const first = runAt(from - headBytes, length)
  if (first.position === 0) yield head.subarray(from)
  yield* withoutFirst(
    fixedRuns(withEndOfRows(data, first.dataPosition), length, first.dataPosition),
    from - headBytes - first.position,
  )
}

/** Of the rows and their end, as they lie in the archive. */
function plainLength(data: EntryData, { compression }: ArchiveHeader): number | null {
  if (data.kind !== 'rows' || data.length === undefined || compression.algorithm !== 'none') return null
  return data.length + endOfRows.length
}

/** Each piece of the source as a run, or what it is compressed to. */
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

async function* withEndOfRows(
  { length = 0, read }: EntryData & { kind: 'rows' },
  from: number,
): AsyncGenerator<Uint8Array> {
  if (from === 0) yield* read()
  else if (from < length) yield* read(from)
  yield from > length ? endOfRows.subarray(from - length) : endOfRows
}

async function* withoutFirst(pieces: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = Math.max(0, bytes)
  for await (const piece of pieces) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}

/** An oid is unsigned, the number it is stored as is not. */
function encodeOid(oid: number): Buffer {
  return encodeInteger(oid | 0)
}
