import { EngineError } from '../../errors.ts'
import { copyIn } from '../../postgres/copy-in.ts'
import { bookkeepingSchema } from '../../postgres/excluded.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import { isMarkerVisible } from '../../postgres/marker.ts'
import type { Query } from '../../postgres/query.ts'
import { copyIntoSql } from '../../postgres/segments.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import {
  deleteRewind,
  listRewinds,
  type RewindRecord,
  readRewind,
  readTakenOut,
} from '../../repository/documents/rewinds.ts'
import type { RestoreContext, Running } from '../../restore/options.ts'
import { tableName } from '../live-view.ts'
import { applyPatch, lockForPatch, type TablePatch } from './apply-patch.ts'
import { undoUntil } from './expired-rewinds.ts'
import { freshTable, goneTable } from './patch-tables.ts'
import { refreshDependentViews } from './refresh-views.ts'
import { wayOf } from './rewind-plan.ts'
import { readRewindRights } from './rights.ts'

/** A rewind that can be undone, as far as the repository knows. */
export interface KeptRewind {
  id: string
  backup: string
  safety_backup: string | null
  at: string
  /** Until when it can be undone; `null`: until it is. */
  undo_until: string | null
  by: string
  database: string
  tables: { table: string; put_back: number; taken_out: number }[]
}

/** The rewinds of which the rows that they took out are kept, newest first. */
export async function keptRewinds(
  { repository, keepReplacedDays }: Pick<RestoreContext, 'repository' | 'keepReplacedDays'>,
  running: Running = {},
): Promise<KeptRewind[]> {
  const records = await listRewinds(repository, running)
  return records.map(({ id, backup, safety_backup, at, by, database, tables }) => ({
    ...{ id, backup, safety_backup, at, undo_until: undoUntil(at, keepReplacedDays), by, database },
    tables: tables.map((table) => ({
      table: tableName(table),
      put_back: table.put_back,
      taken_out: table.taken_out,
    })),
  }))
}

/**
 * Undoes a rewind in one transaction: the rows that it put back go, if none of them was changed since, and those that it
 * took out come back. Rows that were added since stay.
 *
 * @throws EngineError `REWIND_NOT_FOUND`, `CHANGED_SINCE`, `UNIQUE_TAKEN`, `SUBSET_NOT_CLOSED`, `NO_RIGHTS`, `LOCK_BUDGET`.
 */
