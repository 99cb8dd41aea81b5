import type { Comparison, CompletedBackup } from '../../api/records.ts'

export type TableDifference = Comparison['tables'][number]

export const isChanged = ({ schema, before, after }: TableDifference): boolean =>
  schema !== 'same' ||
  before?.rows !== after?.rows ||
  (after !== null && before?.bytes !== (after.bytes ?? before?.bytes))

/** What was added or dropped first, then other definitions, then the most rows. Pure. */
export function byWeight(tables: readonly TableDifference[]): TableDifference[] {
  return [...tables].sort((a, b) => rank(a) - rank(b) || rowsMoved(b) - rowsMoved(a) || (a.table < b.table ? -1 : 1))
}

const rank = ({ schema }: TableDifference) => (schema === 'same' ? 2 : schema === 'changed' ? 1 : 0)
const rowsMoved = ({ before, after }: TableDifference) => Math.abs((after?.rows ?? 0) - (before?.rows ?? 0))

/** All rows of one side; null where a table's are not known. */
export function rowsOf(tables: readonly TableDifference[], side: 'before' | 'after'): number | null {
  const known = tables.flatMap((one) => one[side] ?? [])
  return known.some(({ rows }) => rows === null) ? null : known.reduce((sum, { rows }) => sum + (rows ?? 0), 0)
}

/** Names whose values differ, with both. */
export function compareRecords(
  before: Record<string, string>,
  after: Record<string, string>,
): { name: string; before: string | null; after: string | null }[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .map((name) => ({ name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter((one) => one.before !== one.after)
}

/** Migrations only one of them has, by ledger. */
export function compareMigrationState(older: CompletedBackup, newer: CompletedBackup) {
  const ledgers = [...new Set([...Object.keys(older.migration_state), ...Object.keys(newer.migration_state)])]
  return ledgers
    .map((ledger) => {
      const before = older.migration_state[ledger] ?? []
      const after = newer.migration_state[ledger] ?? []
      return {
        ledger,
        added: after.filter((id) => !before.includes(id)),
        gone: before.filter((id) => !after.includes(id)),
      }
    })
    .filter(({ added, gone }) => added.length + gone.length > 0)
}
