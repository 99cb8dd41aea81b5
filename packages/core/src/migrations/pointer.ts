import type { Migration } from './inspector.ts'

/**
 * What has been applied, where the ledger holds only a pointer (golang-migrate: the version; Alembic: one row per head):
 * each row's migration and all that the code puts before it. Pure.
 *
 * A row the code does not know is kept as it is. Where its number is higher than all the code knows (or the code's
 * history has branches, whose ids have no order) it counts as a later migration on top of all of them: the code is older.
 * A number between those known stands after the ones below it.
 */
export function appliedFromPointer(rows: readonly Migration[], known: readonly Migration[]): Migration[] {
  const byId = new Map(known.map((migration) => [migration.id, migration]))
  const branches = known.some(({ parents }) => parents !== undefined)
  const applied = new Set<string>()
  const unknown = rows.filter(({ id }) => !byId.has(id))
  for (const { id } of rows) {
    if (!byId.has(id)) continue
    if (branches) addAncestors(id, byId, applied)
    else for (const one of known.slice(0, known.findIndex((migration) => migration.id === id) + 1)) applied.add(one.id)
  }
  for (const { id } of unknown) {
    for (const one of known) if (branches || precedes(one.id, id)) applied.add(one.id)
  }
  const rowsById = new Map(rows.map((row) => [row.id, row]))
  return [...known.filter(({ id }) => applied.has(id)).map(({ id }) => rowsById.get(id) ?? { id }), ...unknown]
}

function addAncestors(id: string, known: ReadonlyMap<string, Migration>, applied: Set<string>): void {
  const waiting = [id]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (applied.has(next)) continue
    applied.add(next)
    waiting.push(...(known.get(next)?.parents ?? []))
  }
}

/** By number where both are numbers, else as text. */
function precedes(id: string, pointer: string): boolean {
  if (/^\d+$/.test(id) && /^\d+$/.test(pointer)) return BigInt(id) < BigInt(pointer)
  return id < pointer
}
