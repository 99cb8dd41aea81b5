import { quoteIdentifier } from './identifiers.ts'

/**
 * What a backup leaves out. Names are `schema.table` (or `table`, meaning schema public) exactly as in the catalog;
 * `*` stands for any characters; parts with a dot in them are written in double quotes.
 */
export interface Exclusions {
  /** Definition and rows. */
  tables: readonly string[]
  /** Everything in them. */
  schemas: readonly string[]
  /** Rows only; the definition stays. */
  rows: readonly string[]
}

export const noExclusions: Exclusions = { tables: [], schemas: [], rows: [] }

/** Where our own bookkeeping lies unless a catalog was given another schema. */
export const bookkeepingSchema = 'lifeboat'
/** The comment by which a schema is known to be our own: no backup contains it (bookkeeping.ts). */
export const bookkeepingComment = 'Bookkeeping of Lifeboat; left out of backups.'

/** Tests names against {@link Exclusions}. */
export interface ExclusionMatcher {
  excludesTable(relation: { schema: string; name: string }): boolean
  excludesRows(relation: { schema: string; name: string }): boolean
  excludesSchema(schema: string): boolean
}

export function exclusionMatcher(exclusions: Exclusions): ExclusionMatcher {
  const tables = exclusions.tables.map(relationPattern)
  const rows = exclusions.rows.map(relationPattern)
  const schemas = exclusions.schemas.map(namePattern)
  const excludesSchema = (schema: string) => schemas.some((pattern) => pattern.test(schema))
  const matches = (patterns: RelationPattern[], { schema, name }: { schema: string; name: string }) =>
    patterns.some((pattern) => pattern.schema.test(schema) && pattern.name.test(name))
  return {
    excludesSchema,
    excludesTable: (relation) => excludesSchema(relation.schema) || matches(tables, relation),
    excludesRows: (relation) => matches(rows, relation),
  }
}

/** The same name as pg_dump's pattern language has it: quoted pieces are literal, a bare `*` is any characters. */
export function dumpPattern(name: string): string {
  return splitName(name).map(quoteAround).join('.')
}

/** One schema as a pattern. */
export function dumpSchemaPattern(schema: string): string {
  return quoteAround(schema)
}

/** Names without a `*` that match none of these relations and schemas, by option. Pure. */
export function unmatchedExclusions(
  exclude: Exclusions,
  relations: readonly { schema: string; name: string }[],
  schemas: readonly string[],
): { option: keyof Exclusions; name: string }[] {
  const isThere = (option: keyof Exclusions, name: string) => {
    if (name.includes('*')) return true
    if (option === 'schemas') return schemas.includes(name)
    const pattern = relationPattern(name)
    return relations.some((relation) => pattern.schema.test(relation.schema) && pattern.name.test(relation.name))
  }
  return (['tables', 'schemas', 'rows'] as const).flatMap((option) =>
    exclude[option].filter((name) => !isThere(option, name)).map((name) => ({ option, name })),
  )
}

interface RelationPattern {
  schema: RegExp
  name: RegExp
}

function relationPattern(name: string): RelationPattern {
  const [schema, table] = splitName(name)
  return { schema: namePattern(schema), name: namePattern(table) }
}

/** `schema.table`, `"sche.ma"."ta""ble"`, `table`. */
function splitName(name: string): [schema: string, table: string] {
  const parts = name.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [name]
  const plain = parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part))
  return plain.length > 1 ? [plain[0]!, plain.slice(1).join('.')] : ['public', plain[0]!]
}

function namePattern(name: string): RegExp {
  return new RegExp(`^${name.split('*').map(escapeForRegExp).join('.*')}$`, 's')
}

function quoteAround(name: string): string {
  return name
    .split('*')
    .map((piece) => (piece === '' ? '' : quoteIdentifier(piece)))
    .join('*')
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
