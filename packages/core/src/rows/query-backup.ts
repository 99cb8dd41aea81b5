import { EngineError, isEngineError } from '../errors.ts'
import { sqlState } from '../postgres/database-errors.ts'
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { openSession, type Session } from '../postgres/session.ts'
import type { RestoreContext, Running } from '../restore/options.ts'
import { openBaseline } from './baseline.ts'
import { compareContent } from './compare-content.ts'
import { type CompareOptions, compareRows } from './compare-rows.ts'
import { type LiveView, openLiveView, tableName } from './live-view.ts'
import type { TablePair } from './pair-tables.ts'
import { createPatchTables } from './rewind/patch-tables.ts'
import { freshSince, isChanged, scanChanges } from './scan-changes.ts'
import { createParentViews, type WasView, wasSchemas, wasViewSql } from './was-views.ts'

export interface BackupQuery {
  backupId: string
  /** One SELECT, VALUES or TABLE. Tables of the backup are `was.name`, or `was_schema.name` outside of schema public. */
  sql: string
  /** Most rows that are given. Default 1000. */
  limit?: number
  /** How long the statement may run. Default 60 s. */
  timeoutMs?: number
}

export interface QueryAnswer {
  columns: string[]
  /** Values as PostgreSQL prints them; `null` for NULL. */
  rows: (string | null)[][]
  /** Whether there were more rows. */
  more: boolean
  /** The backup's tables that the statement read. */
  tables: string[]
  /** Tables that cannot be had as they were, with the reason. */
  left_out: { table: string; reason: string }[]
}

/**
 * Answers a SELECT over the database as of a backup, next to the live one: of each table that the statement names only
 * what changed since is read from the repository. All of it happens in one transaction that is rolled back: no other
 * session sees the views, and nothing remains. The statement cannot write, and runs with the rights of the backups'
 * role.
 *
 * @throws EngineError `NO_RIGHTS` where the role cannot create schemas, `DATABASE_ERROR` with the server's message,
 *   `HISTORY_DIFFERS`, `LOCK_BUDGET`, ...
 */
export async function queryBackup(
  context: Pick<RestoreContext, 'repository' | 'database' | 'resources'>,
  request: BackupQuery,
  { signal, report, ...compare }: Running & CompareOptions = {},
): Promise<QueryAnswer> {
  const baseline = await openBaseline(context, request.backupId, { signal, report })
  const view = await openLiveView(context, baseline, { signal, report })
  try {
    const session = await openSession(context.database, { application: 'query', signal: view.signal })
    try {
      await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE')
      await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(view.snapshot.id)}`)
      return await answer(view, session, request, compare)
    } finally {
      await session.query('ROLLBACK').catch(() => {})
      await session.close()
    }
  } finally {
    await view.close()
  }
}

async function answer(view: LiveView, session: Session, request: BackupQuery, compare: CompareOptions) {
  const { query } = session
  const { limit = 1000, timeoutMs = 60_000 } = request
  const schemas = await createSchemas(view, session)
  const patch = createPatchTables(session, { schema: schemas.get('public')! })
  const xmin = freshSince(view.baseline.manifest.snapshot, compare.weakening)
  const pairs = view.pairs.filter(({ way }) => way !== 'none')
  const views = new Map<number, WasView>()
  for (const pair of pairs) {
    const { oid, schema, name } = pair.live
    const number = patch.prepare({ oid, schema, name, columns: pair.record.columns })
    views.set(oid, { view: { schema: schemas.get(schema)!, name }, numbers: [number] })
  }
  await patch.finish()
  const create = async (pair: TablePair) => {
    const { view: name, numbers } = views.get(pair.live.oid)!
    await query(wasViewSql(pair, name, { number: numbers[0]!, schema: schemas.get('public')!, xmin }))
  }
  for (const pair of pairs) await create(pair)
  await createParentViews(query, views, schemas)
  await query(`SET LOCAL search_path = "$user", public`)
  await query(`SET LOCAL statement_timeout = ${Math.max(1, Math.round(timeoutMs))}`)
  try {
    // First with empty tables, to see which of them the statement reads: only these are filled.
    const needed = await readNumbers(session, request.sql)
    const used = pairs.filter(({ live }) => views.get(live.oid)!.numbers.some((number) => needed.has(number)))
    const scanned = await scanChanges(view, used, compare.weakening)
    const sinkOf = ({ live, record }: TablePair) =>
      patch.sink({ oid: live.oid, schema: live.schema, name: live.name, columns: record.columns })
    await compareRows(
      view,
      compare.everySegment ? scanned : scanned.filter(({ segments }) => segments.some(isChanged)),
      ({ table }) => sinkOf(table.pair),
      compare,
    )
    for (const pair of used) if (pair.way === 'content') await compareContent(view, pair, sinkOf(pair))
    await patch.finish()
    const usedOids = new Set(used.map(({ live }) => live.oid))
    await dropOthers(session, views, usedOids, needed)
    const result = await fetchRows(session, request.sql, limit)
    return { ...result, tables: used.map(({ live }) => tableName(live)), left_out: leftOut(view) }
  } catch (error) {
    throw explained(error, view)
  }
}

async function createSchemas(view: LiveView, { query }: Session): Promise<Map<string, string>> {
  const existing = await query<{ name: string }>('SELECT nspname::text AS name FROM pg_catalog.pg_namespace')
  const names = wasSchemas(
    view.pairs.map(({ live }) => live.schema),
    existing.map(({ name }) => name),
  )
  try {
    for (const name of names.values()) await query(`CREATE SCHEMA ${quoteIdentifier(name)}`)
  } catch (error) {
    if (!isEngineError(error, 'DATABASE_RIGHTS')) throw error
    throw new EngineError('NO_RIGHTS', 'The role cannot create schemas in the database.', {
      cause: error,
      advice: 'GRANT CREATE ON DATABASE to the role. Nothing that is created stays: the transaction is rolled back.',
    })
  }
  return names
}

/** Views that the statement does not need go, so that none can be read that was not filled: a function might. */
async function dropOthers(
  { query }: Session,
  views: ReadonlyMap<number, WasView>,
  used: ReadonlySet<number>,
  needed: ReadonlySet<number>,
): Promise<void> {
  const filled = new Set([...views].filter(([oid]) => used.has(oid)).flatMap(([, { numbers }]) => numbers))
  const names = [...views.values()]
    .filter(({ numbers }) => !numbers.every((number) => filled.has(number) || needed.has(number)))
    .map(({ view: { schema, name } }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`)
  if (names.length > 0) await query(`DROP VIEW ${names.join(', ')} CASCADE`)
}

