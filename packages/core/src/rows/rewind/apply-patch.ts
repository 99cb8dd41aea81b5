import { EngineError } from '../../errors.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { tableName } from '../live-view.ts'
import {
  addForeignKeys,
  danglingRows,
  danglingText,
  dropForeignKeys,
  type ForeignKey,
  fromRelation,
  readForeignKeys,
  rememberRemovedKeys,
  removedKeys,
} from './foreign-keys.ts'
import { freshTable, goneTable } from './patch-tables.ts'
import type { RewindWay } from './rewind-plan.ts'
import { readTriggers, restoreTriggers, silenceTriggers } from './triggers.ts'

/** What is to be done to one table; its rows are in the temporary tables of its number. */
export interface TablePatch {
  number: number
  oid: number
  schema: string
  name: string
  columns: readonly string[]
  putBack: number
  takeOut: number
  /** Rows the table must have afterwards; `null` where that is not known. */
  rowsAfter: number | null
  /** The places of the rows to take out have the ids of their transactions, and a row is taken out only if it has that. */
  versions?: boolean
}

/**
 * Locks all that a patch changes or hangs on, so that readers go on and writers wait: the tables of `scope` against being
 * written to, and tables at the other end of their foreign keys too.
 *
 * @throws EngineError `LOCK_BUDGET` after `timeoutMs`.
 */
