import { EngineError } from '../../errors.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { type LiveView, tableName } from '../live-view.ts'
import type { TablePair } from '../pair-tables.ts'
import { readPrimaryKeys } from '../primary-keys.ts'
import { type Relation, readForeignKeys, readRelations } from '../rewind/foreign-keys.ts'
import type { TenantChoice } from '../rewind/options.ts'
import type { PlannedTenant } from '../rewind/rewind-plan.ts'
import { type OwnedTable, tenantPaths } from './tenant-paths.ts'

/** One tenant, and the tables that have rows of it. */
export interface Tenant {
  root: Relation
  key: string
  /** SQL of the tenant's key as text. */
  value: string
  owned: Map<number, OwnedTable>
  /** The backup's tables among them. */
  scope: TablePair[]
  /** As the plan shows it. */
  planned: PlannedTenant
}

/**
 * Looks by which foreign keys rows belong to a tenant, as the live database declares them.
 *
 * @throws EngineError `CONFIG_INVALID` where the table, the column or the value makes no sense.
 */
export async function readTenant(view: LiveView, choice: TenantChoice): Promise<Tenant> {
  const { query } = view.snapshot.session
  const root = await readRoot(query, choice.table)
  const key = choice.key ?? (await onlyKey(query, root))
  const value = await tenantValue(query, root, key, choice.value)
  const all = [...view.pairs.map(({ live }) => live.oid), ...view.made.map(({ oid }) => oid)]
  const owned = tenantPaths(root, await readForeignKeys(query, all))
  const leaves = new Set([...owned.values()].flatMap(({ relation }) => relation.leaves))
  const scope = view.pairs.filter(({ live }) => leaves.has(live.oid))
  const outside = view.pairs.filter(({ live }) => !leaves.has(live.oid))
  requireColumns(root, key, owned, scope)
  const planned: PlannedTenant = {
    tables: [...owned.values()].map(({ relation, via }) => ({
      table: tableName(relation),
      via: via.map(({ columns, parent }) => ({ columns, parent: tableName(parent) })),
    })),
    left: outside.map(({ live }) => tableName(live)).sort(),
    made: view.made.filter(({ oid }) => leaves.has(oid)).map(tableName),
    dropped: view.dropped.map(tableName),
  }
  return { root, key, value, owned, scope, planned }
}

async function readRoot(query: Query, name: string): Promise<Relation> {
  const rows = await query<{ oid: string }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND (n.nspname || '.' || c.relname = $1 OR n.nspname = 'public' AND c.relname = $1)`,
    [name],
  )
  const [oid] = rows.map((row) => row.oid)
  const root = oid === undefined ? undefined : (await readRelations(query, new Set([oid]))).get(oid)
  if (!root) throw new EngineError('CONFIG_INVALID', `The database has no table "${name}".`)
  return root
}

async function onlyKey(query: Query, root: Relation): Promise<string> {
  const columns = (await readPrimaryKeys(query, [root.oid])).get(root.oid) ?? []
  if (columns.length === 1) return columns[0]!
  throw new EngineError('CONFIG_INVALID', `${tableName(root)} has no primary key of one column.`, {
    advice: 'Say which column identifies the tenant ({tenantKey}).',
  })
}

/** The value as the column's type prints it, so that 07 and 7 are the same number. */
async function tenantValue(query: Query, root: Relation, key: string, value: string): Promise<string> {
  const [column] = await query<{ type: string }>(
    `SELECT pg_catalog.format_type(a.atttypid, NULL) AS type FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = $1::pg_catalog.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [String(root.oid), key],
  )
  if (!column) throw new EngineError('CONFIG_INVALID', `${tableName(root)} has no column "${key}".`)
  await query('SAVEPOINT tenant_value')
  try {
    const [row] = await query<{ value: string }>(`SELECT CAST(${quoteLiteral(value)} AS ${column.type})::text AS value`)
    return quoteLiteral(row!.value)
  } catch (error) {
    throw new EngineError('CONFIG_INVALID', `"${value}" is no value of ${tableName(root)}.${key}.`, { cause: error })
  } finally {
    await query('ROLLBACK TO SAVEPOINT tenant_value')
  }
}

/** What rows belong by must be in the backup: generated columns are not. */
function requireColumns(
  root: Relation,
  key: string,
  owned: ReadonlyMap<number, OwnedTable>,
  scope: readonly TablePair[],
): void {
  if (!scope.some(({ live }) => root.leaves.includes(live.oid)))
    throw new EngineError('CONFIG_INVALID', `The backup and the database have no table "${tableName(root)}" in common.`)
  const require = (relation: Relation, columns: readonly string[]) => {
    for (const { live, record } of scope) {
      const missing = relation.leaves.includes(live.oid) && columns.find((column) => !record.columns.includes(column))
      if (missing)
        throw new EngineError('CONFIG_INVALID', `The backup has no column "${missing}" of ${tableName(relation)}.`, {
          advice: 'Generated columns are in no backup, so rows cannot be told by them to be a tenant’s.',
        })
    }
  }
  require(root, [key])
  for (const { via } of owned.values())
    for (const { child, columns, parent, referenced } of via) {
      require(child, columns)
      require(parent, referenced)
    }
}

/** Where the rows of a table are, as SQL that can be selected from: in the backup, now, or once the patch is applied. */
export type RowsOf = (relation: Relation, columns: readonly string[]) => string

/** SQL: whether a row is the tenant's, or another's. One that leads to no tenant is neither; one that leads to two is both. */
export function belongs(
  { root, key, value, owned }: Pick<Tenant, 'root' | 'key' | 'value' | 'owned'>,
  leaf: number,
  alias: string,
  rowsOf: RowsOf,
): { mine: string; other: string } {
  const ofRelation = (relation: Relation, row: string, condition: string): string => {
    if (relation.oid === root.oid) return `${row}.${quoteIdentifier(key)}::pg_catalog.text ${condition} ${value}`
    const ways = owned.get(relation.oid)?.via.map(({ parent, columns, referenced, operators }) => {
      const above = `${row}p`
      const match = columns.map(
        (column, i) => `${above}.${quoteIdentifier(referenced[i]!)} ${operators[i]!} ${row}.${quoteIdentifier(column)}`,
      )
      const source = rowsOf(parent, neededColumns({ root, key, owned }, parent, referenced))
      return `EXISTS (SELECT FROM ${source} ${above} WHERE ${match.join(' AND ')} AND ${ofRelation(parent, above, condition)})`
    })
    return ways && ways.length > 0 ? `(${ways.join(' OR ')})` : 'false'
  }
  const relations = [...owned.values()].map(({ relation }) => relation).filter(({ leaves }) => leaves.includes(leaf))
  const any = (condition: string) => `(${relations.map((one) => ofRelation(one, alias, condition)).join(' OR ')})`
  return { mine: any('IS NOT DISTINCT FROM'), other: any('IS DISTINCT FROM') }
}

function neededColumns(
  { root, key, owned }: Pick<Tenant, 'root' | 'key' | 'owned'>,
  relation: Relation,
  referenced: readonly string[],
): string[] {
  const above = owned.get(relation.oid)?.via.flatMap(({ columns }) => columns) ?? []
  return [...new Set([...referenced, ...above, ...(relation.oid === root.oid ? [key] : [])])]
}
