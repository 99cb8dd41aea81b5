import type { BackupDetails } from '../../api/records.ts'

export type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>

export interface TableChange {
  table: string
  /** Null on the side where there is no such table. */
  before: { rows: number; bytes: number } | null
  after: { rows: number; bytes: number } | null
}

/** The tables of two backups; those that differ come first, the largest difference on top. Pure. */
export function compareTables(older: CompletedBackup, newer: CompletedBackup): TableChange[] {
  const before = new Map(older.tables.map((one) => [one.table, one]))
  const after = new Map(newer.tables.map((one) => [one.table, one]))
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  const changes = names.map((table) => ({ table, before: before.get(table) ?? null, after: after.get(table) ?? null }))
  return changes.sort((a, b) => weight(b) - weight(a))
}

export const isChanged = ({ before, after }: TableChange): boolean =>
  before === null || after === null || before.rows !== after.rows || before.bytes !== after.bytes

function weight(change: TableChange): number {
  if (!isChanged(change)) return -1
  const { before, after } = change
  if (before === null || after === null) return Number.MAX_SAFE_INTEGER
  return Math.abs(after.rows - before.rows) + Math.abs(after.bytes - before.bytes) / 1000
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
  return ledgers.map((ledger) => {
    const before = older.migration_state[ledger] ?? []
    const after = newer.migration_state[ledger] ?? []
    return {
      ledger,
      added: after.filter((id) => !before.includes(id)),
      gone: before.filter((id) => !after.includes(id)),
    }
  })
}
