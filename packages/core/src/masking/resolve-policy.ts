import { counted } from '../counted.ts'
import type { ColumnMask, LeafMask, PseudonymShape, RowMask } from './column-mask.ts'
import { parseJsonPath } from './mask-json.ts'
import { ancestors, columnOf, type MaskedSchema, rootOf, type TableName, typeOfColumn } from './masked-schema.ts'
import type { Mask, MaskingPolicy, Pseudonym } from './policy.ts'
import { shapeOf } from './pseudonym-shape.ts'
import { resolveSubset, type SubsetTable } from './resolve-subset.ts'

/** A table whose rows a backup holds: what its record says. */
export interface BackupTable {
  schema: string
  name: string
  columns: readonly string[]
  rows: number
}

export interface MaskProblem {
  code:
    | ('MASK_UNCLASSIFIED' | 'MASK_TYPE' | 'MASK_UNIQUE' | 'MASK_FOREIGN_KEY' | 'MASK_NOT_NULL')
    | ('SUBSET_UNREACHED' | 'SUBSET_UNKNOWN' | 'SUBSET_ROLES' | 'SUBSET_CHILD' | 'SUBSET_COLUMN' | 'SUBSET_KEY')
  /** `schema.table`, or `schema.table.column`. */
  place: string
  text: string
}

export interface ResolvedTable {
  name: TableName
  /** The name that the policy has it under. */
  root: TableName
  rows: number
  isEmpty: boolean
  isKept: boolean
  columns: RowMask['columns']
}

/** What a policy does to a backup. */
export interface ResolvedMasking {
  tables: ResolvedTable[]
  /** Reasons not to make the copy. */
  problems: MaskProblem[]
  /** Names of the policy that the backup does not have. */
  unknown: string[]
  /** Of each table what is kept; null where every row is. */
  subset: SubsetTable[] | null
}

interface Given {
  policy: MaskingPolicy
  schema: MaskedSchema
  /** Encoding of the database; texts of a policy have to be in it. */
  encoding: string
}

/** Holds a policy against what a backup has. Pure; tables in the order in which they are given. */
export function resolvePolicy(tables: readonly BackupTable[], given: Given): ResolvedMasking {
  const problems: MaskProblem[] = []
  const used = new Set<string>()
  const resolved = tables.map((table) => resolveTable(table, given, { problems, used }))
  const open = new Set(problems.map(({ place }) => place))
  const { policy, schema } = given
  const subset = policy.subset
    ? resolveSubset(tables, { subset: policy.subset, schema, encoding: given.encoding, masked: resolved })
    : null
  const filled = resolved.filter((_, position) => subset?.tables[position]?.role !== 'empty')
  problems.push(...foreignKeyProblems(resolved, given, { open, filled: new Set(filled) }))
  // The same of each partition is said once.
  const once = new Map([...problems, ...(subset?.problems ?? [])].map((one) => [`${one.place}\0${one.text}`, one]))
  return {
    tables: resolved,
    problems: [...once.values()],
    unknown: unknownNames(policy, used),
    subset: subset?.tables ?? null,
  }
}

interface Found {
  problems: MaskProblem[]
  used: Set<string>
}

function resolveTable(table: BackupTable, given: Given, found: Found): ResolvedTable {
  const name = `${table.schema}.${table.name}`
  const keys = policyNames(name, given.schema)
  const key = keys.find((one) => Object.hasOwn(given.policy.tables, one))
  const root = ancestors(name, given.schema).at(-1) ?? name
  const common = { name, root, rows: table.rows, isEmpty: false, isKept: false }
  const nothing = table.columns.map((column) => ({ name: column, mask: null }))
  if (key === undefined) {
    // Without columns there is nothing in it.
    if (table.columns.length === 0) return { ...common, isKept: true, columns: [] }
    found.problems.push({
      code: 'MASK_UNCLASSIFIED',
      place: root,
      text: `The masking policy does not name table ${root} (${counted(table.columns.length, 'column')}).`,
    })
    return { ...common, columns: nothing }
  }
  found.used.add(key)
  const entry = given.policy.tables[key] as MaskingPolicy['tables'][string]
  if (entry === 'keep') return { ...common, isKept: true, columns: nothing }
  if (entry === 'empty') return { ...common, isEmpty: true, columns: nothing }
  const columns = table.columns.map((column) => {
    const place = `${root}.${column}`
    if (!Object.hasOwn(entry, column)) {
      found.problems.push({
        code: 'MASK_UNCLASSIFIED',
        place,
        text: `The masking policy does not name column ${place}.`,
      })
      return { name: column, mask: null }
    }
    found.used.add(`${key}\0${column}`)
    const at: Place = { place, table: name, root, column, given, problems: found.problems }
    return { name: column, mask: resolveMask(entry[column] as Mask, at) }
  })
  return { ...common, columns }
}

