import type { ForeignKey, Relation } from '../rewind/foreign-keys.ts'

/** A table whose rows belong to tenants, and the foreign keys by which they do: those that lead to the tenant table in the fewest steps. */
export interface OwnedTable {
  relation: Relation
  /** Empty: it is the tenant table. */
  via: ForeignKey[]
}

/**
 * The tables from which foreign keys lead to the tenant table, nearest first, it itself being the first. Of several foreign
 * keys of a table those count that lead there in the fewest steps, all of them where they are equal. Pure.
 */
export function tenantPaths(root: Relation, foreignKeys: readonly ForeignKey[]): Map<number, OwnedTable> {
  const owned = new Map<number, OwnedTable>([[root.oid, { relation: root, via: [] }]])
  let nearest = new Set([root.oid])
  while (nearest.size > 0) {
    const next = new Map<number, OwnedTable>()
    for (const key of foreignKeys) {
      const { child, parent } = key
      if (!nearest.has(parent.oid) || owned.has(child.oid)) continue
      const table = next.get(child.oid) ?? { relation: child, via: [] }
      table.via.push(key)
      next.set(child.oid, table)
    }
    for (const [oid, table] of next) owned.set(oid, table)
    nearest = new Set(next.keys())
  }
  return owned
}
