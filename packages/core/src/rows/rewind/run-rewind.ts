import { randomBytes } from 'node:crypto'
import type { FingerprintedTable } from '../../backup/plan-tables.ts'
import { EngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import { copyOut } from '../../postgres/copy-out.ts'
import { bookkeepingSchema } from '../../postgres/excluded.ts'
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { prepareMarker } from '../../postgres/marker.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import { createRewindWriter, deleteRewind, type RewindRecord } from '../../repository/documents/rewinds.ts'
import type { RestoreContext, Running } from '../../restore/options.ts'
import { makeSafetyBackup } from '../../restore/safety-backup.ts'
import { openBaseline } from '../baseline.ts'
import type { CompareOptions } from '../compare-rows.ts'
import { type LiveView, openLiveView, shareOut, tableName } from '../live-view.ts'
import { applyPatch, lockForPatch, planChanged, type TablePatch } from './apply-patch.ts'
import { deleteExpiredRewinds } from './expired-rewinds.ts'
import { newRewindId } from './names.ts'
import { createPatchTables, freshTable, goneTable } from './patch-tables.ts'
import { joinForChoosing, type PlannedRewind, planFrom } from './plan-rewind.ts'
import { refreshDependentViews } from './refresh-views.ts'
import { type RewindPlan, requireNoRefusal } from './rewind-plan.ts'
import { setBackSequences } from './sequences.ts'
import { alteredTables, tableState } from './table-state.ts'

export interface RewindResult {
  rewindId: string
  backupId: string
  database: string
  safetyBackupId: string | null
  tables: { table: string; putBack: number; takenOut: number }[]
  putBack: number
  takenOut: number
  refreshedViews: string[]
  /** For how long writers had to wait. */
  lockedMilliseconds: number
  milliseconds: number
}

export interface RewindRunning extends Running {
  id?: string
  by?: string
  /** The plan was made right before, and no person looked at its rows: later changes are taken back too. */
  plannedNow?: boolean
  /** How long to wait for writers to end. Default 10 s; then `LOCK_BUDGET`. */
  lockTimeoutMs?: number
  compare?: CompareOptions
  /** For tests: told each statement of the transaction before it is sent. */
  onStatement?: (sql: string) => Promise<void> | void
}

/**
 * Takes back what changed since a backup, in one transaction: readers go on, writers wait while it lasts. What it takes out
 * is in the repository before it commits, so that it can be undone. Whatever fails or dies, the tables are entirely as they
 * were or entirely as planned.
 *
 * @throws EngineError what the plan refuses; `PLAN_CHANGED` when rows changed since the plan was made; `SUBSET_NOT_CLOSED`,
 *   `UNIQUE_TAKEN`, `LOCK_BUDGET`, `SAFETY_BACKUP_FAILED`, ...
 */
export async function runRewind(
  context: RestoreContext,
  plan: RewindPlan,
  running: RewindRunning = {},
): Promise<RewindResult> {
  const started = performance.now()
  const { signal, report, id = newRewindId() } = running
  requireNoRefusal(plan)
  const { options } = plan
  throwIfAborted(signal)
  await deleteExpiredRewinds(context, { signal })
  const target = { database: plan.database, restoreId: id, backupId: options.backupId, media: [], mediaOnly: false }
  const safetyBackupId = options.safetyBackup ? await makeSafetyBackup(context, target, { signal, report }) : null
  const session = await openSession(context.database, { application: 'rewind', signal, copyReader: true })
  try {
    report?.({ type: 'phase', phase: 'compare' })
    const prepared = await preparePatch(context, plan, session, running)
    const common = { rewindId: id, backupId: options.backupId, database: plan.database, safetyBackupId }
    if (prepared.patch.length === 0)
      return { ...common, ...nothing, milliseconds: Math.round(performance.now() - started) }
    const by = running.by ?? ''
    const lockedMilliseconds = await commitPatch(context, session, prepared, { ...running, id, by, safetyBackupId })
    if (options.sequences === 'exact') await setBackSequences(session.query, prepared.view.baseline)
    const oids = prepared.patch.map(({ oid }) => oid)
    const refreshedViews = await refreshDependentViews(session.query, oids, report)
    const tables = prepared.patch.map((table) => ({
      table: tableName(table),
      putBack: table.putBack,
      takenOut: table.takeOut,
    }))
    const sum = (field: 'putBack' | 'takenOut') => tables.reduce((total, table) => total + table[field], 0)
    return {
      ...common,
      ...{ tables, putBack: sum('putBack'), takenOut: sum('takenOut'), refreshedViews, lockedMilliseconds },
      milliseconds: Math.round(performance.now() - started),
    }
  } finally {
    await session.close()
  }
}

const nothing = { tables: [], putBack: 0, takenOut: 0, refreshedViews: [], lockedMilliseconds: 0 }

/** A patch in the session's temporary tables, and the states of the tables that must be as they were: none where rows are chosen. */
interface PreparedPatch {
  view: LiveView
  planned: PlannedRewind
  scope: FingerprintedTable[]
  states: Map<number, string>
  patch: TablePatch[]
}

async function preparePatch(
  context: RestoreContext,
  plan: RewindPlan,
  session: Session,
  { signal, report, compare = {}, plannedNow }: RewindRunning,
): Promise<PreparedPatch> {
  const { options } = plan
  const baseline = await openBaseline(context, options.backupId, { signal, report })
  const view = await openLiveView(context, baseline, { signal, report })
  try {
    const chosen = options.choice !== undefined
    if (chosen) await joinForChoosing(view, session)
    const tables = createPatchTables(session)
    const planned = await planFrom(context, view, options, { ...compare, signal, report, patch: { session, tables } })
    if (chosen) await session.query('COMMIT')
    if (!plannedNow && planned.plan.hash !== plan.hash)
      throw new EngineError('PLAN_CHANGED', 'Rows have changed since the plan was made.', {
        detail: { plan: planned.plan },
      })
    requireNoRefusal(planned.plan)
    const scope = planned.scope.map(({ live }) => live)
    const states = new Map<number, string>()
    const { xmin } = view.snapshot.facts
    // Of chosen rows each is looked at by itself, so that other rows can be written at the same time.
    const watched = chosen ? [] : scope
    await shareOut(view.sessions, watched, async ({ query }, table) => {
      states.set(table.oid, await tableState(query, table, xmin))
    })
    const patch: TablePatch[] = []
    for (const { pair, digest, key } of planned.changed) {
      const number = planned.numbers.get(pair.live.oid)!
      const table: TablePatch = {
        ...{ number, oid: pair.live.oid, schema: pair.live.schema, name: pair.live.name, columns: pair.record.columns },
        ...{ putBack: digest.goneRows, takeOut: digest.freshRows, rowsAfter: chosen ? null : pair.record.rows },
        versions: chosen,
      }
      if (options.keepNew) await leaveNewRows(session.query, table, key!)
      patch.push(table)
    }
    return { view, planned, scope, states, patch }
  } finally {
    // Its locks would be in the way of the owner's, and what it saw is known.
    await view.close()
  }
}

/** Takes those rows off the patch whose key the backup did not have. */
async function leaveNewRows(query: Query, table: TablePatch, key: readonly string[]): Promise<void> {
  const keyText = (alias: string) =>
    `ROW(${key.map((column) => `${alias}.${quoteIdentifier(column)}`).join(', ')})::pg_catalog.text`
  await query(
    `DELETE FROM ${freshTable(table.number)} f USING ONLY ${qualifiedName(table)} t
     WHERE t.ctid = f.place AND NOT EXISTS (SELECT FROM ${goneTable(table.number)} g WHERE ${keyText('g')} = ${keyText('t')})`,
  )
  const [row] = await query<{ rows: string }>(
    `SELECT pg_catalog.count(*)::text AS rows FROM ${freshTable(table.number)}`,
  )
  table.takeOut = Number(row!.rows)
  table.rowsAfter = null
}

async function commitPatch(
  context: RestoreContext,
  session: Session,
  { view, scope, states, patch, planned }: PreparedPatch,
  running: RewindRunning & { id: string; by: string; safetyBackupId: string | null },
): Promise<number> {
  const { id, by, safetyBackupId, signal, report, lockTimeoutMs = 10_000, onStatement, compare } = running
  const writer = createRewindWriter(context.repository, id, { signal })
  const takenOut = new Map<number, { parts: number[]; bytes: number }>()
  for (const table of patch) takenOut.set(table.oid, await storeTakenOut(session, table, writer))
  const nonce = (await prepareMarker(session.query)) ? randomBytes(16).toString('hex') : null
  const checkers = await openCheckers(context, scope.length, signal)
  const query: Query = async (sql, values) => {
    await onStatement?.(sql)
    return session.query(sql, values)
  }
  report?.({ type: 'phase', phase: 'rewind' })
  try {
    await query('BEGIN')
    const foreignKeys = await lockForPatch(query, scope, lockTimeoutMs)
    const locked = performance.now()
    const [altered] = await alteredTables(query, scope)
    if (altered) throw planChanged(altered)
    const watched = scope.filter(({ oid }) => states.has(oid))
    await shareOut(checkers, watched, async (checker, table) => {
      const now = await tableState(checker.query, table, view.snapshot.facts.xmin)
      if (now !== states.get(table.oid)) throw planChanged(table)
    })
    await applyPatch(query, patch, compare?.choosing === 'not closed' ? [] : foreignKeys, planned.plan.way!)
    await planned.verify?.(query)
    const marker = await markCommit(query, nonce)
    const [transaction] = await query<{ id: string }>('SELECT pg_catalog.pg_current_xact_id()::text AS id')
    const { system_identifier, database_oid } = view.snapshot.facts
    const tables = await recordTables(query, patch, takenOut)
    // Before the commit: from here on it can be undone, whatever becomes of this process.
    await writer.commit({
      ...{ id, backup: planned.plan.options.backupId, safety_backup: safetyBackupId, by, tables },
      ...{ at: new Date().toISOString(), database: planned.plan.database, system_identifier, database_oid },
      ...{ transaction: transaction!.id, marker },
    })
    await query('COMMIT')
    return Math.round(performance.now() - locked)
  } catch (error) {
    // A connection that is gone may have committed: then what it takes to undo it must stay.
    const rolledBack = await session.query('ROLLBACK').then(
      () => true,
      () => false,
    )
    if (rolledBack) await deleteRewind(context.repository, id).catch(() => {})
    else
      log(
        report,
        'warning',
        `Whether rewind ${id} was committed is not known: it was, if it is listed among the rewinds that can be undone.`,
      )
    throw error
  } finally {
    await Promise.all(checkers.map((checker) => checker.close()))
  }
}

/** A nonce that is visible if and only if the transaction commits; `null` where the role cannot write it. */
async function markCommit(query: Query, nonce: string | null): Promise<string | null> {
  if (nonce === null) return null
  await query('SAVEPOINT marker')
  try {
    await query(`INSERT INTO ${quoteIdentifier(bookkeepingSchema)}.marker (nonce) VALUES ($1)`, [nonce])
    return nonce
  } catch {
    await query('ROLLBACK TO SAVEPOINT marker')
    return null
  }
}

/** Puts the rows that will be taken out into the repository. They are as they were seen: what changed them is noticed later. */
async function storeTakenOut(
  session: Session,
  table: TablePatch,
  writer: ReturnType<typeof createRewindWriter>,
): Promise<{ parts: number[]; bytes: number }> {
  const rows = writer.table()
  const columns = table.columns.map((column) => `t.${quoteIdentifier(column)}`).join(', ')
  const encoding = session.encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(session.encoding)})`
  const copied = await copyOut(
    session,
    `COPY (SELECT ${columns} FROM ONLY ${qualifiedName(table)} t JOIN ${freshTable(table.number)} f ON t.ctid = f.place) TO STDOUT${encoding}`,
    (bytes) => rows.write(bytes),
  )
  if (copied.rows !== table.takeOut) throw planChanged(table)
  return rows.end()
}

async function recordTables(
  query: Query,
  patch: readonly TablePatch[],
  takenOut: ReadonlyMap<number, { parts: number[]; bytes: number }>,
): Promise<RewindRecord['tables']> {
  const rows = await query<{ oid: string; filenode: string }>(
    `SELECT oid::pg_catalog.int8::text AS oid, pg_catalog.pg_relation_filenode(oid)::pg_catalog.int8::text AS filenode
     FROM pg_catalog.pg_class WHERE oid = ANY ($1::pg_catalog.oid[])`,
    [patch.map(({ oid }) => String(oid))],
  )
  const filenodes = new Map(rows.map((row) => [Number(row.oid), Number(row.filenode)]))
  return patch.map(({ oid, schema, name, columns, putBack, takeOut }) => ({
    ...{ oid, schema, name, relfilenode: filenodes.get(oid) ?? 0, columns: [...columns] },
    ...{ put_back: putBack, taken_out: takeOut, ...takenOut.get(oid)! },
  }))
}

/** Sessions that look at the tables once they are locked. */
async function openCheckers({ database, resources }: RestoreContext, most: number, signal: AbortSignal | undefined) {
  const count = Math.max(1, Math.min(resources.connections, most))
  return Promise.all(Array.from({ length: count }, () => openSession(database, { application: 'rewind', signal })))
}
