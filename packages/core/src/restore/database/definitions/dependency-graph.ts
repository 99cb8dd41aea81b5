import type { TocEntry } from '../../../postgres/archive/archive.ts'
import { partitionIndex } from '../../../postgres/archive/partitions.ts'
import type { DefinitionStep } from './definition-steps.ts'
import { createInterner } from './interner.ts'

/** What is held of every entry. */
type EntryFacts = Pick<TocEntry, 'dumpId' | 'kind' | 'section' | 'dependencies'>

type Edges = Pick<DefinitionStep, 'dependsOn' | 'exclusiveLocks' | 'sharedLocks'>

/**
 * What each entry waits for and locks. Post-data entries that depend on a table wait for its rows as well; those of a
 * partitioned table wait for the rows of all its partitions, or a trigger would fire while they load.
 */
export function dependencyGraph(
  entries: Iterable<TocEntry>,
  isWanted: (entry: TocEntry) => boolean,
): (entry: TocEntry) => Edges {
  const byId = new Map<number, EntryFacts>()
  const kept = new Set<number>()
  const rowsOf = new Map<number, number>()
  const intern = createInterner()
  for (const entry of entries) {
    const { dumpId, kind, section, dependencies } = entry
    byId.set(dumpId, { dumpId, kind: intern(kind), section, dependencies })
    if (!isWanted(entry)) continue
    kept.add(dumpId)
    const table = kind === 'TABLE DATA' ? dependencies[0] : undefined
    if (table !== undefined) rowsOf.set(table, dumpId)
  }
  const partitionsOf = partitionIndex(entries)

  /** Tables an entry depends on, by the id of their definition. */
  const tablesOf = (entry: EntryFacts): number[] => [
    ...new Set(entry.dependencies.filter((id) => tableKinds.has(byId.get(id)?.kind ?? ''))),
  ]

  /** What an entry that was left out depended on takes its place. */
  const reachable = (ids: readonly number[], seen = new Set<number>()): number[] =>
    ids.flatMap((id) => {
      const target = byId.get(id)
      if (target === undefined || seen.has(id)) return []
      seen.add(id)
      return kept.has(id) ? [id] : reachable(target.dependencies, seen)
    })

  return (entry) => {
    const tables = tablesOf(entry)
    const dependsOn = new Set(reachable(entry.dependencies))
    if (entry.section === 'post-data')
      for (const table of tables.flatMap((id) => [id, ...partitionsOf(id)])) {
        const rows = rowsOf.get(table)
        if (rows !== undefined) dependsOn.add(rows)
      }
    dependsOn.delete(entry.dumpId)
    return { dependsOn: [...dependsOn], ...locks(entry, tables, { partitionsOf, byId, tablesOf }) }
  }
}

const tableKinds = new Set(['TABLE', 'FOREIGN TABLE', 'MATERIALIZED VIEW', 'VIEW'])

/** Most of post-data is ALTER TABLE in one form or another; building an index only keeps writers out. */
function locks(
  entry: EntryFacts,
  tables: number[],
  graph: {
    partitionsOf: (table: number) => number[]
    byId: ReadonlyMap<number, EntryFacts>
    tablesOf: (entry: EntryFacts) => number[]
  },
): Pick<Edges, 'exclusiveLocks' | 'sharedLocks'> {
  const { partitionsOf, byId, tablesOf } = graph
  if (entry.kind === 'INDEX' || entry.section === 'data') return { exclusiveLocks: [], sharedLocks: tables }
  if (entry.kind === 'INDEX ATTACH') {
    // Its dependencies are two indexes; the tables are theirs.
    const underneath = entry.dependencies.flatMap((id) => {
      const index = byId.get(id)
      return index === undefined ? [] : tablesOf(index)
    })
    return { exclusiveLocks: [...new Set(underneath)], sharedLocks: [] }
  }
  if (entry.section === 'none') {
    const subject = byId.get(entry.dependencies[0] ?? 0)
    return { exclusiveLocks: subject?.section === 'post-data' ? tablesOf(subject) : [], sharedLocks: tables }
  }
  if (entry.section !== 'post-data') return { exclusiveLocks: [], sharedLocks: [] }
  return { exclusiveLocks: [...new Set(tables.flatMap((id) => [id, ...partitionsOf(id)]))], sharedLocks: [] }
}
