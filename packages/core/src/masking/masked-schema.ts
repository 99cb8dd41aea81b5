import type { ReadableArchive } from '../postgres/archive/archive.ts'
import { archiveText } from '../postgres/archive/archive-text.ts'
import { type ColumnSchema, type DefinitionEntry, tablesOfDefinitions } from '../schema/table-schema.ts'

/** `schema.table`, as policies name tables. */
export type TableName = string

export interface ForeignKey {
  name: string
  table: TableName
  columns: string[]
  target: TableName
  targetColumns: string[]
  /** MATCH FULL: all of its columns are NULL, or none. */
  isFull: boolean
}

export interface UniqueKey {
  name: string
  table: TableName
  /** Also those that an expression of an index mentions. */
  columns: string[]
  isPrimary: boolean
  /** NULLs are equal to each other in it. */
  isOfNulls: boolean
}

/** What masks have to be judged by, as the definitions of a backup have it. */
export interface MaskedSchema {
  /** Columns by name; null where the definitions do not say what they are. */
  tables: Map<TableName, ColumnSchema[] | null>
  /** Schema and name by both together, which can have points of their own. */
  relations: Map<TableName, { schema: string; name: string }>
  uniqueKeys: UniqueKey[]
  foreignKeys: ForeignKey[]
  /** The partitioned table that a partition belongs to. */
  parents: Map<TableName, TableName>
  /** Columns that decide which partition a row belongs to. */
  partitionKeys: Map<TableName, string[]>
  /** The tables whose columns a table inherits. */
  inherited: Map<TableName, TableName[]>
  /** The type that a domain is over, and whether it is NOT NULL. */
  domains: Map<string, { type: string; notNull: boolean; collation: string | null }>
  /** Collations, quoted and with their schema, under which texts can be equal that differ. */
  loose: Set<string>
}

/** Reads what pg_dump has written, and runs nothing. */
export function readMaskedSchema(archive: ReadableArchive): MaskedSchema {
  const text = archiveText(archive)
  const kinds = new Set(['TABLE', 'TABLE ATTACH', 'CONSTRAINT', 'INDEX', 'FK CONSTRAINT', 'DOMAIN', 'COLLATION'])
  const entries = Iterator.from(archive.entries)
    .filter(({ kind }) => kinds.has(kind))
    .map(({ kind, schema, tag, definition }) => ({
      kind,
      ...{ schema: schema && text(schema), tag: tag && text(tag), definition: definition && text(definition) },
    }))
    .toArray()
  return maskedSchemaOf(entries)
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[^\s."();,]+)`
const qualified = `(${identifier})\\.(${identifier})`
const attach = new RegExp(`^ALTER TABLE (?:ONLY )?${qualified} ATTACH PARTITION ${qualified} `)
const constraint = new RegExp(
  `^ALTER TABLE (?:ONLY )?${qualified}\\s+ADD CONSTRAINT (${identifier}) (PRIMARY KEY|UNIQUE|EXCLUDE)([^]*)$`,
)
const foreignKey = new RegExp(
  `^ALTER TABLE (?:ONLY )?${qualified}\\s+ADD CONSTRAINT (${identifier}) FOREIGN KEY \\(([^]*?)\\) REFERENCES ${qualified}\\(([^]*?)\\)( MATCH FULL)?`,
)
const uniqueIndex = new RegExp(`^CREATE UNIQUE INDEX (${identifier}) ON (?:ONLY )?${qualified} USING \\S+ ([^]*)$`)
const collation = new RegExp(`^CREATE COLLATION (${qualified}) \\([^]*\\bdeterministic = false\\b`)
const domain = new RegExp(
  `^CREATE DOMAIN ${qualified} AS ([^]*?)(?=\\s+(?:COLLATE|DEFAULT|NOT NULL|CONSTRAINT|CHECK)\\b|;|$)`,
)

export function maskedSchemaOf(entries: readonly DefinitionEntry[]): MaskedSchema {
  const found: MaskedSchema = {
    tables: new Map(),
    relations: new Map(),
    uniqueKeys: [],
    foreignKeys: [],
    parents: new Map(),
    partitionKeys: new Map(),
    inherited: new Map(),
    domains: new Map(),
    loose: new Set(),
  }
  for (const { schema, name, columns } of tablesOfDefinitions(entries)) {
    found.tables.set(`${schema}.${name}`, columns)
    found.relations.set(`${schema}.${name}`, { schema, name })
  }
  for (const { kind, definition } of entries)
    if (definition !== null && Object.hasOwn(readers, kind)) readers[kind]?.(definition, found)
  for (const { kind, schema, tag, definition } of entries) {
    const by = kind === 'TABLE' ? /\)\s*PARTITION BY (?:RANGE|LIST|HASH) \((.*)\)/s.exec(definition ?? '') : null
    const from = kind === 'TABLE' ? /\)\s*INHERITS \((.*?)\)/s.exec(definition ?? '') : null
    const names = [...(from?.[1] ?? '').matchAll(new RegExp(qualified, 'g'))].map((match) => nameOf(match[1], match[2]))
    if (names.length > 0) found.inherited.set(`${schema}.${tag}`, names)
    if (by) found.partitionKeys.set(`${schema}.${tag}`, identifiersIn(by[1] ?? ''))
  }
  return found
}

