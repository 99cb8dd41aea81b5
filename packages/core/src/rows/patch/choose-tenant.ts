import { EngineError } from '../../errors.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { type LiveView, tableName } from '../live-view.ts'
import { planChanged } from '../rewind/apply-patch.ts'
import { fromRelation, type Relation } from '../rewind/foreign-keys.ts'
import type { RewindRefusal } from '../rewind/rewind-plan.ts'
import { freshSince } from '../scan-changes.ts'
import { wasViewSql } from '../was-views.ts'
import { type ChoosingTable, chooseFrom, layOutSides, nowTable, thenTable } from './chosen-tables.ts'
import { rowsAfter } from './closure.ts'
import { belongs, type RowsOf, type Tenant } from './tenant.ts'

/** The tenant's rows of a table, summed up. */
type Slices = Map<number, string>

/** For tests, which must see that a weaker rule fails. */
export type ChoosingWeakening = 'no owners' | 'not closed'

export interface TenantChosen {
  refusals: RewindRefusal[]
  /** Throws `PLAN_CHANGED` where the tenant's rows are not those of the backup; inside the transaction that applied the patch. */
  verify(query: Query): Promise<void>
}

const wasView = (number: number) => `pg_temp.lifeboat_was_${number}`

/**
 * Chooses all rows of one tenant, so that its slice becomes that of the backup: what the backup has of it is put back, what
 * it has since is taken out. Rows that lead to no tenant are left as they are, unless the backup has the same row as the
 * tenant's. What leads, now or then, to another tenant is refused, and so is a patch after which the slice would not be
 * that of the backup.
 */
export async function chooseTenant(
  query: Query,
  view: LiveView,
  tables: readonly ChoosingTable[],
  { tenant, weakening }: { tenant: Tenant; weakening?: ChoosingWeakening | undefined },
): Promise<TenantChosen> {
  const byOid = new Map(tables.map((table) => [table.oid, table]))
  await createWasViews(query, view, tables)
  const then: RowsOf = (relation, columns) => rowsThen(relation, columns, byOid)
  await requireThere(query, tenant, then)
  for (const table of tables)
    await layOutSides(query, table, {
      was: belongs(tenant, table.oid, 'g', then),
      is: belongs(tenant, table.oid, 't', fromRelation),
    })
  for (const { number } of tables) {
    const same = `t.key IN (SELECT g.key FROM ${thenTable(number)} g WHERE g.mine)`
    const free = weakening === 'no owners' ? '' : 'NOT t.other AND '
    await chooseFrom(query, number, { put: 'g.mine', take: `t.mine OR (${free}${same})` })
  }
  const refusals: RewindRefusal[] = []
  if (weakening !== 'no owners') for (const table of tables) refusals.push(...(await othersRows(query, table)))
  const expected = await slicesOf(query, { tenant, tables, rowsOf: then, from: ({ number }) => wasView(number) })
  const after: RowsOf = (relation, columns) => rowsAfter(relation, columns, byOid)
  if (refusals.length === 0)
    for (const table of await differing(query, expected, { tenant, tables, rowsOf: after, from: leafAfter }))
      refusals.push(await notTheSlice(query, tenant, table, { before: then, after }))
  return {
    refusals,
    async verify(query) {
      const from = (table: ChoosingTable) => `ONLY ${qualifiedName(table)}`
      const [other] = await differing(query, expected, { tenant, tables, rowsOf: fromRelation, from })
      if (other) throw planChanged(other)
    },
  }
}

async function createWasViews(query: Query, view: LiveView, tables: readonly ChoosingTable[]): Promise<void> {
  const xmin = freshSince(view.baseline.manifest.snapshot)
  for (const { oid, number } of tables) {
    const pair = view.pairs.find(({ live }) => live.oid === oid)!
    const name = { schema: 'pg_temp', name: `lifeboat_was_${number}` }
    await query(wasViewSql(pair, name, { number, schema: 'pg_temp', xmin }))
  }
}

/** The rows of a table as the backup has them; of tables made since there are none. */
function rowsThen(relation: Relation, columns: readonly string[], byOid: ReadonlyMap<number, ChoosingTable>): string {
  const list = columns.map(quoteIdentifier).join(', ')
  const leaves = relation.leaves.flatMap((leaf) => byOid.get(leaf) ?? [])
  if (leaves.length === 0) return `(SELECT ${list} FROM ${fromRelation(relation)} WHERE false)`
  return `(${leaves.map(({ number }) => `SELECT ${list} FROM ${wasView(number)}`).join(' UNION ALL ')})`
}

