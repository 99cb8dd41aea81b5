import { comparisonOfEnds } from './compare-ends.ts'
import { ancestors, type ForeignKey, type MaskedSchema, rootOf, type TableName } from './masked-schema.ts'
import type { BackupTable, MaskProblem, ResolvedTable } from './resolve-policy.ts'
import { startRule } from './resolve-start.ts'
import type { KeyFact, TableScan } from './row-facts.ts'
import type { SubsetPolicy } from './subset-policy.ts'
import { ledgers } from './suggest-policy.ts'

/** Why a copy has some rows of a table. */
export type SubsetRole = 'start' | 'child' | 'needed' | 'whole' | 'empty'

export interface SubsetTable {
  name: TableName
  root: TableName
  role: SubsetRole
  /** Null: its rows say nothing about which are kept. */
  scan: TableScan | null
}

export interface ResolvedSubset {
  /** In the order of the backup's tables. */
  tables: SubsetTable[]
  problems: MaskProblem[]
}

interface Given {
  subset: SubsetPolicy
  schema: MaskedSchema
  /** Of the database: values of the policy have to be in it. */
  encoding: string
  /** What the policy does to columns, in the order of the backup's tables. */
  masked: readonly ResolvedTable[]
}

/** A foreign key between tables of the backup, with what it does for a copy. */
interface Edge {
  key: ForeignKey
  from: TableName
  to: TableName
  /** Whether masking leaves it pointing somewhere. */
  up: boolean
}

/**
 * What a policy keeps of the rows of a backup. Each table gets a role, the same for all its partitions: given by name, or
 * because rows of others refer to it. Pure.
 */
export function resolveSubset(tables: readonly BackupTable[], given: Given): ResolvedSubset {
  const problems: MaskProblem[] = []
  const roots = new Set(given.masked.map(({ root }) => root))
  const edges = edgesOf(given, roots)
  const named = rolesByName(given, { roots, problems })
  const children = childEdges(given, { named, edges, problems })
  for (const { from } of children) if (!named.has(from)) named.set(from, 'child')
  const roles = reachedRoles(given, { roots, named, edges, problems })
  const followed = edges.filter(
    (edge) => roles.get(edge.to) !== 'whole' && roles.get(edge.from) !== 'empty' && (edge.up || children.has(edge)),
  )
  return {
    problems,
    tables: tables.map((table, position) => {
      const { name, root } = given.masked[position] as ResolvedTable
      const role = roles.get(root) ?? 'empty'
      const of = { table, name, root, role }
      return { name, root, role, scan: scanOf(of, { given, roots, followed, children, problems }) }
    }),
  }
}

function edgesOf({ schema, masked }: Given, roots: ReadonlySet<string>): Edge[] {
  return schema.foreignKeys.flatMap((key): Edge[] => {
    const [from, to] = [rootOf(key.table, schema), rootOf(key.target, schema)]
    if (!roots.has(from) || !roots.has(to)) return []
    const columns = masked.find(({ root }) => root === from)?.columns ?? []
    const isNull = key.columns.some((column) => columns.find(({ name }) => name === column)?.mask?.kind === 'null')
    return [{ key, from, to, up: !isNull }]
  })
}

interface Finding {
  roots: ReadonlySet<string>
  problems: MaskProblem[]
}

/** The table that a policy means; undefined where there is none. */
function findRoot(name: string, roots: ReadonlySet<string>): TableName | undefined {
  return [name, `public.${name}`].find((one) => roots.has(one))
}