export async function lockForPatch(
  query: Query,
  scope: readonly { oid: number; schema: string; name: string }[],
  timeoutMs: number,
): Promise<ForeignKey[]> {
  await query(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(timeoutMs))}`)
  const foreignKeys = await readForeignKeys(
    query,
    scope.map(({ oid }) => oid),
  )
  // In the order of their oids, as every rewind does: two of them cannot wait for each other.
  const own = [...scope].sort((a, b) => a.oid - b.oid)
  if (own.length > 0)
    await query(
      `LOCK TABLE ${own.map((table) => `ONLY ${qualifiedName(table)}`).join(', ')} IN SHARE ROW EXCLUSIVE MODE`,
    )
  const inScope = new Set(own.map(({ oid }) => oid))
  const others = foreignKeys
    .flatMap(({ child, parent }) => [child, parent])
    .filter(({ leaves }) => leaves.some((leaf) => !inScope.has(leaf)))
    .sort((a, b) => a.oid - b.oid)
  for (const relation of others) await query(`LOCK TABLE ${fromRelation(relation)} IN SHARE MODE`)
  return foreignKeys
}

/**
 * Takes rows out and puts rows in, inside the transaction that holds the locks: triggers and foreign keys are set aside and
 * put back as they were, and what foreign keys would have refused is looked for here.
 *
 * @throws EngineError `SUBSET_NOT_CLOSED`, `UNIQUE_TAKEN`, `SCHEMA_CHANGED`, `PLAN_CHANGED`; the transaction is to be
 *   rolled back.
 */
export async function applyPatch(
  query: Query,
  patch: readonly TablePatch[],
  foreignKeys: readonly ForeignKey[],
  way: RewindWay,
): Promise<void> {
  const patched = new Map(patch.map((table) => [table.oid, table]))
  const touches = ({ leaves }: { leaves: readonly number[] }) => leaves.some((leaf) => patched.has(leaf))
  const touched = foreignKeys.filter(({ child, parent }) => touches(child) || touches(parent))
  const triggers = await readTriggers(query, [...patched.keys()])
  // A replica fires what is ALWAYS or REPLICA; an owner fires all.
  const silenced = way === 'replica' ? triggers.filter(({ enabled }) => enabled !== 'O') : triggers
  await silenceTriggers(query, silenced)
  if (way === 'replica') await query("SET LOCAL session_replication_role = 'replica'")
  else await dropForeignKeys(query, touched)

  for (const [number, key] of touched.entries()) {
    const taken = key.parent.leaves.flatMap((leaf) => {
      const table = patched.get(leaf)
      return table ? [{ table, places: freshTable(table.number) }] : []
    })
    if (taken.length > 0) await rememberRemovedKeys(query, key, number, taken)
  }
  await explained(async () => {
    for (const table of patch) await takeOut(query, table)
    for (const table of patch) await putBack(query, table)
  })
  if (way === 'replica') await query("SET LOCAL session_replication_role = 'origin'")
  for (const [number, key] of touched.entries()) await requireParents(query, key, number, patched)
  for (const table of patch) await requireCount(query, table)
  if (way === 'owner') await explained(() => addForeignKeys(query, touched))
  await restoreTriggers(query, silenced)
}

async function takeOut(query: Query, table: TablePatch): Promise<void> {
  const [row] = await query<{ rows: string }>(
    `WITH taken AS (DELETE FROM ONLY ${qualifiedName(table)} t USING ${freshTable(table.number)} f
       WHERE t.ctid = f.place${table.versions ? ' AND t.xmin = f.version' : ''} RETURNING 1)
     SELECT pg_catalog.count(*)::text AS rows FROM taken`,
  )
  if (Number(row!.rows) !== table.takeOut) throw planChanged(table)
}

async function putBack(query: Query, table: TablePatch): Promise<void> {
  const columns = table.columns.map(quoteIdentifier).join(', ')
  // What an identity column holds is taken as it is given; generated columns are never listed.
  const list = table.columns.length > 0 ? ` (${columns}) OVERRIDING SYSTEM VALUE` : ''
  const [row] = await query<{ rows: string }>(
    `WITH put AS (INSERT INTO ${qualifiedName(table)}${list} SELECT ${columns} FROM ${goneTable(table.number)} RETURNING 1)
     SELECT pg_catalog.count(*)::text AS rows FROM put`,
  )
  if (Number(row!.rows) !== table.putBack) throw planChanged(table)
}

async function requireCount(query: Query, table: TablePatch): Promise<void> {
  if (table.rowsAfter === null) return
  const [row] = await query<{ rows: string }>(
    `SELECT pg_catalog.count(*)::text AS rows FROM ONLY ${qualifiedName(table)}`,
  )
  if (Number(row!.rows) !== table.rowsAfter)
    throw new EngineError(
      'ROW_COUNT_MISMATCH',
      `${tableName(table)} would have ${row!.rows} rows, and the backup has ${table.rowsAfter}.`,
    )
}

async function requireParents(
  query: Query,
  key: ForeignKey,
  number: number,
  patched: ReadonlyMap<number, TablePatch>,
): Promise<void> {
  // Rows that were there before it was made may point nowhere.
  if (!key.validated) return
  const children = key.child.leaves.flatMap((leaf) => patched.get(leaf) ?? [])
  const inLines = children.every(({ columns }) => key.columns.every((column) => columns.includes(column)))
  const removed = key.parent.leaves.some((leaf) => patched.has(leaf)) ? removedKeys(number) : null
  const dangling = await danglingRows(query, key, {
    putBack:
      children.length === 0
        ? []
        : inLines
          ? children.map(({ number }) => goneTable(number))
          : [fromRelation(key.child)],
    removed,
  })
  if (dangling.length === 0) return
  const [child, parent] = [tableName(key.child), tableName(key.parent)]
  throw new EngineError('SUBSET_NOT_CLOSED', danglingText(key, dangling), {
    detail: { constraint: key.name, child, parent, keys: dangling },
  })
}

/** Names what the server says of rows that do not fit. */
async function explained(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const state = sqlState(error)
    const constraint = (error as { cause?: { constraint?: string } }).cause?.constraint ?? 'a constraint'
    if (state === '23505' || state === '23P01')
      throw new EngineError('UNIQUE_TAKEN', `A newer row holds what a row of the backup needs (${constraint}).`, {
        cause: error,
        detail: { constraint },
      })
    if (state === '23503')
      throw new EngineError('SUBSET_NOT_CLOSED', `Rows would point to rows that are not there (${constraint}).`, {
        cause: error,
        detail: { constraint },
      })
    if (state === '23502' || state === '23514')
      throw new EngineError('SCHEMA_CHANGED', `Rows of the backup do not pass ${constraint}, which is newer.`, {
        cause: error,
        detail: { constraint },
      })
    throw error
  }
}

export function planChanged(table: { schema: string; name: string }): EngineError {
  return new EngineError('PLAN_CHANGED', `${tableName(table)} has changed since it was looked at.`, {
    detail: { table: tableName(table) },
  })
}