interface Place {
  place: string
  table: TableName
  root: TableName
  column: string
  given: Given
  problems: MaskProblem[]
}

function resolveMask(mask: Mask, at: Place): ColumnMask | null {
  if (mask === 'keep') return null
  const problem = (code: MaskProblem['code'], text: string) => void at.problems.push({ code, place: at.place, text })
  const { type, nullable } = declared(at)
  const unique = uniqueKeyOf(at)
  const notUnique = () =>
    problem(
      'MASK_UNIQUE',
      `${at.place} is part of the unique key ${unique?.name}, and this mask can produce equal values. Use "hash", or "email" where it is one.`,
    )
  if (mask === 'null') {
    if (nullable === false || unique?.isPrimary)
      problem('MASK_NOT_NULL', `${at.place} is NOT NULL and cannot become NULL.`)
    else if (unique?.isOfNulls) notUnique()
    return { kind: 'null' }
  }
  if (typeof mask === 'string') return pseudonym(mask, null, at)
  if ('pseudonym' in mask) return pseudonym(mask.pseudonym, mask.as, at)
  if ('fixed' in mask) {
    if (unique) notUnique()
    if (!fits(mask.fixed, at.given))
      problem('MASK_TYPE', `The fixed text of ${at.place} is not plain ASCII, and the database is not in UTF8.`)
    return { kind: 'fixed', text: mask.fixed }
  }
  if ('shiftDays' in mask) {
    if (type !== null && !/^(?:date|timestamp)\b/.test(type))
      problem('MASK_TYPE', `${at.place} is of type ${type}; only dates and timestamps can be shifted.`)
    return { kind: 'shift', days: mask.shiftDays }
  }
  if ('noise' in mask) {
    if (unique) notUnique()
    const plainType = (type ?? '').replace(/\(.*$/, '')
    if (!['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'].includes(plainType))
      problem('MASK_TYPE', `${at.place} is of type ${type ?? 'that is not known'}; noise is for numbers.`)
    return { kind: 'noise', type: plainType, share: mask.noise, domain: domainOf(at) }
  }
  if ('json' in mask) return jsonMask(mask.json, type, at)
  if (unique && !mask.unique)
    problem(
      'MASK_UNIQUE',
      `${at.place} is part of the unique key ${unique.name}. Say "unique": true if the function never returns one result for two values.`,
    )
  if (at.given.encoding !== 'UTF8')
    problem('MASK_TYPE', `Functions mask databases in UTF8 only; this one is in ${at.given.encoding}.`)
  return { kind: 'function', module: mask.module, export: mask.export }
}

function pseudonym(kind: Pseudonym, as: string | null, at: Place): ColumnMask | null {
  const { type } = declared(at)
  const shape = type === null ? null : shapeOf(type, kind, { unique: uniqueKeyOf(at) !== undefined })
  if (shape === null || 'problem' in shape) {
    const why = shape?.problem ?? 'its type is not known'
    const code = shape?.code ?? 'MASK_TYPE'
    at.problems.push({
      code,
      place: at.place,
      text: `${at.place} cannot be masked by "${kind}": ${why}. ${code === 'MASK_UNIQUE' ? 'Use "hash" on a column with more room, or keep it.' : 'Use "null", a fixed value, or a function of your own.'}`,
    })
    return null
  }
  return { kind: 'pseudonym', pseudonym: kind, domain: as === null ? domainOf(at) : `as ${as}`, shape }
}

function jsonMask(paths: Record<string, Mask>, type: string | null, at: Place): ColumnMask {
  const problem = (text: string) => void at.problems.push({ code: 'MASK_TYPE', place: at.place, text })
  if (type !== null && type !== 'json' && type !== 'jsonb')
    problem(`${at.place} is of type ${type}, and has no paths of JSON.`)
  const text: PseudonymShape = { form: 'text', most: null, fold: false }
  const leafs = Object.entries(paths).flatMap(([path, mask]): { path: string[]; mask: LeafMask }[] => {
    const steps = parseJsonPath(path)
    if (steps === null) problem(`"${path}" of ${at.place} is not a path such as $.address.city or $.tags[*].`)
    const as = typeof mask === 'object' && 'pseudonym' in mask ? mask.as : null
    const kind = typeof mask === 'object' && 'pseudonym' in mask ? mask.pseudonym : mask
    if (typeof kind === 'object')
      return 'fixed' in kind ? [{ path: steps ?? [], mask: { kind: 'fixed', text: kind.fixed } }] : []
    if (kind === 'keep' || kind === 'null') return [{ path: steps ?? [], mask: { kind } }]
    const domain = as === null ? `${domainOf(at)} ${path}` : `as ${as}`
    return [{ path: steps ?? [], mask: { kind: 'pseudonym', pseudonym: kind, domain, shape: text } }]
  })
  return { kind: 'json', paths: leafs }
}

const fits = (text: string, { encoding }: Given) => encoding === 'UTF8' || Buffer.byteLength(text) === text.length

function declared({ table, column, given }: Place): { type: string | null; nullable: boolean | null } {
  const found = columnOf(given.schema, table, column)
  return found ? typeOfColumn(given.schema, found) : { type: null, nullable: null }
}

function uniqueKeyOf({ table, column, given }: Place) {
  const names = [table, ...ancestors(table, given.schema)]
  return given.schema.uniqueKeys.find((key) => names.includes(key.table) && key.columns.includes(column))
}

/** The column that keys refer to in the end, whose name is what pseudonyms are made under. */
function domainOf({ root, column, given }: Pick<Place, 'root' | 'column' | 'given'>): string {
  const seen = new Set<string>()
  let at = { table: root, column }
  for (;;) {
    const place = `${at.table}.${at.column}`
    if (seen.has(place)) return [...seen].sort()[0] as string
    seen.add(place)
    const key = given.schema.foreignKeys.find(
      ({ table, columns }) => rootOf(table, given.schema) === at.table && columns.includes(at.column),
    )
    if (!key) return place
    at = {
      table: rootOf(key.target, given.schema),
      column: key.targetColumns[key.columns.indexOf(at.column)] ?? at.column,
    }
  }
}

/** Both ends of a key have to be masked alike, or rows would point nowhere. */
function foreignKeyProblems(
  tables: readonly ResolvedTable[],
  given: Given,
  { open, filled }: { open: ReadonlySet<string>; filled: ReadonlySet<ResolvedTable> },
): MaskProblem[] {
  const byRoot = Map.groupBy(tables, ({ root }) => root)
  return given.schema.foreignKeys.flatMap(({ name, table, columns, target, targetColumns, isFull }): MaskProblem[] => {
    const children = byRoot.get(rootOf(table, given.schema)) ?? []
    const parents = byRoot.get(rootOf(target, given.schema)) ?? []
    const [child, parent] = [children[0], parents[0]]
    const isUsed = children.some((one) => !one.isEmpty && one.rows > 0 && filled.has(one))
    if (!child || !parent || !isUsed) return []
    // An end that has a problem of its own comes first.
    const ends = [
      ...columns.map((column) => `${child.root}.${column}`),
      ...targetColumns.map((column) => `${parent.root}.${column}`),
    ]
    if ([child.root, parent.root, ...ends].some((place) => open.has(place))) return []
    const maskOf = (one: ResolvedTable, column = '') => one.columns.find((found) => found.name === column)?.mask ?? null
    const place = `${child.root}.${columns.join(', ')}`
    const said = `${place} refers to ${parent.root} by the key ${name}`
    const nulls = columns.filter((column) => maskOf(child, column)?.kind === 'null')
    if (isFull && nulls.length > 0 && nulls.length < columns.length)
      return [
        {
          code: 'MASK_FOREIGN_KEY',
          place,
          text: `${said}, which is MATCH FULL: make all of its columns NULL, or none.`,
        },
      ]
    if (nulls.length > 0) return []
    if (parent.isEmpty)
      return [
        {
          code: 'MASK_FOREIGN_KEY',
          place,
          text: `${said}, and the policy leaves that one empty: leave ${child.root} empty too, or make the column NULL.`,
        },
      ]
    const differ = columns.some((column, at) => {
      const [own, theirs] = [maskOf(child, column), maskOf(parent, targetColumns[at])]
      return JSON.stringify(own) !== JSON.stringify(theirs)
    })
    if (!differ) return []
    return [
      {
        code: 'MASK_FOREIGN_KEY',
        place,
        text: `${said}: give both ends the same mask, so that rows still find each other.`,
      },
    ]
  })
}

/** Names under which a policy can have a table, the nearest first. */
function policyNames(name: TableName, schema: MaskedSchema): string[] {
  return [name, ...ancestors(name, schema)].flatMap((one) =>
    one.startsWith('public.') ? [one, one.slice('public.'.length)] : [one],
  )
}

function unknownNames({ tables }: MaskingPolicy, used: ReadonlySet<string>): string[] {
  return Object.entries(tables).flatMap(([table, entry]) => {
    if (!used.has(table)) return [table]
    if (typeof entry === 'string') return []
    return Object.keys(entry).flatMap((column) => (used.has(`${table}\0${column}`) ? [] : [`${table}.${column}`]))
  })
}
