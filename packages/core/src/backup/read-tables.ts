import { log, type Reporter } from '../events.ts'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import { countRows, explainCopyError } from './read-job.ts'
import { type PlannedJob, planJob } from './read-work.ts'
import type { ReadSegment } from './readable.ts'
import { createWorkQueue, type ReadItem, type WorkItem, weightOfRows } from './work-queue.ts'
import type { WorkerPool } from './worker-pool.ts'

/** How far reading is. */
export interface ReadTotals {
  rows: number
  /** Weight of the rows that are done, and their bytes: for the estimate of what is left. */
  weightDone: number
  bytesDone: number
}

/** Notes what was read of an item. */
export function recordSegment(totals: ReadTotals, { of: readable, segment }: ReadItem, stored: ReadSegment): void {
  readable.read[segment] = stored
  totals.rows += stored.rows
  totals.bytesDone += stored.bytes
}

/**
 * Reads and counts everything planned: each worker takes job after job. What a worker could not lock is read by the
 * main session, which holds the locks, and fed to a worker.
 */
export async function readTables(run: {
  pool: WorkerPool
  session: Session
  groups: WorkItem[][]
  totals: ReadTotals
  report?: Reporter
}): Promise<void> {
  const { pool, session, totals } = run
  const queue = createWorkQueue(run.groups, { workers: pool.size })
  let mainSession: Promise<unknown> = Promise.resolve()

  async function work(): Promise<void> {
    for (let items = queue.next(); items; items = queue.next()) {
      const planned = planJob(items, session.encoding)
      const result = await pool.read(planned.job)
      for (const [position, item] of planned.reads.entries()) {
        const stored = result.segments[position]
        if (stored) recordSegment(totals, item, stored)
      }
      for (const [position, readable] of planned.counted.entries())
        readable.count = result.counts[position] ?? undefined
      if (result.contested.length > 0) {
        const contested = new Set(result.contested)
        // One COPY at a time on the main session.
        mainSession = mainSession.then(() => readContested(planned, contested))
        await mainSession
      }
      totals.weightDone += weightOfRows(items)
    }
  }

  async function readContested({ job, reads, counted }: PlannedJob, contested: Set<number>): Promise<void> {
    const isContested = ({ lock }: { lock: number | null }) => lock !== null && contested.has(lock)
    for (const position of contested)
      log(
        run.report,
        'info',
        `Another session waits to lock ${job.lock[position]}: ours, which holds its lock, reads it.`,
      )
    for (const [position, item] of reads.entries()) {
      const copy = job.copies[position]
      if (!copy || !isContested(copy)) continue
      await session.query('SAVEPOINT job')
      const { value, stream } = await pool.feed((write) =>
        copyOut(session, copy.sql, (bytes) => write(new Uint8Array(bytes))).catch((error) =>
          explainCopyError(session, copy, error),
        ),
      )
      await session.query('RELEASE SAVEPOINT job')
      recordSegment(totals, item, { rows: value.rows, ...stream })
    }
    const rows = await countRows(
      session,
      job.counts.map((count) => (isContested(count) ? count : null)),
    )
    for (const [position, readable] of counted.entries()) readable.count = rows[position] ?? readable.count
  }

  await Promise.all(Array.from({ length: pool.size }, work))
}
