import { log, type Reporter } from '../events.ts'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import { explainCopyError } from './read-job.ts'
import { createWorkQueue, type WorkItem, weightOfRows } from './work-queue.ts'
import type { WorkerPool } from './worker-pool.ts'
import type { ReadJob, StoredStream } from './worker-protocol.ts'

export interface ReadSegment extends StoredStream {
  rows: number
}

/** What reading found; filled as jobs end, whole when `readTables` has resolved. */
export interface Readings {
  /** By table and segment, as in the plan. */
  segments: ReadSegment[][]
  /** By table: rows another query counted. */
  counts: (number | undefined)[]
  rows: number
  /** Weight of the rows that are done, and their bytes: for the estimate of what is left. */
  weightDone: number
  bytesDone: number
}

/**
 * Reads and counts everything planned: each worker takes job after job. What a worker could not lock is read by the
 * main session, which holds the locks, and fed to a worker.
 */
export async function readTables(run: {
  pool: WorkerPool
  session: Session
  groups: WorkItem[][]
  toJob(items: readonly WorkItem[]): ReadJob
  readings: Readings
  report?: Reporter
}): Promise<void> {
  const { pool, session, toJob, readings } = run
  const queue = createWorkQueue(run.groups, { workers: pool.size })
  let mainSession: Promise<unknown> = Promise.resolve()

  async function work(): Promise<void> {
    for (let items = queue.next(); items; items = queue.next()) {
      const job = toJob(items)
      const result = await pool.read(job)
      for (const { table, segment, ...stored } of result.segments) record(table, segment, stored)
      for (const { table, rows } of result.counts) readings.counts[table] = rows
      if (result.contested.length > 0) {
        const contested = new Set(result.contested)
        // One COPY at a time on the main session.
        mainSession = mainSession.then(() => readContested(job, contested))
        await mainSession
      }
      readings.weightDone += weightOfRows(items)
    }
  }

  async function readContested(job: ReadJob, contested: Set<number>): Promise<void> {
    for (const { table, name } of job.lock.filter(({ table }) => contested.has(table)))
      log(run.report, 'info', `Somebody waits to lock ${name}: it is read by the session that holds its lock.`, {
        table,
      })
    for (const copy of job.copies.filter(({ table }) => contested.has(table))) {
      await session.query('SAVEPOINT job')
      const { value, stream } = await pool.feed((write) =>
        copyOut(session, copy.sql, (bytes) => write(new Uint8Array(bytes))).catch((error) =>
          explainCopyError(session, copy, error),
        ),
      )
      await session.query('RELEASE SAVEPOINT job')
      record(copy.table, copy.segment, { rows: value.rows, ...stream })
    }
    for (const count of job.counts.filter(({ table }) => contested.has(table))) {
      const [row] = await session.query<{ rows: string }>(`SELECT ${count.sql} AS rows`)
      readings.counts[count.table] = Number(row?.rows)
    }
  }

  function record(table: number, segment: number, stored: ReadSegment): void {
    readings.segments[table]![segment] = stored
    readings.rows += stored.rows
    readings.bytesDone += stored.bytes
  }

  await Promise.all(Array.from({ length: pool.size }, work))
}
