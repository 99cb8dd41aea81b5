import { EngineError, isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { copyIn } from '../../postgres/copy-in.ts'
import { copyOut } from '../../postgres/copy-out.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import { planRefreshes } from '../database/materialized-views.ts'
import type { RestoreRun } from '../restore-run.ts'
import { type CarriedTable, columnList, readCarriedTables, requireFitting } from './carried-tables.ts'
import { readMarked } from './target-identity.ts'

/** Rows that stay in a target while the rest of it is replaced. */
export interface CarryOver {
  /** Puts the rows of the target's tables in the place of those that the copy has of them. */
  into(copy: ConnectionParameters): Promise<CarriedRows[]>
  /** The session that holds writers off. */
  holders(): number[]
  /** Throws where writers have not been held off until now. */
  requireHeld(): void
  /** Lets writers of these tables go on in the target. */
  release(): Promise<void>
}

export interface CarriedRows {
  table: string
  rows: number
}

/** How long writers of these tables are waited for. */
const lockTimeout = '30s'

/**
 * The tables are locked against writers until `release`, or until the swap ends the session: what is committed to them before is
 * in the copy, and what waits fails.
 */
export function createCarryOver(run: RestoreRun, target: string): CarryOver {
  const { context, signal, report, progress } = run
  const tables = context.target?.carryOver ?? []
  let holder: Session | null = null
  return {
    async into(copy) {
      if (tables.length === 0) return []
      progress.phase('carry-over')
      holder = await openSession(withDatabase(context.database, target), { application: 'restore carry-over', signal })
      const found = await lockTables(holder, tables, target)
      if (found.length === 0) return []
      const to = await openSession(copy, { application: 'restore carry-over', signal })
      try {
        const copies = await readCarriedTables(
          to.query,
          found.map(({ table }) => table),
        )
        requireFitting(found.map((old, position) => ({ old, copy: copies[position] ?? null })))
        const pairs = found.map((old, position): Pair => ({ old, copy: copies[position] as CarriedTable }))
        const carried = await exchangeRows(holder, to, pairs)
        for (const { table, rows } of carried) log(report, 'info', `Carried over ${rows} rows of ${table}.`)
        return carried
      } finally {
        await to.close()
      }
    },
    holders: () => (holder ? [holder.backendPid] : []),
    requireHeld() {
      if (holder?.ended.aborted)
        throw new EngineError('DATABASE_UNREACHABLE', 'The session that held the tables to carry over was ended.')
    },
    async release() {
      await holder?.close()
    },
  }
}

interface Pair {
  old: CarriedTable
  copy: CarriedTable
}

/** The tables that are there. One that is missing is refused, unless the target was never refreshed. */
async function lockTables({ query }: Session, tables: readonly string[], database: string): Promise<CarriedTable[]> {
  const found = (await readCarriedTables(query, tables)).filter((table) => table !== null)
  if (found.length < tables.length && (await readMarked(query, database))?.mark?.refreshed)
    throw new EngineError('PLAN_CHANGED', 'A table to carry over is not in the target any more.')
  if (found.length === 0) return []
  await query('BEGIN')
  await query(`SET LOCAL lock_timeout = '${lockTimeout}'`)
  await query(`LOCK TABLE ${found.map(({ from }) => from).join(', ')} IN SHARE MODE`)
  return found
}

/** All of it or nothing. Foreign keys and triggers are off while it runs: the copy is not live. */
async function exchangeRows(from: Session, to: Session, pairs: readonly Pair[]): Promise<CarriedRows[]> {
  const { query } = to
  const oids = pairs.map(({ copy }) => copy.oid)
  await query('BEGIN')
  const keys = await readForeignKeys(query, oids)
  for (const { table, name } of keys) await query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  const triggers = await readTriggers(query, oids)
  for (const { table, name } of triggers) await query(`ALTER TABLE ONLY ${table} DISABLE TRIGGER ${name}`)
  await query(`TRUNCATE ${pairs.map(({ copy }) => copy.from).join(', ')}`)
  const carried: CarriedRows[] = []
  for (const { old, copy } of pairs) {
    carried.push({ table: old.table, rows: await copyRows(from, to, { old, copy }) })
    await raiseSequences(from.query, query, { old, copy })
  }
  for (const { table, name, mode } of triggers) await query(`ALTER TABLE ONLY ${table} ENABLE ${mode} TRIGGER ${name}`)
  for (const { table, name, definition, comment } of keys) {
    await query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`).catch((error: unknown) => {
      throw keyFailed(error, `${table}.${name}`)
    })
    if (comment !== null) await query(`COMMENT ON CONSTRAINT ${name} ON ${table} IS ${quoteLiteral(comment)}`)
  }
  await query('COMMIT')
  // These were computed from the rows of the backup.
  for (const { sql } of (await planRefreshes(query, await populatedViews(query))).refreshed) await query(sql)
  return carried
}

function keyFailed(error: unknown, key: string): unknown {
  if (!isEngineError(error)) return error
  return new EngineError(
    'CARRY_OVER_REFUSED',
    `The foreign key ${key} does not hold with the rows that are carried over.`,
    { cause: error },
  )
}

async function copyRows(from: Session, to: Session, { old, copy }: Pair): Promise<number> {
  const columns = columnList(old)
  if (columns === '') return 0
  const encoding = ` (ENCODING ${quoteLiteral(from.encoding === to.encoding ? from.encoding : 'UTF8')})`
  const sink = copyIn(to, `COPY ${copy.from.replace(/^ONLY /, '')} (${columns}) FROM STDIN${encoding}`)
  let read: number
  try {
    const sql = `COPY (SELECT ${columns} FROM ${old.from}) TO STDOUT${encoding}`
    read = (await copyOut(from, sql, (bytes) => sink.write(Buffer.from(bytes)))).rows
  } catch (error) {
    await sink.fail(error instanceof Error ? error : new Error(String(error)))
    throw carryFailed(error, old.table)
  }
  const { rows } = await sink.end().catch((error: unknown) => {
    throw carryFailed(error, old.table)
  })
  if (rows !== read)
    throw new EngineError('CARRY_OVER_REFUSED', `${read} rows of ${old.table} were read and ${rows} written.`)
  return rows
}

function carryFailed(error: unknown, table: string): unknown {
  if (!isEngineError(error) || error.code === 'ABORTED' || error.code === 'DATABASE_UNREACHABLE') return error
  return new EngineError('CARRY_OVER_REFUSED', `The rows of ${table} do not fit into the copy: ${error.message}`, {
    cause: error,
  })
}

/** A number that was given out, there or in the backup, is not given out again. */
async function raiseSequences(from: Query, to: Query, { old, copy }: Pair): Promise<void> {
  for (const { column, sequence } of copy.sequences) {
    const own = old.sequences.find((one) => one.column === column)
    if (!own) continue
    const [before] = await from<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM ${own.sequence}`,
    )
    if (before)
      await to(
        `SELECT pg_catalog.setval($1::text::pg_catalog.regclass, $2::int8, $3::bool) FROM ${sequence}
         WHERE (last_value, is_called) < ($2::int8, $3::bool)`,
        [sequence, before.last, before.called],
      )
  }
}

