import { createHash } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Segment } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { LazyPool } from './lazy-pool.ts'
import { inPhase, type Progress } from './progress.ts'
import { isLittle, readHere, type TotalsHere } from './read-here.ts'
import { type ReadTotals, readTables } from './read-tables.ts'
import { planJob, type Wanted, workOf } from './read-work.ts'
import { changedWhole, nameOf, type Readable, type ReadSegment } from './readable.ts'
import { chooseSample } from './sample.ts'
import { weightOfRows } from './work-queue.ts'

/** How all rows came here; the readables hold the rest. */
export interface RowReading {
  segmentsSampled: number
  bytesRead: number
  /** An unchanged segment was not what it had been: nothing of the base was taken over. */
  baseIsWrong: string | null
}

interface RowRun {
  pool: LazyPool
  writer: RepositoryWriter
  session: Session
  readables: readonly Readable[]
  sample: { share: number; turn: number }
  /** Reads the base's chunks. */
  reader: ChunkReader | null
  report?: Reporter
}

/** What a table's rows are estimated to be as text before anything is known: somewhat more than on disk. */
const initialTextPerByte = 1.1

/**
 * Reads the segments that changed into their readables, takes over the others, and reads a sample of those too. If one
 * of the sample is not byte for byte what it was, change detection has been wrong: everything is read, under the same
 * snapshot.
 */
export async function readRows(run: RowRun): Promise<RowReading> {
  const { pool, readables, report } = run
  const totals = { rows: 0, weight: 0, weightDone: 0, bytesDone: 0, bytesHere: 0 }
  const bytesBefore = pool.bytesRead
  const bytesRead = () => pool.bytesRead - bytesBefore + totals.bytesHere
  const sample = chooseSample(readables, run.sample)
  const sampled = new Set(sample.map(({ before }) => before))

  async function read(): Promise<string | null> {
    await readWanted(run, totals, ({ change }, segment) => {
      const before = change.takenOver[segment]
      return before === undefined || sampled.has(before)
    })
    const wrong = await firstDifference(run, sample)
    if (wrong === null) return null
    log(report, 'error', `Unchanged rows are not what the earlier backup has of them (${wrong}).`)
    for (const readable of readables) {
      // What the base counted is not what is there now.
      const counted = readable.change.proof === 'idle' ? null : readable.change.counted
      readable.change = { ...changedWhole(readable.ranges, 'an unchanged segment was not what it had been'), counted }
    }
    await readWanted(run, totals, (readable, segment) => readable.read[segment] === undefined)
    return wrong
  }
  const baseIsWrong = await inPhase(report, 'rows', read, () => progressOf(totals, bytesRead()))
  return { segmentsSampled: sample.length, bytesRead: bytesRead(), baseIsWrong }
}

interface RowTotals extends ReadTotals, TotalsHere {
  /** Of all work so far. */
  weight: number
}

/** Reads what is wanted: in this thread where it is little, else on the workers. */
async function readWanted(run: RowRun, totals: RowTotals, wanted: Wanted): Promise<void> {
  const { pool, session, writer, report } = run
  const groups = run.readables.flatMap((readable) => workOf(readable, wanted))
  const items = groups.flat()
  if (items.length === 0) return
  totals.weight += weightOfRows(items)
  if (pool.started || !isLittle(items, session)) await readTables({ pool, session, groups, totals, report })
  else await readHere({ session, writer, groups, totals })
}

/** Which of the sampled segments is not what the base has of it; null: all are. */
async function firstDifference(
  { session, reader }: RowRun,
  sample: readonly { of: Readable; segment: number; before: Segment }[],
): Promise<string | null> {
  for (const { of: readable, segment, before } of sample) {
    const now = readable.read[segment]
    const [copy] = planJob([{ kind: 'read', of: readable, segment, weight: 0 }], session.encoding).job.copies
    if (copy && now && (await isSame(before, now, { session, copySql: copy.sql, reader }))) continue
    return `${nameOf(readable)}, segment ${segment + 1}`
  }
  return null
}

/** What is left is as dense as what is done. Of the first rows that is not known yet. */
function progressOf({ rows, weight, weightDone, bytesDone }: RowTotals, bytes: number): Progress {
  const textPerByte = weightDone > 0 ? bytesDone / weightDone : initialTextPerByte
  const left = bytesLeft(Math.max(0, weight - weightDone) * textPerByte, bytes - bytesDone)
  return { bytes, bytesTotal: bytes + left, rows }
}

/**
 * Of the bytes that were ahead when the last job ended, those still left after some have been read: never none while
 * there is work, because they were estimated. Pure.
 */
export function bytesLeft(ahead: number, underWay: number): number {
  return ahead <= 0 ? 0 : ahead ** 2 / (ahead + underWay)
}

/** Equal chunk ids mean equal bytes. Other ids can come of another way of cutting: then the bytes themselves decide. */
async function isSame(
  before: Pick<Segment, 'rows' | 'bytes' | 'chunks'>,
  now: ReadSegment,
  { session, copySql, reader }: { session: Session; copySql: string; reader: ChunkReader | null },
): Promise<boolean> {
  if (before.rows !== now.rows || before.bytes !== now.bytes) return false
  if (before.chunks.length === now.ids.length && before.chunks.every((id, i) => id === now.ids[i])) return true
  if (!reader) return false
  const then = createHash('sha256')
  try {
    for await (const chunk of reader.readChunks(before.chunks)) then.update(chunk)
  } catch (error) {
    if (isEngineError(error, 'REPOSITORY_DAMAGED') || isEngineError(error, 'CHUNK_MISSING')) return false
    throw error
  }
  const present = createHash('sha256')
  await copyOut(session, copySql, (bytes) => void present.update(bytes))
  return then.digest('hex') === present.digest('hex')
}