function rolesByName({ subset, masked, schema }: Given, { roots, problems }: Finding): Map<TableName, SubsetRole> {
  const roles = new Map<TableName, SubsetRole>()
  for (const { root, isEmpty } of masked) if (isEmpty) roles.set(root, 'empty')
  const give = (name: string, role: SubsetRole, option: string) => {
    const root = findRoot(name, roots)
    const before = root === undefined ? undefined : roles.get(root)
    // One without partitions has no rows.
    const isWithoutRows = [name, `public.${name}`].some((one) => schema.partitionKeys.has(one))
    if (root === undefined && isWithoutRows) return
    if (root === undefined)
      problems.push({
        code: 'SUBSET_UNKNOWN',
        place: name,
        text: `The subset names table ${name} in \`${option}\`, and the backup has none of that name, or it is left out.`,
      })
    else if (before !== undefined && before !== role)
      problems.push({
        code: 'SUBSET_ROLES',
        place: root,
        text: `The policy says of ${root} both ${roleWords[before]} and ${roleWords[role]}.`,
      })
    else roles.set(root, role)
  }
  for (const { table } of subset.from) give(table, 'start', 'from')
  for (const table of subset.whole) give(table, 'whole', 'whole')
  for (const child of subset.children === 'all' ? [] : subset.children) {
    const name = typeof child === 'string' ? child : child.table
    // Start rows can have children in their own table.
    if (roles.get(findRoot(name, roots) ?? '') !== 'start') give(name, 'child', 'children')
  }
  return roles
}

const roleWords: Record<SubsetRole, string> = {
  start: 'that the copy begins with rows of it',
  child: 'that its rows come with others',
  needed: 'that its rows are needed',
  whole: 'that it is copied whole',
  empty: 'that it is left empty',
}

interface Roles {
  named: ReadonlyMap<TableName, SubsetRole>
  edges: readonly Edge[]
  problems: MaskProblem[]
}

/** The keys by which rows come with the rows that they refer to. */
function childEdges({ subset }: Given, { named, edges, problems }: Roles): Set<Edge> {
  const isParent = (root: TableName) => named.get(root) === 'start' || named.get(root) === 'child'
  if (subset.children === 'all') return allChildren(named, edges)
  return new Set(
    subset.children.flatMap((child): Edge[] => {
      const name = typeof child === 'string' ? child : child.table
      const by = typeof child === 'string' ? null : child.by
      const own = edges.filter(
        ({ from, to, key }) =>
          (from === name || from === `public.${name}`) && isParent(to) && (by === null || by.includes(key.name)),
      )
      const missing = by?.filter((one) => !own.some(({ key }) => key.name === one)) ?? []
      const isKnown = [...named.keys()].some((root) => root === name || root === `public.${name}`)
      if (isKnown && (own.length === 0 || missing.length > 0))
        problems.push({
          code: 'SUBSET_CHILD',
          place: name,
          text:
            missing.length > 0
              ? `${name} has no foreign key ${missing.join(', ')} to a table of \`from\` or \`children\`.`
              : `${name} is among the children of the subset, and no foreign key of it refers to a table of \`from\` or \`children\`.`,
        })
      return own
    }),
  )
}

function allChildren(named: ReadonlyMap<TableName, SubsetRole>, edges: readonly Edge[]): Set<Edge> {
  const parents = new Set([...named].flatMap(([root, role]) => (role === 'start' ? [root] : [])))
  const found = new Set<Edge>()
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const edge of edges) {
      const role = named.get(edge.from)
      if (!parents.has(edge.to) || role === 'whole' || role === 'empty') continue
      found.add(edge)
      parents.add(edge.from)
    }
  }
  return found
}

