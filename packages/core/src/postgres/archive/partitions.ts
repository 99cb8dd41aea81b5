import type { TocEntry } from './archive.ts'

/**
 * All partitions below a table, at any depth, by dump id: from the TABLE ATTACH entries, each of which depends on the
 * partition and on its parent.
 */
export function partitionIndex(entries: Iterable<TocEntry>): (table: number) => number[] {
  const attached = [...Iterator.from(entries).filter(({ kind }) => kind === 'TABLE ATTACH')]
  if (attached.length === 0) return () => []
  const ids = new Set(attached.flatMap(({ dependencies }) => dependencies))
  const tables = new Map<number, Pick<TocEntry, 'tag' | 'schema'>>()
  for (const { dumpId, kind, tag, schema } of entries)
    if (ids.has(dumpId) && kind.endsWith('TABLE')) tables.set(dumpId, { tag, schema })
  const children = new Map<number, number[]>()
  for (const { dependencies, tag, schema } of attached) {
    const ends = dependencies.filter((id) => tables.has(id))
    const child = ends.find((id) => tables.get(id)?.tag === tag && tables.get(id)?.schema === schema)
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
