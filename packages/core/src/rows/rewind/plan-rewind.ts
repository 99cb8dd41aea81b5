import { EngineError } from '../../errors.ts'
import { quoteLiteral } from '../../postgres/identifiers.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { RestoreContext, Running } from '../../restore/options.ts'
import { type Baseline, openBaseline } from '../baseline.ts'
import type { CompareOptions } from '../compare-rows.ts'
import { findPair, type LiveView, openLiveView, tableName } from '../live-view.ts'
import type { TablePair } from '../pair-tables.ts'
import { type ChosenRows, chooseRows } from '../patch/choose-rows.ts'
import { readTenant, type Tenant } from '../patch/tenant.ts'
import { type FoundDifference, findDifference } from './find-difference.ts'
import type { RewindOptions } from './options.ts'
import { createPatchTables, type PatchTables } from './patch-tables.ts'
import { type ComparedTable, isChanged, isWhole, type RewindFacts, type RewindPlan, rewindPlan } from './rewind-plan.ts'
import { readRewindRights } from './rights.ts'

/** A plan, and what it was made from. */
export interface PlannedRewind {
  plan: RewindPlan
  /** Tables that would change. */
  changed: FoundDifference[]
  /** All tables in scope that were compared. */
  scope: TablePair[]
  /** Of the patch's tables, by oid. */
  numbers: Map<number, number>
  verify?: ChosenRows['verify']
}

/**
 * What a rewind would do: which rows of which tables it would put back and take out. Changes nothing. Throws
 * `BACKUP_NOT_FOUND`, `HISTORY_DIFFERS`, `LOCK_BUDGET`, ...; whatever else stands in the way is a refusal in the plan.
 */
export async function planRewind(
  context: RestoreContext,
  options: RewindOptions,
  running: Running & CompareOptions = {},
): Promise<RewindPlan> {
  const baseline = await openBaseline(context, options.backupId, running)
  const view = await openLiveView(context, baseline, running)
  try {
    if (options.choice === undefined) return (await planFrom(context, view, options, { ...running, patch: null })).plan
    const session = await openSession(context.database, {
      application: 'rewind',
      signal: view.signal,
      copyReader: true,
    })
    try {
      await joinForChoosing(view, session)
      const patch = { session, tables: createPatchTables(session) }
      return (await planFrom(context, view, options, { ...running, patch })).plan
    } finally {
      await session.close()
    }
  } finally {
    await view.close()
  }
}

/** Where the rows that differ go: the temporary tables of a session. */
export interface OpenPatch {
  session: Session
  tables: PatchTables
}