/** Roles of all tables, with those that come because rows refer to them. */
function reachedRoles(
  { subset }: Given,
  { roots, named, edges, problems }: Roles & { roots: ReadonlySet<string> },
): Map<TableName, SubsetRole> {
  const roles = new Map(named)
  const reach = () => {
    for (let before = -1; before < roles.size; ) {
      before = roles.size
      for (const { from, to, up } of edges) {
        const role = roles.get(from)
        if (up && role !== undefined && role !== 'empty' && !roles.has(to)) roles.set(to, 'needed')
      }
    }
  }
  reach()
  for (const root of roots) {
    if (roles.has(root)) continue
    const isLedger = ledgers.test(root.slice(root.indexOf('.') + 1))
    if (subset.others === 'whole' || (subset.others === 'empty' && isLedger)) roles.set(root, 'whole')
  }
  reach()
  for (const root of roots) {
    if (roles.has(root)) continue
    roles.set(root, 'empty')
    if (subset.others === 'empty') continue
    const parents = [...new Set(edges.flatMap(({ from, to }) => (from === root && to !== root ? [to] : [])))]
    const refers = parents.length > 0 ? ` It refers to ${parents.join(', ')}.` : ''
    problems.push({
      code: 'SUBSET_UNREACHED',
      place: root,
      text: `The subset does not reach table ${root}.${refers} Name it in \`children\` or \`whole\` of the subset, or leave it empty: "${root}": "empty" in \`tables\`.`,
    })
  }
  return roles
}

interface Scanning {
  given: Given
  roots: ReadonlySet<string>
  followed: readonly Edge[]
  children: ReadonlySet<Edge>
  problems: MaskProblem[]
}

interface Scanned {
  table: BackupTable
  name: TableName
  root: TableName
  role: SubsetRole
}

function scanOf(of: Scanned, { given, roots, followed, children, problems }: Scanning): TableScan | null {
  const { name, role } = of
  if (role === 'empty') return null
  const names = [name, ...ancestors(name, given.schema)]
  const factOf = (edge: Edge, columns: readonly string[]) => keyFact(edge, columns, of, { given, problems })
  const references = followed
    .filter(({ key }) => names.includes(key.table))
    .flatMap((edge) => {
      const fact = factOf(edge, edge.key.columns)
      return fact ? [{ ...fact, up: edge.up, down: children.has(edge) }] : []
    })
  const keys =
    role === 'whole'
      ? []
      : followed
          .filter(({ key }) => names.includes(key.target))
          .flatMap((edge) => factOf(edge, edge.key.targetColumns) ?? [])
  const starts = given.subset.from
    .filter(({ table }) => findRoot(table, roots) === of.root)
    .flatMap((rows) => startRule(rows, of, { schema: given.schema, encoding: given.encoding, problems }) ?? [])
  if (role === 'whole' && references.length === 0) return null
  const once = new Map(keys.map((fact) => [JSON.stringify(fact), fact]))
  return { starts, isWhole: role === 'whole', keys: [...once.values()], references }
}

/** The columns of one end of a key, in the order of the names at the end that is referred to. */
function keyFact(
  { key }: Edge,
  columns: readonly string[],
  { table, name }: Scanned,
  { given: { schema }, problems }: Pick<Scanning, 'given' | 'problems'>,
): KeyFact | null {
  const order = key.targetColumns
    .map((_, at) => at)
    .toSorted((a, b) => ((key.targetColumns[a] ?? '') < (key.targetColumns[b] ?? '') ? -1 : 1))
  const problem = (code: MaskProblem['code'], text: string) => {
    problems.push({ code, place: `${key.table}.${key.columns.join(', ')}`, text })
    return null
  }
  const ends = order.map((at) => comparisonOfEnds(key, at, schema))
  const why = ends.find((end) => typeof end === 'object')?.why
  if (why !== undefined)
    return problem('SUBSET_KEY', `The key ${key.name} of ${key.table} ${why}: a subset cannot follow it.`)
  const comparisons = ends.filter((end) => typeof end === 'string')
  const positions = order.map((one) => table.columns.indexOf(columns[one] ?? ''))
  if (positions.includes(-1))
    return problem(
      'SUBSET_KEY',
      `The key ${key.name} of ${key.table} is over a column of ${name} that PostgreSQL computes: a subset cannot follow it.`,
    )
  return {
    domain: JSON.stringify([key.target, order.map((one) => key.targetColumns[one]), comparisons]),
    columns: positions.map((column, part) => ({ column, comparison: comparisons[part] ?? 'exact' })),
  }
}
