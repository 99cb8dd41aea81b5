import { mask } from './mask.ts'

/** A table's columns, as they are told to people and compared: by name, in the order of the table. */
export interface TableSchema {
  schema: string
  name: string
  /** Null where the columns are those of a composite type. */
  columns: ColumnSchema[] | null
}

export interface ColumnSchema {
  name: string
  /** As `format_type` writes it with an empty search path: `numeric(10,2)`, `public.mood[]`. */
  type: string
  /** Null where an inherited constraint may say so, too. */
  nullable: boolean | null
  /** Of a generated column what it is computed from. */
  default: string | null
  generated: boolean
  /** Quoted, with its schema; absent where it is that of the type. */
  collation?: string
}

/** One entry of an archive's table of contents, its texts decoded. */
export interface DefinitionEntry {
  kind: string
  schema: string | null
  tag: string | null
  definition: string | null
}

/**
 * The tables that definitions written by `pg_dump` make, with their columns. Reads what pg_dump writes and runs
 * nothing; what it does not understand it leaves out of a column rather than to guess.
 */
export function tablesOfDefinitions(entries: readonly DefinitionEntry[]): TableSchema[] {
  const tables = new Map<string, TableSchema>()
  for (const { kind, schema, tag, definition } of entries) {
    if ((kind !== 'TABLE' && kind !== 'FOREIGN TABLE') || schema === null || tag === null) continue
    tables.set(keyOf(schema, tag), { schema, name: tag, columns: columnsOf(definition ?? '') })
  }
  // A default that needs an object made after the table (a sequence, above all) is set by a statement of its own.
  for (const { kind, definition } of entries) {
    const match = kind === 'DEFAULT' ? separateDefault.exec(definition ?? '') : null
    if (!match?.groups) continue
    const { schema = '', table = '', column = '', value = '' } = match.groups
    const columns = tables.get(keyOf(plain(schema), plain(table)))?.columns
    const owner = columns?.find(({ name }) => name === plain(column))
    if (owner) owner.default = value
  }
  return [...tables.values()]
}

const keyOf = (schema: string, name: string) => JSON.stringify([schema, name])

const identifier = String.raw`"(?:[^"]|"")+"|[^\s."]+`
const separateDefault = new RegExp(
  `^ALTER (?:FOREIGN )?TABLE (?:ONLY )?(?<schema>${identifier})\\.(?<table>${identifier}) ` +
    `ALTER COLUMN (?<column>${identifier}) SET DEFAULT (?<value>[^]*?);\\s*$`,
)

const plain = (quoted: string) => (quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted)

function columnsOf(definition: string): ColumnSchema[] | null {
  const masked = mask(definition)
  const open = masked.indexOf('(')
  const head = open < 0 ? masked : masked.slice(0, open)
  if (/ OF [^\s]+\s*$/.test(head)) return null
  if (open < 0) return []
  const close = masked.indexOf(')', open)
  const inherits = /^\)\s*INHERITS /.test(masked.slice(close))
  const columns: ColumnSchema[] = []
  let start = open + 1
  for (let end = start; end <= close; end++) {
    if (masked[end] !== ',' && end !== close) continue
    const column = columnOf(definition.slice(start, end), masked.slice(start, end))
    if (column) columns.push(inherits ? { ...column, nullable: null } : column)
    start = end + 1
  }
  return columns
}

const ofTable = /^\s*(?:CONSTRAINT|CHECK|NOT NULL)\s/
const afterType = / (?:COLLATE|DEFAULT|GENERATED|NOT NULL|CONSTRAINT|OPTIONS|STORAGE|COMPRESSION)(?= |$)/
const afterDefault = / (?:NOT NULL|CONSTRAINT|COLLATE)(?= |$)/

function columnOf(text: string, masked: string): ColumnSchema | null {
  if (text.trim() === '' || ofTable.test(masked)) return null
  const lead = text.length - text.trimStart().length
  const name = new RegExp(`^(?:${identifier})`).exec(text.trimStart())?.[0]
  if (name === undefined) return null
  const rest = text.slice(lead + name.length).trimEnd()
  const own = masked.slice(lead + name.length, lead + name.length + rest.length)
  const typeEnd = afterType.exec(own)?.index ?? rest.length
  const generated = / GENERATED ALWAYS AS (?=«)/.exec(own)
  const [, collation] = new RegExp(` COLLATE ((?:${identifier})\\.(?:${identifier}))`).exec(rest.slice(typeEnd)) ?? []
  return {
    name: plain(name),
    type: rest.slice(0, typeEnd).trim(),
    nullable: !/ NOT NULL(?= |$)/.test(own),
    default: generated ? inParentheses(rest, own, generated.index + generated[0].length) : defaultOf(rest, own),
    generated: generated !== null,
    ...(collation === undefined ? {} : { collation }),
  }
}

function defaultOf(rest: string, own: string): string | null {
  const begin = / DEFAULT /.exec(own)
  if (!begin) return null
  const from = begin.index + begin[0].length
  const length = afterDefault.exec(own.slice(from))?.index
  return rest.slice(from, length === undefined ? undefined : from + length)
}

/** The masked text keeps the outermost parentheses of what it hides. */
function inParentheses(rest: string, own: string, open: number): string {
  const close = own.indexOf('»', open)
  return rest.slice(open + 1, close < 0 ? undefined : close)
}