const readers: Record<string, (definition: string, found: MaskedSchema) => void> = {
  'TABLE ATTACH': (definition, { parents }) => {
    const match = attach.exec(definition)
    if (match) parents.set(nameOf(match[3], match[4]), nameOf(match[1], match[2]))
  },
  CONSTRAINT: (definition, found) => {
    const match = constraint.exec(definition)
    if (match)
      addUnique(found, nameOf(match[1], match[2]), plain(match[3]), {
        text: match[5] ?? '',
        isPrimary: match[4] === 'PRIMARY KEY',
      })
  },
  INDEX: (definition, found) => {
    const match = uniqueIndex.exec(definition)
    if (match) addUnique(found, nameOf(match[2], match[3]), plain(match[1]), { text: match[4] ?? '', isPrimary: false })
  },
  'FK CONSTRAINT': (definition, { foreignKeys }) => {
    const match = foreignKey.exec(definition)
    if (!match) return
    foreignKeys.push({
      ...{ name: plain(match[3]), table: nameOf(match[1], match[2]), columns: identifiersIn(match[4] ?? '') },
      ...{ target: nameOf(match[5], match[6]), targetColumns: identifiersIn(match[7] ?? '') },
      isFull: match[8] !== undefined,
    })
  },
  DOMAIN: (definition, { domains }) => {
    const match = domain.exec(definition)
    if (!match) return
    const [, collated] = new RegExp(`^\\s+COLLATE (${qualified})`).exec(definition.slice(match[0].length)) ?? []
    domains.set(`${match[1]}.${match[2]}`, {
      ...{ type: (match[3] ?? '').trim(), notNull: / NOT NULL\b/.test(definition), collation: collated ?? null },
    })
  },
  COLLATION: (definition, { loose }) => {
    const [, name] = collation.exec(definition) ?? []
    if (name) loose.add(name)
  },
}

/** Whatever column a key mentions counts as one of it, since an index can be over `lower(email)`; those of its condition do not. */
function addUnique(
  found: MaskedSchema,
  table: TableName,
  name: string,
  { text, isPrimary }: { text: string; isPrimary: boolean },
) {
  const [key = ''] = text.split(/ (?:INCLUDE|WHERE) \(/)
  const mentioned = new Set(identifiersIn(key))
  const columns = found.tables.get(table)?.map((column) => column.name) ?? [...mentioned]
  found.uniqueKeys.push({
    name,
    table,
    isPrimary,
    isOfNulls: /^\s*NULLS NOT DISTINCT|\) NULLS NOT DISTINCT/.test(text),
    columns: columns.filter((column) => mentioned.has(column)),
  })
}

function identifiersIn(text: string): string[] {
  const withoutTexts = text.replace(/'(?:[^']|'')*'/g, ' ')
  return [...withoutTexts.matchAll(/"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu)].map(([word]) => plain(word))
}

const plain = (quoted = '') => (quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted)
const nameOf = (schema?: string, name?: string): TableName => `${plain(schema)}.${plain(name)}`

/** A column as its table has it, or as it comes from tables that it is part of or inherits from; NOT NULL comes from any. */
export function columnOf(schema: MaskedSchema, table: TableName, column: string): ColumnSchema | undefined {
  const open = [table]
  const seen = new Set<TableName>()
  let first: ColumnSchema | undefined
  let nullable = true
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    if (seen.has(at)) continue
    seen.add(at)
    const found = schema.tables.get(at)?.find(({ name }) => name === column)
    first ??= found
    if (found?.nullable === false) nullable = false
    open.push(...(schema.inherited.get(at) ?? []))
    const parent = schema.parents.get(at)
    if (parent !== undefined) open.push(parent)
  }
  return first && !nullable ? { ...first, nullable: false } : first
}

/** The type of a column under its domains, and whether it can be NULL; null where the definitions do not say. */
export function typeOfColumn(
  schema: MaskedSchema,
  column: ColumnSchema,
): { type: string; nullable: boolean | null; isDomain: boolean; collation: string | null } {
  let { type, nullable, collation: collated = null } = column
  let isDomain = false
  for (let depth = 0; depth < 32; depth++) {
    const base = schema.domains.get(type)
    if (!base) break
    isDomain = true
    type = base.type
    if (base.notNull) nullable = false
    collated ??= base.collation
  }
  return { type, nullable, isDomain, collation: collated }
}

/** The partitioned tables that a partition is part of, the nearest first. */
export function ancestors(table: TableName, { parents }: MaskedSchema): TableName[] {
  const found: TableName[] = []
  for (let at = parents.get(table); at !== undefined && !found.includes(at); at = parents.get(at)) found.push(at)
  return found
}

export const rootOf = (table: TableName, schema: MaskedSchema): TableName => ancestors(table, schema).at(-1) ?? table
