import { counted } from '../counted.ts'
import type { MaskedSchema } from '../masking/masked-schema.ts'
import type { SequenceRecord, TableRecord } from '../repository/documents/documents.ts'
import type { ColumnSchema } from '../schema/table-schema.ts'

/** What holds rows, and the definitions that belong to it. */
export interface RowsAndSchema {
  tables: readonly TableRecord[]
  sequences: readonly SequenceRecord[]
  schema: MaskedSchema
  encoding: string
}

export interface RowsProblem {
  code: 'ROWS_OTHER_ENCODING' | 'ROWS_UNKNOWN_TABLE' | 'ROWS_OTHER_COLUMNS' | 'ROWS_OTHER_TYPES'
  text: string
  /** Goes past it. */
  override?: string
}

export interface MatchedRows {
  tables: TableRecord[]
  sequences: SequenceRecord[]
  problems: RowsProblem[]
  /** What people should know of it. */
  notes: string[]
}

const nameOf = ({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`

/**
 * Rows of one database, loaded by the names of tables and columns into the definitions of another. The tables that record
 * migrations are those of the definitions, with their rows: they say what made them. Pure.
 */
export function matchRows(
  rows: RowsAndSchema,
  definitions: RowsAndSchema,
  about: { ledgers: ReadonlySet<string>; sequenceOwners: ReadonlyMap<string, string> },
): MatchedRows {
  const own = new Map(definitions.tables.map((table) => [nameOf(table), table]))
  const given = rows.tables.filter((table) => !about.ledgers.has(nameOf(table)))
  const known = given.filter((table) => own.has(nameOf(table)))
  const unknown = given.filter((table) => !own.has(nameOf(table)) && table.rows > 0)
  const columns = known.flatMap((table) => columnProblems(table, rows.schema, definitions.schema))
  const ledgers = definitions.tables.filter((table) => about.ledgers.has(nameOf(table)))
  const empty = definitions.tables.filter(
    (table) => !about.ledgers.has(nameOf(table)) && !known.some((one) => nameOf(one) === nameOf(table)),
  )
  return {
    tables: [...throughRoots(known, empty, definitions.schema), ...ledgers],
    sequences: matchSequences(rows, definitions, about),
    problems: [...encodingProblem(rows, definitions), ...unknownTables(unknown), ...grouped(columns)],
    notes: notesOf(rows, definitions, { empty, ...about }),
  }
}

/** Bounds of partitions may differ: the server puts each row where it belongs, and those of a root are counted together. */
function throughRoots(
  known: readonly TableRecord[],
  empty: readonly TableRecord[],
  schema: MaskedSchema,
): TableRecord[] {
  const rootOf = (table: TableRecord) => {
    let root = schema.parents.get(nameOf(table))
    for (let next = root; next !== undefined; next = schema.parents.get(next)) root = next
    return root === undefined ? null : (schema.relations.get(root) ?? null)
  }
  const loaded = known.map((table) => ({ ...table, load_via: rootOf(table) }))
  const roots = new Set(loaded.flatMap(({ load_via }) => (load_via ? [nameOf(load_via)] : [])))
  const others = empty.flatMap((table) => {
    const root = rootOf(table)
    return root && roots.has(nameOf(root)) ? [{ ...table, rows: 0, bytes: 0, segments: [], load_via: root }] : []
  })
  return [...loaded, ...others]
}

interface ColumnProblem {
  kind: 'columns' | 'types'
  text: string
}

function columnProblems(table: TableRecord, given: MaskedSchema, wanted: MaskedSchema): ColumnProblem[] {
  const name = nameOf(table)
  const there = wanted.tables.get(name)
  // Of a type that is defined elsewhere: the server compares them.
  if (!there) return []
  const byName = new Map(there.map((column) => [column.name, column]))
  const has = new Set(table.columns)
  const types = new Map((given.tables.get(name) ?? []).map(({ name: column, type }) => [column, type]))
  const known = table.columns.filter((column) => byName.has(column) && !byName.get(column)?.generated)
  const unknown = table.columns.filter((column) => !known.includes(column))
  const needed = there.filter((column) => !has.has(column.name) && isNeeded(column))
  const others = known.filter((column) => types.has(column) && types.get(column) !== byName.get(column)?.type)
  return [
    ...unknown.map((column) => ({ kind: 'columns' as const, text: `${name}.${column} of the file is not there` })),
    ...needed.map((column) => ({
      kind: 'columns' as const,
      text: `${name}.${column.name} is NOT NULL without a default, and the file does not have it`,
    })),
    ...others.map((column) => ({
      kind: 'types' as const,
      text: `${name}.${column} is ${types.get(column)} in the file and ${byName.get(column)?.type} there`,
    })),
  ]
}

const isNeeded = ({ nullable, default: value, generated }: ColumnSchema) =>
  nullable === false && value === null && !generated

const someOf = (texts: readonly string[]) =>
  `${texts.slice(0, 10).join('; ')}${texts.length > 10 ? `; and ${texts.length - 10} more` : ''}`

const encodingProblem = (rows: RowsAndSchema, definitions: RowsAndSchema): RowsProblem[] =>
  rows.encoding === definitions.encoding
    ? []
    : [
        {
          code: 'ROWS_OTHER_ENCODING',
          text: `The rows are in ${rows.encoding} and the definitions of a database in ${definitions.encoding}. Load the file into a database in ${definitions.encoding} on a machine of its own, and dump that.`,
        },
      ]

const unknownTables = (tables: readonly TableRecord[]): RowsProblem[] =>
  tables.length === 0
    ? []
    : [
        {
          code: 'ROWS_UNKNOWN_TABLE',
          text: `${counted(tables.length, 'table')} of the file with rows ${tables.length === 1 ? 'is' : 'are'} not among the definitions: ${someOf(tables.map((table) => `${nameOf(table)} (${counted(table.rows, 'row')})`))}. Choose another backup for the definitions, or leave these rows out.`,
          override: 'leave-rows-out',
        },
      ]

function grouped(problems: readonly ColumnProblem[]): RowsProblem[] {
  const textsOf = (wanted: ColumnProblem['kind']) =>
    problems.flatMap(({ kind, text }) => (kind === wanted ? [text] : []))
  const [columns, types] = [textsOf('columns'), textsOf('types')]
  return [
    ...(columns.length === 0
      ? []
      : [
          {
            code: 'ROWS_OTHER_COLUMNS' as const,
            text: `The columns of the file do not fit the definitions: ${someOf(columns)}. Choose a backup whose definitions are of the same release as the file.`,
          },
        ]),
    ...(types.length === 0
      ? []
      : [
          {
            code: 'ROWS_OTHER_TYPES' as const,
            text: `Columns have other types in the file: ${someOf(types)}. Choose a backup of the same release, or have the server read the text of the values as the types that the definitions have.`,
            override: 'other-types',
          },
        ]),
  ]
}

function matchSequences(
  rows: RowsAndSchema,
  definitions: RowsAndSchema,
  { ledgers, sequenceOwners }: Parameters<typeof matchRows>[2],
): SequenceRecord[] {
  const given = new Map(rows.sequences.map((sequence) => [nameOf(sequence), sequence]))
  return definitions.sequences.flatMap((sequence) => {
    const isLedgers = ledgers.has(sequenceOwners.get(nameOf(sequence)) ?? '')
    const found = isLedgers ? sequence : given.get(nameOf(sequence))
    return found ? [{ ...found, oid: sequence.oid }] : []
  })
}

function notesOf(
  rows: RowsAndSchema,
  definitions: RowsAndSchema,
  { empty, ledgers, sequenceOwners }: Parameters<typeof matchRows>[2] & { empty: readonly TableRecord[] },
): string[] {
  const given = new Set(rows.sequences.map(nameOf))
  const unset = definitions.sequences
    .map(nameOf)
    .filter((name) => !given.has(name) && !ledgers.has(sequenceOwners.get(name) ?? ''))
  return [
    ...(empty.length > 0 ? [`The file has no rows of: ${someOf(empty.map(nameOf))}. These tables stay empty.`] : []),
    ...(unset.length > 0
      ? [`The file does not say where these sequences stand, so they begin at their start: ${someOf(unset)}.`]
      : []),
  ]
}
