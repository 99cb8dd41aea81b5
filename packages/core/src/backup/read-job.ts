import { EngineError } from '../errors.ts'
import { copyOut } from '../postgres/copy-out.ts'
import { sqlState } from '../postgres/database-errors.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkWriter } from '../repository/chunk-writer.ts'
import { findLargestRow } from './largest-row.ts'
import type { CopyItem, ReadJob, ReadJobResult, SharedState } from './worker-protocol.ts'

/**
 * Reads the segments of a job through COPY into chunks and counts tables, on a connection that shares the snapshot.
 *
 * Locks are asked for with NOWAIT: the main session already holds them, so the only way to wait would be behind
 * somebody who waits for the main session, a deadlock nobody sees. A table somebody waits for is left to the main
 * session. The job's locks end with its savepoint, so 10,000 tables do not fill the server's lock table once per
 * worker.
 */
export async function readJob(
  session: Session,
  chunks: ChunkWriter,
  job: ReadJob,
  shared: SharedState,
): Promise<ReadJobResult> {
  const contested = await lockTables(session, job.lock)
  const result: ReadJobResult = { contested: [...contested], segments: [], counts: [] }
  for (const copy of job.copies) {
    if (contested.has(copy.table)) continue
    const stream = chunks.openStream()
    shared.active = true
    const { rows } = await copyOut(session, copy.sql, (bytes) => {
      stream.write(bytes)
      shared.addBytesRead(bytes.byteLength)
    })
      .catch((error) => explainCopyError(session, copy, error))
      .finally(() => {
        shared.active = false
      })
    result.segments.push({ table: copy.table, segment: copy.segment, rows, ...stream.end() })
  }
  const counts = job.counts.filter((count) => !contested.has(count.table))
  if (counts.length > 0) {
    const columns = counts.map((count, index) => `${count.sql} AS c${index}`)
    const [row] = await session.query<Record<string, string>>(`SELECT ${columns.join(', ')}`)
    result.counts = counts.map(({ table }, index) => ({ table, rows: Number(row?.[`c${index}`]) }))
  }
  await session.query('ROLLBACK TO SAVEPOINT job')
  return result
}

/** Locks the job's tables within a savepoint; those that cannot be had at once are returned. */
async function lockTables(session: Session, lock: ReadJob['lock']): Promise<Set<number>> {
  const contested = new Set<number>()
  const names = (tables: ReadJob['lock']) => tables.map(({ name }) => `ONLY ${name}`).join(', ')
  const lockSql = (tables: ReadJob['lock']) => `LOCK TABLE ${names(tables)} IN ACCESS SHARE MODE NOWAIT`
  await session.query('SAVEPOINT job')
  if (lock.length === 0) return contested
  try {
    await session.query(lockSql(lock))
    return contested
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error
  }
  await session.query('ROLLBACK TO SAVEPOINT job')
  for (const table of lock) {
    await session.query('SAVEPOINT one')
    try {
      await session.query(lockSql([table]))
      await session.query('RELEASE SAVEPOINT one')
    } catch (error) {
      if (!isLockNotAvailable(error)) throw error
      await session.query('ROLLBACK TO SAVEPOINT one')
      contested.add(table.table)
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
  const row = await findLargestRow(session.query, copy.range)
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
