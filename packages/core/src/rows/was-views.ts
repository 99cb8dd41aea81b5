import { qualifiedName, quoteIdentifier } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'
import { mayBeFreshSince } from '../postgres/scan-segments.ts'
import type { TablePair } from './pair-tables.ts'
import { freshTable, goneTable } from './rewind/patch-tables.ts'

/** A table as of the backup: `schema.name` of the view, and the numbers of the tables that hold what is gone. */
export interface WasView {
  view: { schema: string; name: string }
  numbers: number[]
}

/** Schema public as of the backup is `was`, schema x is `was_x`; with underscores behind it where there is one already. */
export function wasSchemas(schemas: Iterable<string>, existing: readonly string[]): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set(existing)
  for (const schema of new Set(['public', ...schemas])) {
    let name = schema === 'public' ? 'was' : `was_${schema}`
    while (taken.has(name)) name += '_'
    taken.add(name)
    names.set(schema, name)
  }
  return names
}

/**
 * `CREATE VIEW`: the rows of a table that were there when the backup was made, from the live table where they still are,
 * else from the table that holds what is gone. It is true under the snapshot alone that the difference was read under.
 */
export function wasViewSql(
  { live, record, way }: TablePair,
  view: { schema: string; name: string },
  { number, schema, xmin }: { number: number; schema: string; xmin: string },
): string {
  const columns = record.columns.map(quoteIdentifier).join(', ')
  const isOld =
    way === 'headers'
      ? `NOT (${mayBeFreshSince('t.xmin', xmin)})`
      : `NOT EXISTS (SELECT FROM ${freshTable(number, schema)} f WHERE f.place = t.ctid)`
  return `CREATE VIEW ${qualifiedName(view)} AS SELECT ${columns} FROM ONLY ${qualifiedName(live)} t WHERE ${isOld}
    UNION ALL SELECT ${columns} FROM ${goneTable(number, schema)}`
}

/** Views of partitioned tables, and of those that others inherit from, over the views of the tables below them. */
export async function createParentViews(
  query: Query,
  views: Map<number, WasView>,
  schemas: ReadonlyMap<string, string>,
): Promise<void> {
  const parents = await query<{ oid: string; schema: string; name: string; columns: string[]; leaves: string[] }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
       ARRAY(SELECT t.relid::pg_catalog.oid::pg_catalog.int8::text FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf) AS leaves
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'p' AND n.nspname = ANY ($1::text[]) ORDER BY c.oid`,
    [[...schemas.keys()]],
  )
  for (const { oid, schema, name, columns, leaves } of parents) {
    const below = leaves.map((leaf) => views.get(Number(leaf)))
    // One that cannot be had as it was would be missing without a word.
    if (below.length === 0 || below.some((one) => one === undefined)) continue
    const view = { schema: schemas.get(schema)!, name }
    const list = columns.map(quoteIdentifier).join(', ')
    const arms = below.map((one) => `SELECT ${list} FROM ${qualifiedName(one!.view)}`)
    await query(`CREATE VIEW ${qualifiedName(view)} AS ${arms.join(' UNION ALL ')}`)
    views.set(Number(oid), { view, numbers: below.flatMap((one) => one!.numbers) })
  }
}
