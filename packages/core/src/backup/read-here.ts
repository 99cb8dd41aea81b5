import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { copyOut } from '../postgres/copy-out.ts'
import type { ServerFacts } from '../postgres/server-facts.ts'
import type { Session } from '../postgres/session.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { canTogether, countRows, explainCopyError, readTogether } from './read-job.ts'
import { type ReadTotals, recordSegment } from './read-tables.ts'
import { isTogether, type PlannedJob, planJob } from './read-work.ts'
import { createWorkQueue, type WorkItem, weightOfRows } from './work-queue.ts'
import type { CopyItem, ReadJobResult } from './worker-protocol.ts'

/**
 * Up to so many bytes on disk are read here, some 100 ms: threads and their connections take longer to start. It is what
 * an unchanged backup of a few gigabytes reads again as a sample.
 */
const littleWork = 16 << 20
/** And so many tables, which take 0.1 ms each where many go to a query. */
const fewTables = 2000
/** What a table weighs that is not read so; its own weight has as much in it. */
const tableWeight = 16 << 10

/** Whether so much is read on the session that holds the snapshot. */
export function isLittle(items: readonly WorkItem[], { copyReader }: Pick<Session, 'copyReader'>): boolean {
  const together = copyReader ? items.filter(({ kind, of }) => kind === 'read' && isTogether(of)).length : 0
  const weight = items.reduce((sum, item) => sum + item.weight, 0)
  return together <= fewTables && weight - together * tableWeight <= littleWork
}

/** The same by what the server has counted of a database: a guess. */
export function looksLittle(server: Pick<ServerFacts, 'tables' | 'table_blocks' | 'block_size'>): boolean {
  const { tables, table_blocks: blocks, block_size: blockBytes } = server
  return tables <= fewTables && blocks !== null && blocks * blockBytes <= littleWork
}

export interface TotalsHere extends ReadTotals {
  /** Read in this thread. */
  bytesHere: number
}

/** Reads and counts on the session that holds the snapshot, in this thread, with room for the host's work in between. */
export async function readHere(run: {
  session: Session
  writer: RepositoryWriter
  groups: WorkItem[][]
  totals: TotalsHere
}): Promise<void> {
  const { session, writer, totals } = run
  const queue = createWorkQueue(run.groups, { workers: 1 })
  for (let items = queue.next(); items; items = queue.next()) {
    const planned = planJob(items, session.encoding)
    await session.query('SAVEPOINT job')
    await readSmall(run, planned)
    for (const [position, item] of planned.reads.entries()) {
      const copy = planned.job.copies[position]
      if (!copy || canTogether(session, copy)) continue
      const { rows, bytes, stored } = await readOne(session, writer, copy)
      recordSegment(totals, item, { rows, ...stored })
      totals.bytesHere += bytes
    }
    const alone = planned.job.counts.map((count) => (canTogether(session, count) ? null : count))
    for (const [position, rows] of (await countRows(session, alone)).entries())
      if (alone[position]) planned.counted[position]!.count = rows ?? undefined
    await session.query('RELEASE SAVEPOINT job')
    totals.weightDone += weightOfRows(items)
  }
}

/** Small tables and their counts, many to a query. */
async function readSmall(
  { session, writer, totals }: Parameters<typeof readHere>[0],
  { job, reads, counted }: PlannedJob,
): Promise<void> {
  const result: Pick<ReadJobResult, 'segments' | 'counts'> = { segments: [], counts: [] }
  await readTogether(session, writer, {
    ...{ job, result },
    isTogether: (item) => canTogether(session, item),
    onBytes: (bytes) => {
      totals.bytesHere += bytes
    },
  })
  await writer.settled()
  result.segments.forEach((stored, position) => {
    if (stored) recordSegment(totals, reads[position]!, stored)
  })
  result.counts.forEach((rows, position) => {
    counted[position]!.count = rows ?? undefined
  })
}

async function readOne(session: Session, writer: RepositoryWriter, copy: CopyItem) {
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
  return { ...copied, stored: await stored }
}