/** Begins a transaction that sees what the view sees, and may write temporary tables: rows are chosen in it. */
export async function joinForChoosing({ snapshot }: LiveView, { query }: Session): Promise<void> {
  if (snapshot.facts.in_recovery)
    throw new EngineError('NO_RIGHTS', 'The server is a standby: nothing can be written there.')
  await query('BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE')
  await query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot.id)}`)
}

/** `patch`: takes the rows, too; where rows are to be chosen it is needed, and holds the chosen ones alone afterwards. */
export async function planFrom(
  context: RestoreContext,
  view: LiveView,
  options: RewindOptions,
  { patch, ...running }: Running & CompareOptions & { patch: OpenPatch | null },
): Promise<PlannedRewind> {
  const { baseline } = view
  const { choice } = options
  const ledgers = ledgerTables(context, baseline)
  const isLedger = ({ live }: TablePair) => ledgers.has(`${live.schema}.${live.name}`)
  const whole = isWhole(options)
  const tenant = choice?.kind === 'tenant' ? await readTenant(view, choice) : null
  const scope =
    tenant?.scope ?? (whole ? view.pairs.filter((pair) => !isLedger(pair)) : await pairsOfAll(view, options.tables))
  const { found, numbers, refusals, verify } = await differenceOf(view, scope, options, { patch, tenant, ...running })
  const changedLedgers = whole ? await changedOf(view, view.pairs.filter(isLedger), running) : []
  const compared = found.map((one) => ({ one, table: comparedTable(one, options) }))
  const changed = compared.filter(({ table }) => isChanged(table)).map(({ one }) => one)
  const facts = await readFacts(
    context,
    view,
    options,
    changed.map(({ pair }) => pair.live),
  )
  const plan = rewindPlan({
    ...facts,
    refusals,
    ...(tenant ? { tenant: tenant.planned } : {}),
    tables: compared.map(({ table }) => table),
    incomparable: incomparableOf(scope),
    changedLedgers: [
      ...changedLedgers,
      ...view.made.filter(({ schema, name }) => ledgers.has(`${schema}.${name}`)).map(tableName),
    ],
  })
  const comparable = scope.filter(({ way }) => way !== 'none')
  return { plan, changed, numbers, scope: comparable, ...(verify ? { verify } : {}) }
}

const incomparableOf = (scope: readonly TablePair[]): RewindFacts['incomparable'] =>
  scope
    .filter(({ way }) => way === 'none')
    .map(({ live, record, reason }) => ({
      table: tableName(live),
      reason: reason!,
      rows: record.rows,
      schemaChanged: reason === 'columns or types changed',
    }))

interface ReadDifference extends ChosenRows {
  numbers: Map<number, number>
}

/** All rows that differ, or the chosen ones. */
async function differenceOf(
  view: LiveView,
  scope: readonly TablePair[],
  { choice }: RewindOptions,
  { patch, tenant, ...running }: Running & CompareOptions & { patch: OpenPatch | null; tenant: Tenant | null },
): Promise<ReadDifference> {
  const patched = ({ live, record }: TablePair) => ({ ...live, columns: record.columns })
  if (choice) for (const pair of scope) if (pair.way !== 'none') patch?.tables.prepare(patched(pair))
  const found = await findDifference(view, scope, (pair) => patch?.tables.sink(patched(pair)) ?? null, running)
  const numbers = (await patch?.tables.finish()) ?? new Map<number, number>()
  if (!choice || !patch) return { found, numbers, refusals: [] }
  const choosing = { numbers, choice, tenant, weakening: running.choosing }
  return { numbers, ...(await chooseRows(patch.session, view, found, choosing)) }
}

const pairsOfAll = async (view: LiveView, tables: readonly string[]): Promise<TablePair[]> => [
  ...new Set((await Promise.all(tables.map((name) => pairsOf(view, name)))).flat()),
]

/** The table of a name; of a partitioned one its partitions, whose rows they are. */
async function pairsOf(view: LiveView, name: string): Promise<TablePair[]> {
  const parts = await view.snapshot.session.query<{ oid: string }>(
    `SELECT leaf.relid::pg_catalog.oid::pg_catalog.int8::text AS oid
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
       pg_catalog.pg_partition_tree(c.oid) leaf
     WHERE c.relkind = 'p' AND leaf.isleaf AND (n.nspname || '.' || c.relname = $1 OR n.nspname = 'public' AND c.relname = $1)`,
    [name],
  )
  if (parts.length === 0) return [findPair(view.pairs, name)]
  const oids = new Set(parts.map(({ oid }) => Number(oid)))
  return view.pairs.filter(({ live }) => oids.has(live.oid))
}

function comparedTable({ pair, digest, key }: FoundDifference, { keepNew }: RewindOptions): ComparedTable {
  const counts = digest.counts()
  const kept = keepNew && counts ? counts.inserted : 0
  return {
    table: tableName(pair.live),
    way: pair.way,
    rows: pair.record.rows,
    putBack: digest.goneRows,
    takeOut: digest.freshRows - kept,
    counts: counts && keepNew ? { ...counts, inserted: 0 } : counts,
    // New rows that stay must not make another plan of it.
    bytes: digest.goneBytes + (keepNew ? 0 : digest.freshBytes),
    hasKey: key !== null,
    hash: digest.hash({ withoutNew: keepNew }),
  }
}

/** Of the tables that record migrations: those of the backup, and those that the code knows now. */
function ledgerTables({ inspectors }: RestoreContext, { manifest }: Baseline): Set<string> {
  return new Set([
    ...manifest.migrations.flatMap(({ ledger_tables }) => ledger_tables),
    ...inspectors.flatMap(({ ledgerTables }) => ledgerTables),
  ])
}

async function changedOf(view: LiveView, pairs: readonly TablePair[], options: CompareOptions): Promise<string[]> {
  const found = await findDifference(view, pairs, () => null, options)
  const changed = found.filter(({ digest }) => digest.hash() !== emptyHash || digest.goneRows !== digest.freshRows)
  const unknown = pairs.filter(({ way }) => way === 'none')
  return [...changed.map(({ pair }) => pair), ...unknown].map(({ live }) => tableName(live))
}

const emptyHash = '0'.repeat(32)

async function readFacts(
  context: RestoreContext,
  view: LiveView,
  options: RewindOptions,
  tables: readonly { oid: number; schema: string; name: string }[],
): Promise<Omit<RewindFacts, 'tables' | 'incomparable' | 'changedLedgers' | 'refusals' | 'tenant'>> {
  const { manifest, checksum } = view.baseline
  const { id, number, created_at, database, row_count: rows, large_object_count: largeObjects } = manifest
  const session = await openSession(context.database, { application: 'rows', signal: view.signal })
  try {
    const subscriptions = await session.query<{ name: string }>(
      `SELECT subname::text AS name FROM pg_catalog.pg_subscription
       WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ORDER BY 1`,
    )
    return {
      options,
      backup: { id, number, checksum, created_at, database, rows, largeObjects },
      database: context.database.database,
      inRecovery: view.snapshot.facts.in_recovery,
      subscriptions: subscriptions.map((row) => row.name),
      dropped: view.dropped.filter(({ rows_excluded }) => !rows_excluded).map(tableName),
      made: view.made.map(tableName),
      rights: await readRewindRights(session.query, tables),
    }
  } finally {
    await session.close()
  }
}
