import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { explainCopyError } from './read-job.ts'
import type { Readings } from './read-tables.ts'
import { type WorkItem, weightOfRows } from './work-queue.ts'
import type { ReadJob } from './worker-protocol.ts'

/**
 * Up to so many bytes on disk are read here, some 100 ms: threads and their connections take longer to start. It is what
 * an unchanged backup of a few gigabytes reads again as a sample.
 */
export const littleWork = 16 << 20

/** Reads and counts on the session that holds the snapshot, in this thread, letting the event loop breathe. */
export async function readHere(run: {
  session: Session
  writer: RepositoryWriter
  groups: WorkItem[][]
  toJob(items: readonly WorkItem[]): ReadJob
  readings: Readings
}): Promise<{ bytes: number }> {
  const { session, writer, groups, readings } = run
  const { copies, counts } = run.toJob(groups.flat())
  let bytes = 0
  await session.query('SAVEPOINT job')
  for (const copy of copies) {
    const pipe = new PassThrough()
    const stored = writer.writeChunks(pipe)
    // What stops the writing also ends the pipe: then there is nobody to wait for.
    stored.catch(() => pipe.destroy())
    const copied = await copyOut(session, copy.sql, async (piece) => {
      if (!pipe.write(Buffer.from(piece))) await Promise.race([once(pipe, 'drain'), stored])
    }).catch((error) => {
      pipe.destroy()
      return explainCopyError(session, copy, error)
    })
    pipe.end()
    readings.segments[copy.table]![copy.segment] = { rows: copied.rows, ...(await stored) }
    readings.rows += copied.rows
    readings.bytesDone += copied.bytes
    bytes += copied.bytes
  }
  for (const { table, sql } of counts) {
    const [row] = await session.query<{ rows: string }>(`SELECT ${sql} AS rows`)
    readings.counts[table] = Number(row?.rows)
  }
  await session.query('RELEASE SAVEPOINT job')
  readings.weightDone += weightOfRows(groups.flat())
  return { bytes }
}
