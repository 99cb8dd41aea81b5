import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { copyOut } from '../postgres/copy-out.ts'
import type { Session } from '../postgres/session.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { countRows, explainCopyError } from './read-job.ts'
import { type ReadTotals, recordSegment } from './read-tables.ts'
import { planJob } from './read-work.ts'
import { type WorkItem, weightOfRows } from './work-queue.ts'

/**
 * Up to so many bytes on disk are read here, some 100 ms: threads and their connections take longer to start. It is what
 * an unchanged backup of a few gigabytes reads again as a sample.
 */
export const littleWork = 16 << 20

/** Reads and counts on the session that holds the snapshot, in this thread, with room for the host's work in between. */
export async function readHere(run: {
  session: Session
  writer: RepositoryWriter
  items: readonly WorkItem[]
  totals: ReadTotals
}): Promise<{ bytes: number }> {
  const { session, writer, items, totals } = run
  const { job, reads, counted } = planJob(items, session.encoding)
  let bytes = 0
  await session.query('SAVEPOINT job')
  for (const [position, item] of reads.entries()) {
    const copy = job.copies[position]
    if (!copy) continue
    const pipe = new PassThrough()
    const stored = writer.writeChunks(pipe)
    // What stops the writing also ends the pipe: then there is nothing to wait for.
    stored.catch(() => pipe.destroy())
    const copied = await copyOut(session, copy.sql, async (piece) => {
      if (!pipe.write(Buffer.from(piece))) await Promise.race([once(pipe, 'drain'), stored])
    }).catch((error) => {
      pipe.destroy()
      return explainCopyError(session, copy, error)
    })
    pipe.end()
    recordSegment(totals, item, { rows: copied.rows, ...(await stored) })
    bytes += copied.bytes
  }
  const rows = await countRows(session, job.counts)
  for (const [position, readable] of counted.entries()) readable.count = rows[position] ?? undefined
  await session.query('RELEASE SAVEPOINT job')
  totals.weightDone += weightOfRows(items)
  return { bytes }
}
