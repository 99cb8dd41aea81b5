import { EngineError } from '../errors.ts'
import { copyOut } from '../postgres/copy-out.ts'
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { earlierAgeSql, mayBeFresh } from '../postgres/scan-segments.ts'
import type { SegmentRange } from '../postgres/segments.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Segment } from '../repository/documents/documents.ts'
import { createHostPause } from '../threads/yield-to-host.ts'
import type { SegmentChange } from './scan-changes.ts'
import { createSubsequenceWalk, type GoneLines, historyDiffers } from './subsequence-walk.ts'
import { createLineBlocks, linesOf } from './whole-lines.ts'

/** Takes the difference of a segment as it is found. Bytes are valid until the promise that is returned settles. */
export interface DifferenceSink {
  /** Lines of COPY text that the backup has and the table lacks. */
  gone: GoneLines
  /** A row that the table has and the backup lacks: its place, and its line of COPY text. */
  fresh(place: string, line: Buffer): Promise<void> | void
}

export interface DifferenceSource {
  session: Session
  table: { schema: string; name: string; columns: readonly string[] }
  /** Rows not provably older than the snapshot with this xmin are fresh. */
  xmin: string
  reader: ChunkReader
}

/**
 * Reads the exact difference between a segment of a backup and what lies in its blocks now: its fresh rows out, then its
 * kept rows beside the backup's lines.
 *
 * @throws EngineError `HISTORY_DIFFERS` where a kept row is not one that the backup has, in its place and order; what the
 *   sink was given is void then. `REPOSITORY_DAMAGED`, `CHUNK_MISSING`.
 */
export async function readDifference(
  source: DifferenceSource,
  segment: Segment,
  change: SegmentChange,
  sink: DifferenceSink,
): Promise<void> {
  const { session, table } = source
  const where = `${table.schema}.${table.name}`
  if (change.gone < 0) throw historyDiffers(where)
  if (change.fresh > 0) await readFresh(source, change, sink)
  const backup = linesOfChunks(source.reader, segment.chunks)
  const walk = createSubsequenceWalk(backup, sink.gone)
  const lines = createLineBlocks()
  const { rows } = await copyOut(session, keptSql(source, segment), async (piece) => {
    const block = lines.push(piece)
    if (block) await walk.kept(block)
  })
  const gone = await walk.end()
  if (rows !== change.now - change.fresh || gone !== change.gone) throw historyDiffers(where)
}

async function readFresh(
  source: DifferenceSource,
  { range, fresh }: SegmentChange,
  sink: DifferenceSink,
): Promise<void> {
  const lines = createLineBlocks()
  const pause = createHostPause(500)
  const { rows } = await copyOut(source.session, freshSql(source, range), async (piece) => {
    const block = lines.push(piece)
    if (!block) return
    for (const line of linesOf(block)) {
      const tab = line.indexOf(9)
      // A table without columns gives the place alone.
      const [place, rest] =
        tab < 0 ? [line.subarray(0, -1), line.subarray(-1)] : [line.subarray(0, tab), line.subarray(tab + 1)]
      await sink.fresh(place.toString('latin1'), rest)
      await pause(1)
    }
  })
  if (rows !== fresh) throw historyDiffers(`${source.table.schema}.${source.table.name}`)
}

/** The backup's lines of a segment in blocks of whole ones. */
export async function* linesOfChunks(reader: ChunkReader, chunks: readonly string[]): AsyncGenerator<Buffer> {
  const lines = createLineBlocks()
  for await (const chunk of reader.readChunks(chunks)) {
    const block = lines.push(chunk)
    if (block) yield block
  }
  if (lines.open) throw new EngineError('REPOSITORY_DAMAGED', 'The rows of a segment end within a line.')
}

const keptSql = (source: DifferenceSource, range: SegmentRange) =>
  rowsSql(source, range, { first: [], condition: `NOT (${mayBeFresh('xmin')})` })

const freshSql = (source: DifferenceSource, range: SegmentRange) =>
  rowsSql(source, range, { first: ['ctid'], condition: `(${mayBeFresh('xmin')})` })

function rowsSql(
  { session, table, xmin }: DifferenceSource,
  { start, end }: Pick<SegmentRange, 'start' | 'end'>,
  { first, condition }: { first: string[]; condition: string },
): string {
  const columns = [...first, ...table.columns.map(quoteIdentifier)].join(', ')
  const upper = end === null ? '' : ` AND ctid < '(${end},0)'`
  const encoding = session.encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(session.encoding)})`
  return `COPY (${earlierAgeSql(xmin)} SELECT ${columns} FROM ONLY ${qualifiedName(table)}
    WHERE ctid >= '(${start},0)'${upper} AND ${condition}) TO STDOUT${encoding}`
}