interface ForeignKey {
  table: string
  name: string
  definition: string
  comment: string | null
}

/** From and to these tables; those of partitions follow from their roots'. */
function readForeignKeys(query: Query, oids: readonly string[]): Promise<ForeignKey[]> {
  return query<ForeignKey>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS table, pg_catalog.quote_ident(k.conname) AS name,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype = 'f' AND k.conparentid = 0
       AND (k.conrelid = ANY ($1::pg_catalog.oid[]) OR k.confrelid = ANY ($1::pg_catalog.oid[])) ORDER BY k.oid`,
    [oids],
  )
}

interface Trigger {
  table: string
  name: string
  mode: '' | 'ALWAYS' | 'REPLICA'
}

async function readTriggers(query: Query, oids: readonly string[]): Promise<Trigger[]> {
  const rows = await query<{ table: string; name: string; enabled: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS table, t.tgname::text AS name, t.tgenabled::text AS enabled
     FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
       AND (c.oid = ANY ($1::pg_catalog.oid[]) OR EXISTS (
         SELECT FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS root (oid), pg_catalog.pg_partition_tree(root.oid) part
         WHERE part.relid = c.oid))
     ORDER BY t.oid`,
    [oids],
  )
  const modes: Record<string, Trigger['mode']> = { A: 'ALWAYS', R: 'REPLICA' }
  return rows.map(({ table, name, enabled }) => ({ table, name: quoteIdentifier(name), mode: modes[enabled] ?? '' }))
}

function populatedViews(query: Query): Promise<{ schema: string; name: string }[]> {
  return query(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated`,
  )
}