export async function undoRewind(
  context: RestoreContext,
  id: string,
  running: Running & { lockTimeoutMs?: number; onStatement?: (sql: string) => Promise<void> | void } = {},
): Promise<{ rewindId: string; putBack: number; takenOut: number }> {
  const { signal, report, lockTimeoutMs = 10_000, onStatement } = running
  const record = await readRewind(context.repository, id, { signal })
  if (!record) throw notFound(id)
  const session = await openSession(context.database, { application: 'rewind', signal })
  const query: Query = async (sql, values) => {
    await onStatement?.(sql)
    return session.query(sql, values)
  }
  const patch = record.tables.map(
    ({ oid, schema, name, columns, put_back, taken_out }, number): TablePatch => ({
      ...{ number, oid, schema, name, columns, rowsAfter: null },
      ...{ putBack: taken_out, takeOut: put_back },
    }),
  )
  try {
    await requireSameDatabase(session.query, record)
    const way = wayOf(await readRewindRights(session.query, patch))
    if (way === null) throw new EngineError('NO_RIGHTS', 'Triggers and foreign keys cannot be left aside.')
    await loadTakenOut(context, session, record)
    await query('BEGIN')
    try {
      const foreignKeys = await lockForPatch(query, patch, lockTimeoutMs)
      await requireCommitted(query, record)
      for (const table of patch) await findPutBack(query, record, table)
      await applyPatch(query, patch, foreignKeys, way)
      // With it goes the proof that there is something to undo: it can happen once.
      if (record.marker !== null)
        await query(`DELETE FROM ${quoteIdentifier(bookkeepingSchema)}.marker WHERE nonce = $1`, [record.marker])
      await query('COMMIT')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
    await deleteRewind(context.repository, id)
    await refreshDependentViews(
      session.query,
      patch.map(({ oid }) => oid),
      report,
    )
    const sum = (field: 'putBack' | 'takeOut') => patch.reduce((total, table) => total + table[field], 0)
    return { rewindId: id, putBack: sum('putBack'), takenOut: sum('takeOut') }
  } finally {
    await session.close()
  }
}

function notFound(id: string): EngineError {
  return new EngineError('REWIND_NOT_FOUND', `There is no rewind ${id} that can be undone.`)
}

async function requireSameDatabase(query: Query, record: RewindRecord): Promise<void> {
  const [row] = await query<{ same: boolean; near: boolean }>(
    `SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) = $1
         AND oid::pg_catalog.int8 = $2::pg_catalog.int8 AS same,
       pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.numeric - $3::pg_catalog.numeric < 2000000000 AS near
     FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
    [record.system_identifier, record.database_oid, record.transaction],
  )
  if (!row?.same)
    throw new EngineError('REWIND_NOT_FOUND', `Rewind ${record.id} was of another database.`, {
      advice: 'The database was restored or replaced since. Rewind or restore the safety backup instead.',
    })
  if (!row.near) throw new EngineError('CHANGED_SINCE', `Rewind ${record.id} is too many transactions ago.`)
}

async function loadTakenOut({ repository }: RestoreContext, session: Session, record: RewindRecord): Promise<void> {
  for (const [number, table] of record.tables.entries()) {
    const columns = table.columns.map(quoteIdentifier).join(', ')
    await session.query(
      `CREATE TEMP TABLE lifeboat_gone_${number} AS SELECT ${columns} FROM ONLY ${qualifiedName(table)} WITH NO DATA;
       CREATE TEMP TABLE lifeboat_fresh_${number} (place pg_catalog.tid NOT NULL)`,
    )
    const target = { schema: 'pg_temp', name: `lifeboat_gone_${number}`, columns: table.columns }
    const copy = copyIn(session, copyIntoSql(target, { encoding: session.encoding }))
    try {
      for await (const bytes of readTakenOut(repository, record.id, table)) await copy.write(bytes)
    } catch (error) {
      await copy.fail(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
    const { rows } = await copy.end()
    if (rows !== table.taken_out)
      throw new EngineError('REPOSITORY_DAMAGED', `Rewind ${record.id} kept ${rows} of ${table.taken_out} rows.`)
    await session.query(`ANALYZE ${goneTable(number)}`)
  }
}

/** Whether the rewind's transaction was committed in this very history of the database. */
async function requireCommitted(query: Query, record: RewindRecord): Promise<void> {
  if (record.marker !== null) {
    if (!(await isMarkerVisible(query, record.marker))) throw notFound(record.id)
    return
  }
  const [row] = await query<{ status: string | null }>(
    'SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8) AS status',
    [record.transaction],
  )
  if (row?.status !== 'committed' || record.tables.some(({ put_back }) => put_back === 0)) throw notFound(record.id)
}

/** The rows that the rewind put back have its transaction's id in `xmin` until another transaction changes them. */
async function findPutBack(query: Query, record: RewindRecord, table: TablePatch): Promise<void> {
  const { relfilenode } = record.tables[table.number]!
  const id = String(BigInt(record.transaction) & 0xffff_ffffn)
  const [same] = await query<{ same: boolean }>(
    `SELECT pg_catalog.to_regclass($1)::pg_catalog.oid = $2::pg_catalog.oid
       AND pg_catalog.pg_relation_filenode($2::pg_catalog.oid)::pg_catalog.int8 = $3 AS same`,
    [qualifiedName(table), String(table.oid), relfilenode],
  )
  if (same?.same !== true)
    throw new EngineError('CHANGED_SINCE', `${tableName(table)} was rewritten or replaced since.`)
  const [row] = await query<{ rows: string }>(
    `WITH found AS (INSERT INTO ${freshTable(table.number)} SELECT ctid FROM ONLY ${qualifiedName(table)}
       WHERE xmin = '${id}'::pg_catalog.xid RETURNING 1)
     SELECT pg_catalog.count(*)::text AS rows FROM found`,
  )
  if (Number(row!.rows) !== table.takeOut)
    throw new EngineError(
      'CHANGED_SINCE',
      `${table.takeOut - Number(row!.rows)} of ${table.takeOut} rows of ${tableName(table)} have changed since they were put back.`,
    )
}
