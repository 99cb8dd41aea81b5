import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { tableName } from '../live-view.ts'

/** A foreign key as its tables declare it; those of partitions that follow from it are left out. */
export interface ForeignKey {
  name: string
  child: Relation
  parent: Relation
  columns: string[]
  referenced: string[]
  /** `OPERATOR(schema.=)` by column: referenced = referencing. */
  operators: string[]
  validated: boolean
  /** As `pg_get_constraintdef` has it. */
  definition: string
  comment: string | null
  /** Whether all its own triggers are enabled as they are made. */
  ordinary: boolean
}

export interface Relation {
  oid: number
  schema: string
  name: string
  partitioned: boolean
  /** The tables that hold its rows: itself, or its leaves. */
  leaves: number[]
  owned: boolean
}

/** The foreign keys from or to some tables, or partitioned tables above them. */
export async function readForeignKeys(query: Query, oids: readonly number[]): Promise<ForeignKey[]> {
  const rows = await query<ForeignKeyRow>(
    `WITH wanted AS (
       SELECT t.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS t(oid)
       UNION SELECT a.relid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS t(oid), pg_catalog.pg_partition_ancestors(t.oid) a)
     SELECT con.conname::text AS name, con.convalidated AS validated, pg_catalog.pg_get_constraintdef(con.oid) AS definition,
       pg_catalog.obj_description(con.oid, 'pg_constraint') AS comment,
       con.conrelid::pg_catalog.int8::text AS child, con.confrelid::pg_catalog.int8::text AS parent,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position) FROM pg_catalog.unnest(con.conkey) WITH ORDINALITY k(attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum) AS columns,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position) FROM pg_catalog.unnest(con.confkey) WITH ORDINALITY k(attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.attnum) AS referenced,
       (SELECT pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname) ORDER BY k.position)
        FROM pg_catalog.unnest(con.conpfeqop) WITH ORDINALITY k(oid, position)
        JOIN pg_catalog.pg_operator o ON o.oid = k.oid JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace) AS operators,
       NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = con.oid AND t.tgenabled <> 'O') AS ordinary
     FROM pg_catalog.pg_constraint con
     WHERE con.contype = 'f' AND con.conparentid = 0
       AND (con.conrelid IN (SELECT oid FROM wanted) OR con.confrelid IN (SELECT oid FROM wanted))
     ORDER BY con.oid`,
    [oids.map(String)],
  )
  const relations = await readRelations(query, new Set(rows.flatMap(({ child, parent }) => [child, parent])))
  return rows.map((row) => ({ ...row, child: relations.get(row.child)!, parent: relations.get(row.parent)! }))
}

type ForeignKeyRow = Omit<ForeignKey, 'child' | 'parent'> & { child: string; parent: string }

/** Tables by their oids as text. */
export async function readRelations(query: Query, oids: ReadonlySet<string>): Promise<Map<string, Relation>> {
  const rows = await query<{
    oid: string
    schema: string
    name: string
    partitioned: boolean
    leaves: string[]
    owned: boolean
  }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind = 'p' AS partitioned,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
       CASE WHEN c.relkind = 'p' THEN ARRAY(SELECT t.relid::pg_catalog.oid::pg_catalog.int8::text FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf)
         ELSE ARRAY[c.oid::pg_catalog.int8::text] END AS leaves
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
    [[...oids]],
  )
  return new Map(rows.map((row) => [row.oid, { ...row, oid: Number(row.oid), leaves: row.leaves.map(Number) }]))
}

/** `ONLY` where rows of tables that inherit are another table's. */
export const fromRelation = (relation: Relation) => `${relation.partitioned ? '' : 'ONLY '}${qualifiedName(relation)}`

export async function dropForeignKeys(query: Query, keys: readonly ForeignKey[]): Promise<void> {
  for (const { child, name } of keys)
    await query(`ALTER TABLE ${fromRelation(child)} DROP CONSTRAINT ${quoteIdentifier(name)}`)
}

/** As they were, which makes the server check every row of those that were validated. */
export async function addForeignKeys(query: Query, keys: readonly ForeignKey[]): Promise<void> {
  for (const { child, name, definition, comment } of keys) {
    await query(`ALTER TABLE ${fromRelation(child)} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`)
    if (comment !== null)
      await query(
        `COMMENT ON CONSTRAINT ${quoteIdentifier(name)} ON ${qualifiedName(child)} IS ${quoteLiteral(comment)}`,
      )
  }
}

/** A temporary table that holds keys of a parent that were taken out, by the number of the foreign key. */
export const removedKeys = (number: number) => `pg_temp.lifeboat_removed_${number}`

/** Remembers which keys of the parent the patch is about to take out; before it is applied. */
export async function rememberRemovedKeys(
  query: Query,
  key: ForeignKey,
  number: number,
  taken: readonly { table: { schema: string; name: string }; places: string }[],
): Promise<void> {
  const columns = key.referenced.map(quoteIdentifier).join(', ')
  const arms = taken.map(
    ({ table, places }) => `SELECT ${columns} FROM ONLY ${qualifiedName(table)} t JOIN ${places} f ON t.ctid = f.place`,
  )
  await query(`DROP TABLE IF EXISTS ${removedKeys(number)}`)
  await query(`CREATE TEMP TABLE lifeboat_removed_${number} ON COMMIT DROP AS ${arms.join(' UNION ALL ')}`)
}

/**
 * Rows of the child that point to no parent, among those that the patch can have left so: rows put back, and rows that
 * point to a key that was taken out. As texts of their keys, a few. `rowsOf`: where the rows of a table are, if not in it.
 */
export async function danglingRows(
  query: Query,
  key: ForeignKey,
  patch: { putBack: readonly string[]; removed: string | null },
  rowsOf: (relation: Relation, columns: readonly string[]) => string = fromRelation,
): Promise<string[]> {
  const columns = key.columns.map(quoteIdentifier)
  const referenced = key.referenced.map(quoteIdentifier)
  const matches = (child: string) =>
    columns.map((column, i) => `p.${referenced[i]!} ${key.operators[i]!} ${child}.${column}`).join(' AND ')
  const allSet = (child: string) => columns.map((column) => `${child}.${column} IS NOT NULL`).join(' AND ')
  const shown = (child: string) => `ROW(${columns.map((column) => `${child}.${column}`).join(', ')})::pg_catalog.text`
  const noParent = (child: string) =>
    `NOT EXISTS (SELECT FROM ${rowsOf(key.parent, key.referenced)} p WHERE ${matches(child)})`
  const arms = patch.putBack.map(
    (rows) => `SELECT ${shown('c')} AS key FROM ${rows} c WHERE ${allSet('c')} AND ${noParent('c')}`,
  )
  if (patch.removed !== null)
    arms.push(
      `SELECT ${shown('c')} AS key FROM ${rowsOf(key.child, key.columns)} c
       WHERE ${allSet('c')} AND EXISTS (SELECT FROM ${patch.removed} p WHERE ${matches('c')}) AND ${noParent('c')}`,
    )
  if (arms.length === 0) return []
  const rows = await query<{ key: string }>(`SELECT DISTINCT key FROM (${arms.join(' UNION ALL ')}) d LIMIT 5`)
  return rows.map((row) => row.key)
}

export function danglingText({ name, child, parent }: ForeignKey, keys: readonly string[]): string {
  return `Rows of ${tableName(child)} would point to rows of ${tableName(parent)} that are not there (${name}): ${keys.join(', ')}.`
}
