import { createHash } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkReader } from '../repository/chunk-reader.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { readEverything, type TableChange } from './detect-changes.ts'
import { type LargeObjectPlan, largeObjectJob, largeObjectWork } from './large-objects.ts'
import type { LazyPool } from './lazy-pool.ts'
import { type PlannedTable, tableJob, tableWork } from './plan-tables.ts'
import { inPhase } from './progress.ts'
import { littleWork, readHere } from './read-here.ts'
import { type Readings, type ReadSegment, readTables } from './read-tables.ts'
import { chooseSample } from './sample.ts'
import { type WorkItem, weightOfRows } from './work-queue.ts'
import type { ReadJob } from './worker-protocol.ts'

/** All rows of a backup: what was read and what was taken over, by table and segment; large objects come last. */
export interface RowReading {
  segments: ReadSegment[][]
  /** Rows another query counted, by table and (where it was scanned) segment. */
  counts: (number[] | undefined)[]
  changes: TableChange[]
  /** Segments read out, by table. */
  segmentsRead: number[]
  segmentsSampled: number
  bytesRead: number
  /** An unchanged segment was not what it had been: nothing of the base was taken over. */
  baseIsWrong: string | null
}

/** What a table's rows are estimated to be as text before anything is known: somewhat more than on disk. */
const initialTextPerByte = 1.1

/**
 * Reads the segments that changed, takes over the others, and reads a sample of those too. If one of the sample is not
 * byte for byte what it was, change detection has been wrong: everything is read, under the same snapshot.
 */
export async function readRows(run: {
  pool: LazyPool
  writer: RepositoryWriter
  session: Session
  planned: readonly PlannedTable[]
  pages: LargeObjectPlan
  /** One for each table, and one for the large objects. */
  changes: TableChange[]
  sample: { share: number; turn: number }
  reader: ChunkReader | null
  report?: Reporter
}): Promise<RowReading> {
  const { pool, writer, session, planned, pages, report } = run
  const readings: Readings = { segments: run.changes.map(() => []), counts: [], rows: 0, weightDone: 0, bytesDone: 0 }
  const toJob = (items: readonly WorkItem[]): ReadJob => {
    const tables = tableJob(planned, items, session.encoding)
    const objects = largeObjectJob(pages, items)
    return {
      lock: tables.lock,
      copies: [...tables.copies, ...objects.copies],
      counts: [...tables.counts, ...objects.counts],
    }
  }
  let totalWeight = 0
  const bytesBefore = pool.bytesRead
  let bytesHere = 0
  const bytesRead = () => pool.bytesRead - bytesBefore + bytesHere
  const readWanted = async (
    wanted: (table: number, segment: number) => boolean,
    counted: (table: number) => boolean,
  ) => {
    const groups = [...tableWork(planned, wanted, counted), ...largeObjectWork(pages, planned.length, wanted, counted)]
    const weight = groups.flat().reduce((sum, item) => sum + item.weight, 0)
    totalWeight += weightOfRows(groups.flat())
    if (groups.length === 0) return
    if (!pool.started && weight <= littleWork)
      bytesHere += (await readHere({ session, writer, groups, toJob, readings })).bytes
    else await readTables({ pool, session, groups, toJob, readings, report })
  }

  let { changes } = run
  const sample = chooseSample(changes, run.sample)
  const sampled = new Set(sample.map(({ table, segment }) => `${table}/${segment}`))
  let baseIsWrong: string | null = null
  await inPhase(
    report,
    'rows',
    async () => {
      await readWanted(
        (table, segment) => changes[table]!.takenOver[segment] === undefined || sampled.has(`${table}/${segment}`),
        (table) => changes[table]!.counted !== null,
      )
      for (const { table, segment } of sample) {
        const before = changes[table]!.takenOver[segment]!
        const kind = table < planned.length ? 'rows' : 'large-objects'
        const [copy] = toJob([{ kind, table, segment, weight: 0 }]).copies
        if (await isSame(session, copy!.sql, before, readings.segments[table]![segment]!, run.reader)) continue
        baseIsWrong = `${tableName(planned, table)}, segment ${segment + 1}`
        break
      }
      if (baseIsWrong === null) return
      log(report, 'error', `Unchanged rows are not what the earlier backup has of them (${baseIsWrong}).`)
      const reason = 'an unchanged segment was not what it had been'
      const everything = readEverything([...planned, { ranges: pages.ranges } as PlannedTable], reason)
      changes = everything.map((change, table) => ({ ...change, counted: changes[table]!.counted }))
      await readWanted(
        (table, segment) => readings.segments[table]![segment] === undefined,
        () => true,
      )
    },
    () => {
      const bytes = bytesRead()
      const { weightDone, bytesDone } = readings
      // What is left is as dense as what is done; at first nobody knows.
      const textPerByte = weightDone > 0 ? bytesDone / weightDone : initialTextPerByte
      const left = bytesLeft(Math.max(0, totalWeight - weightDone) * textPerByte, bytes - bytesDone)
      return { bytes, bytesTotal: bytes + left, rows: readings.rows }
    },
  )
  return {
    changes,
    segments: changes.map(({ takenOver }, table) =>
      takenOver.map((before, segment) => {
        const read = readings.segments[table]![segment]
        return before ? { rows: before.rows, bytes: before.bytes, ids: before.chunks } : read!
      }),
    ),
    counts: changes.map(({ counted }, table) => {
      const whole = readings.counts[table]
      return counted ?? (whole === undefined ? undefined : [whole])
    }),
    segmentsRead: readings.segments.map((segments) => segments.filter((segment) => segment !== undefined).length),
    segmentsSampled: sample.length,
    bytesRead: bytesRead(),
    baseIsWrong,
  }
}

/**
 * Of the bytes that were ahead when the last job ended, those still left after some have been read: never none while
 * there is work, because they were estimated. Pure.
 */
export function bytesLeft(ahead: number, underWay: number): number {
  return ahead <= 0 ? 0 : ahead ** 2 / (ahead + underWay)
}

/** Equal chunk ids mean equal bytes. Other ids may come of another way of cutting: then the bytes themselves decide. */
async function isSame(
  session: Session,
  copySql: string,
  before: { rows: number; bytes: number; chunks: string[] },
  now: ReadSegment,
  reader: ChunkReader | null,
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

function tableName(planned: readonly PlannedTable[], table: number): string {
  const plan = planned[table]
  return plan ? `${plan.table.schema}.${plan.table.name}` : 'large objects'
}