interface PlanNode {
  'Relation Name'?: string
  Plans?: PlanNode[]
}

/** The numbers of the tables of gone rows that the statement's plan reads. */
async function readNumbers(session: Session, sql: string): Promise<Set<number>> {
  const { rows } = await ask(session, `EXPLAIN (FORMAT JSON, COSTS OFF) ${sql}`)
  const [{ Plan }] = JSON.parse(rows[0]![0]!) as [{ Plan: PlanNode }]
  const numbers = new Set<number>()
  const visit = (node: PlanNode) => {
    const number = /^lifeboat_gone_(\d+)$/.exec(node['Relation Name'] ?? '')?.[1]
    if (number !== undefined) numbers.add(Number(number))
    for (const child of node.Plans ?? []) visit(child)
  }
  visit(Plan)
  return numbers
}

const heldBytes = 16 << 20

async function fetchRows(session: Session, sql: string, limit: number) {
  await session.query('SET LOCAL transaction_read_only = on')
  // A cursor takes nothing but what reads, and one statement only.
  await ask(session, `DECLARE lifeboat_answer NO SCROLL CURSOR FOR ${sql}`)
  const answered: { columns: string[]; rows: (string | null)[][]; more: boolean } = {
    columns: [],
    rows: [],
    more: false,
  }
  let bytes = 0
  for (;;) {
    const { columns, rows } = await ask(session, 'FETCH 200 FROM lifeboat_answer')
    answered.columns = columns
    for (const row of rows) {
      bytes += row.reduce((sum, value) => sum + (value?.length ?? 0), 0)
      if (answered.rows.length >= limit || bytes > heldBytes) return { ...answered, more: true }
      answered.rows.push(row)
    }
    if (rows.length < 200) return answered
  }
}

/** One statement, by the protocol that takes no second one; values as text. */
async function ask({ client, translate }: Session, text: string) {
  try {
    const result = await client.query({
      ...{ text, rowMode: 'array', queryMode: 'extended' },
      types: { getTypeParser: () => (value: string) => value },
    } as unknown as Parameters<typeof client.query>[0])
    const { fields, rows } = result as unknown as { fields: { name: string }[]; rows: (string | null)[][] }
    return { columns: fields.map(({ name }) => name), rows }
  } catch (error) {
    throw translate(error, 'asking the backup')
  }
}

const leftOut = (view: LiveView) => [
  ...view.pairs.flatMap(({ live, way, reason }) =>
    way === 'none' ? [{ table: tableName(live), reason: reason! }] : [],
  ),
  ...view.dropped.map((table) => ({ table: tableName(table), reason: 'the table is no more' })),
]

/** Where a table is not there, those that cannot be had are named. */
function explained(error: unknown, view: LiveView): unknown {
  const left = leftOut(view)
  if (sqlState(error) !== '42P01' || left.length === 0) return error
  const list = left.map(({ table, reason }) => `${table} (${reason})`).join(', ')
  const message = error instanceof Error ? error.message : String(error)
  return new EngineError('DATABASE_ERROR', message, { cause: error, advice: `Not to be had as they were: ${list}.` })
}