function leafAfter(table: ChoosingTable): string {
  const { oid, schema, name, columns } = table
  const leaf = { oid, schema, name, partitioned: false, leaves: [oid], owned: false }
  return rowsAfter(leaf, columns, new Map([[oid, table]]))
}

/** A tenant that the backup does not have would be removed as a whole: more likely its name is misspelled. */
async function requireThere(query: Query, { root, key, value }: Tenant, then: RowsOf): Promise<void> {
  const [row] = await query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM ${then(root, [key])} r WHERE r.${quoteIdentifier(key)}::pg_catalog.text = ${value}) AS there`,
  )
  if (!row!.there)
    throw new EngineError('CONFIG_INVALID', `The backup has no row of ${tableName(root)} whose ${key} is ${value}.`)
}

/** Rows that would have to change and are another's: now, then, or as well as the tenant's. */
async function othersRows(query: Query, table: ChoosingTable): Promise<RewindRefusal[]> {
  const [then, now] = [thenTable(table.number), nowTable(table.number)]
  const rows = await query<{ key: string; reason: string }>(
    `SELECT DISTINCT COALESCE(key, '(no primary key)') AS key, reason FROM (
       SELECT g.key, 'belong to another tenant, too' AS reason FROM ${then} g WHERE g.mine AND g.other
       UNION ALL SELECT t.key, 'belong to another tenant, too' FROM ${now} t WHERE t.mine AND t.other
       UNION ALL SELECT g.key, 'belong to another tenant now' FROM ${then} g JOIN ${now} t USING (key) WHERE g.mine AND t.other AND NOT t.mine
       UNION ALL SELECT g.key, 'did not belong to the tenant then' FROM ${then} g JOIN ${now} t USING (key) WHERE NOT g.mine AND t.mine) found
     ORDER BY 2, 1 LIMIT 5`,
  )
  const reasons = [...new Set(rows.map(({ reason }) => reason))]
  return reasons.map((reason) => {
    const keys = rows.filter((row) => row.reason === reason).map(({ key }) => key)
    return { code: 'OTHER_TENANT', text: `Rows of ${tableName(table)} ${reason}: ${keys.join(', ')}.` }
  })
}

interface SliceSource {
  tenant: Tenant
  tables: readonly ChoosingTable[]
  rowsOf: RowsOf
  from(table: ChoosingTable): string
}

async function slicesOf(query: Query, { tenant, tables, rowsOf, from }: SliceSource): Promise<Slices> {
  const slices: Slices = new Map()
  for (const table of tables) {
    const { mine } = belongs(tenant, table.oid, 't', rowsOf)
    const [row] = await query<{ sum: string }>(
      `SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(${rowText('t', table)}, 0))) AS sum
       FROM ${from(table)} t WHERE ${mine}`,
    )
    slices.set(table.oid, row!.sum)
  }
  return slices
}

const rowText = (alias: string, { columns }: ChoosingTable) =>
  `ROW(${columns.map((column) => `${alias}.${quoteIdentifier(column)}`).join(', ')})::pg_catalog.text`

async function differing(query: Query, expected: Slices, source: SliceSource): Promise<ChoosingTable[]> {
  const found = await slicesOf(query, source)
  return source.tables.filter(({ oid }) => found.get(oid) !== expected.get(oid))
}

/** Names rows that would be the tenant's and are not in the backup as such, or the other way round. */
async function notTheSlice(
  query: Query,
  tenant: Tenant,
  table: ChoosingTable,
  { before, after }: { before: RowsOf; after: RowsOf },
): Promise<RewindRefusal> {
  const shown = table.key ? rowText('t', { ...table, columns: table.key }) : `'(no primary key)'::pg_catalog.text`
  const slice = (from: string, rowsOf: RowsOf) =>
    `SELECT ${shown} AS key, ${rowText('t', table)} FROM ${from} t WHERE ${belongs(tenant, table.oid, 't', rowsOf).mine}`
  const [was, is] = [slice(wasView(table.number), before), slice(leafAfter(table), after)]
  const rows = await query<{ key: string }>(
    `SELECT DISTINCT key FROM ((${was} EXCEPT ALL ${is}) UNION ALL (${is} EXCEPT ALL ${was})) d LIMIT 5`,
  )
  return {
    code: 'SUBSET_NOT_CLOSED',
    text: `The tenant would not have the rows of ${tableName(table)} that the backup has of it: ${rows.map(({ key }) => key).join(', ')}.`,
  }
}
