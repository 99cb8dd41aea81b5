import type { TocEntry } from './archive.ts'

/**
 * All partitions below a table, at any depth, by dump id: from the TABLE ATTACH entries, each of which depends on the
 * partition and on its parent.
 */
export function partitionIndex(entries: readonly TocEntry[]): (table: number) => number[] {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]))
  const children = new Map<number, number[]>()
  for (const entry of entries) {
    if (entry.kind !== 'TABLE ATTACH') continue
    const ends = entry.dependencies.filter((id) => byId.get(id)?.kind.endsWith('TABLE'))
    const child = ends.find((id) => byId.get(id)?.tag === entry.tag && byId.get(id)?.schema === entry.schema)
    const parent = ends.find((id) => id !== child)
    if (child === undefined || parent === undefined) continue
    const siblings = children.get(parent)
    if (siblings) siblings.push(child)
    else children.set(parent, [child])
  }
  return (table) => {
    const found = new Set<number>()
    const open = [table]
    for (let id = open.pop(); id !== undefined; id = open.pop())
      for (const child of children.get(id) ?? [])
        if (child !== table && !found.has(child)) {
          found.add(child)
          open.push(child)
        }
    return [...found]
  }
}
