import { EngineError } from '../../errors.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'

/** `schema.table`, or a table of the schema public. */
export function splitTableName(table: string): { schema: string; name: string } {
  const at = table.indexOf('.')
  return at < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, at), name: table.slice(at + 1) }
}

/** A table as far as its rows can be moved from one database to another. */
export interface CarriedTable {
  /** As configured. */
  table: string
  oid: string
  /** Quoted, and with ONLY where it has no partitions. */
  from: string
  isPartitioned: boolean
  /** Columns that take values, by name. */
  columns: { name: string; type: string }[]
  /** Sequences that belong to its columns. */
  sequences: { column: string; sequence: string }[]
}

/** Null for those that are not there. */
export async function readCarriedTables(query: Query, tables: readonly string[]): Promise<(CarriedTable | null)[]> {
  return Promise.all(tables.map((table) => readCarriedTable(query, table)))
}

async function readCarriedTable(query: Query, table: string): Promise<CarriedTable | null> {
  const { schema, name } = splitTableName(table)
  const [row] = await query<{
    oid: string
    kind: string
    columns: CarriedTable['columns']
    sequences: CarriedTable['sequences']
  }>(
    `SELECT c.oid::text AS oid, c.relkind::text AS kind,
       COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname,
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]') AS columns,
       COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', a.attname,
           'sequence', pg_catalog.format('%I.%I', n2.nspname, s.relname)) ORDER BY a.attnum)
         FROM pg_catalog.pg_depend d
         JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
         JOIN pg_catalog.pg_namespace n2 ON n2.oid = s.relnamespace
         JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')), '[]') AS sequences
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [schema, name],
  )
  if (!row) return null
  const isPartitioned = row.kind === 'p'
  const { oid, columns, sequences } = row
  return {
    ...{ table, oid, isPartitioned, columns, sequences },
    from: `${isPartitioned ? '' : 'ONLY '}${qualifiedName({ schema, name })}`,
  }
}

/** What differs, by name; null where rows of one fit into the other. Pure. */
export function shapeDifference(
  old: Pick<CarriedTable, 'columns'>,
  copy: Pick<CarriedTable, 'columns'>,
): string | null {
  const typeIn = ({ columns }: Pick<CarriedTable, 'columns'>) => new Map(columns.map(({ name, type }) => [name, type]))
  const [before, after] = [typeIn(old), typeIn(copy)]
  const texts = [
    ...[...before].flatMap(([name, type]) => {
      const now = after.get(name)
      if (now === undefined) return [`column ${name} is only in the target`]
      return now === type ? [] : [`column ${name} is ${type} in the target and ${now} in the copy`]
    }),
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `column ${name} is only in the copy`),
  ]
  return texts.length === 0 ? null : texts.join(', ')
}

export const columnList = ({ columns }: CarriedTable): string =>
  columns.map(({ name }) => quoteIdentifier(name)).join(', ')

/** @throws EngineError `CARRY_OVER_REFUSED`, naming each table that does not fit. */
export function requireFitting(pairs: readonly { old: CarriedTable; copy: CarriedTable | null }[]): void {
  const texts = pairs.flatMap(({ old, copy }) => {
    const difference = copy ? shapeDifference(old, copy) : 'it is not in the copy'
    return difference === null ? [] : [`${old.table}: ${difference}`]
  })
  if (texts.length === 0) return
  throw new EngineError('CARRY_OVER_REFUSED', `Tables to carry over have another shape: ${texts.join('; ')}.`)
}
