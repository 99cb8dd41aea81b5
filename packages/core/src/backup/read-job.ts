import { EngineError } from '../errors.ts'
import { copyOut } from '../postgres/copy-out.ts'
import { copyOutTogether } from '../postgres/copy-out-together.ts'
import { sqlState } from '../postgres/database-errors.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkWriter } from '../repository/chunks/chunk-writer.ts'
import { findLargestRow } from './largest-row.ts'
import type { SharedState } from './shared-state.ts'
import type { CopyItem, CountItem, ReadJob, ReadJobResult } from './worker-protocol.ts'

/**
 * Reads the segments of a job through COPY into chunks and counts tables, on a connection that shares the snapshot.
 *
 * Locks are asked for with NOWAIT: the main session already holds them, so the only way to wait would be behind
 * a session that waits for the main session, a deadlock that the server cannot see. A table that another session waits
 * for is left to the main session. The job's locks end with its savepoint, so 10,000 tables do not fill the server's lock table once per
 * worker.
 */
export async function readJob(
  session: Session,
  chunks: ChunkWriter,
  job: ReadJob,
  shared: SharedState,
): Promise<ReadJobResult> {
  const contested = await lockTables(session, job.lock)
  const isContested = ({ lock }: { lock: number | null }) => lock !== null && contested.has(lock)
  const result: ReadJobResult = {
    contested: [...contested],
    segments: job.copies.map(() => null),
    counts: job.counts.map(() => null),
  }
  const isTogether = (item: CopyItem | CountItem) => canTogether(session, item) && !isContested(item)
  const onBytes = (bytes: number) => shared.addBytesRead(bytes)
  shared.active = true
  try {
    await readTogether(session, chunks, { job, isTogether, result, onBytes })
    for (const [position, copy] of job.copies.entries()) {
      if (isContested(copy) || isTogether(copy)) continue
      const stream = chunks.openStream()
      const { rows } = await copyOut(session, copy.sql, (bytes) => {
        stream.write(bytes)
        shared.addBytesRead(bytes.byteLength)
      }).catch((error) => explainCopyError(session, copy, error))
      result.segments[position] = { rows, ...stream.end() }
    }
  } finally {
    shared.active = false
  }
  const counted = await countRows(
    session,
    job.counts.map((count) => (isContested(count) || isTogether(count) ? null : count)),
  )
  for (const [position, rows] of counted.entries()) result.counts[position] ??= rows
  await session.query('ROLLBACK TO SAVEPOINT job')
  return result
}

/** Over TLS there is no reader that could tell many apart. */
export function canTogether({ copyReader }: Session, { together }: CopyItem | CountItem): boolean {
  return together === true && copyReader !== null
}

/** Small tables, and their counts, as one query. */
export async function readTogether(
  session: Session,
  chunks: Pick<ChunkWriter, 'openStream'>,
  run: {
    job: Pick<ReadJob, 'copies' | 'counts'>
    isTogether: (item: CopyItem | CountItem) => boolean
    result: Pick<ReadJobResult, 'segments' | 'counts'>
    onBytes: (bytes: number) => void
  },
): Promise<void> {
  const { job, isTogether, result, onBytes } = run
  const copies = job.copies.flatMap((copy, position) => {
    if (!isTogether(copy)) return []
    let stream: ReturnType<ChunkWriter['openStream']> | undefined
    const onData = (bytes: Uint8Array) => {
      stream ??= chunks.openStream()
      stream.write(bytes)
      onBytes(bytes.byteLength)
    }
    const onEnd = (rows: number) => {
      result.segments[position] = { rows, ...(stream?.end() ?? { bytes: 0, ids: [] }) }
    }
    return [{ copy, together: { sql: copy.sql, onData, onEnd } }]
  })
  const counts = job.counts.flatMap((count, position) => {
    if (!isTogether(count)) return []
    const onEnd = (rows: number) => {
      result.counts[position] = rows
    }
    return [{ sql: count.sql, onData: () => {}, onEnd }]
  })
  if (copies.length + counts.length === 0) return
  let failed: CopyItem | undefined
  await copyOutTogether(session, [...copies.map(({ together }) => together), ...counts], (position) => {
    failed = copies[position]?.copy
  }).catch((error) => {
    if (failed) return explainCopyError(session, failed, error)
    throw error
  })
}

/** Rows of each item's table, as the server counts them: those that can be planned, in one statement. */
export async function countRows(session: Session, counts: readonly (CountItem | null)[]): Promise<(number | null)[]> {
  const columns = counts.flatMap((count, index) => (count && !count.byCopy ? [`${count.sql} AS c${index}`] : []))
  const [row] =
    columns.length > 0 ? await session.query<Record<string, string>>(`SELECT ${columns.join(', ')}`) : [undefined]
  const rows: (number | null)[] = []
  for (const [index, count] of counts.entries()) {
    if (count?.byCopy) rows.push((await copyOut(session, count.sql, () => {})).rows)
    else rows.push(count ? Number(row?.[`c${index}`]) : null)
  }
  return rows
}

/** Locks the job's tables within a savepoint; positions of those that cannot be had at once are returned. */
async function lockTables(session: Session, lock: ReadJob['lock']): Promise<Set<number>> {
  const contested = new Set<number>()
  const lockSql = (names: string[]) =>
    `LOCK TABLE ${names.map((name) => `ONLY ${name}`).join(', ')} IN ACCESS SHARE MODE NOWAIT`
  await session.query('SAVEPOINT job')
  if (lock.length === 0) return contested
  try {
    await session.query(lockSql(lock))
    return contested
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error
  }
  await session.query('ROLLBACK TO SAVEPOINT job')
  for (const [position, name] of lock.entries()) {
    await session.query('SAVEPOINT one')
    try {
      await session.query(lockSql([name]))
      await session.query('RELEASE SAVEPOINT one')
    } catch (error) {
      if (!isLockNotAvailable(error)) throw error
      await session.query('ROLLBACK TO SAVEPOINT one')
      contested.add(position)
    }
  }
  return contested
}

/**
 * Throws the error of a failed COPY; when the server could not write a row as text, an error that names the row. The
 * session must have a savepoint `job` from before the COPY.
 */
export async function explainCopyError(session: Session, copy: CopyItem, error: unknown): Promise<never> {
  if (!copy.range || !isTooLargeForText(error)) throw error
  await session.query('ROLLBACK TO SAVEPOINT job')
  // To look for the row is planned, which may fail for reasons of its own.
  const row = await findLargestRow(session.query, copy.range).catch(() => null)
  const table = `${copy.range.schema}.${copy.range.name}`
  throw new EngineError(
    'ROW_NOT_REPRESENTABLE',
    `A row of ${table}${row ? ` (${row})` : ''} is too large for COPY text: ${messageOf(error)}`,
    { cause: error, detail: { table, row } },
  )
}

function isLockNotAvailable(error: unknown): boolean {
  return sqlState(error) === '55P03'
}

/** A value past 1 GB as text: `invalid memory alloc request size` (XX000), or a row's buffer that cannot grow (54000). */
function isTooLargeForText(error: unknown): boolean {
  const state = sqlState(error)
  const message = messageOf(error)
  return (
    (state === 'XX000' && message.includes('invalid memory alloc request size')) ||
    (state === '54000' && /string buffer|out of memory/.test(message))
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
