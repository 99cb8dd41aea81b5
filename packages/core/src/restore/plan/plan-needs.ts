import type { RestoreFacts } from './plan-facts.ts'

/** Roles the backup refers to, after mapping, that this server does not have. */
export function missingRoles({ options, backup, server }: RestoreFacts): string[] {
  const wanted = backup.roles.map((role) => (Object.hasOwn(options.roleMap, role) ? options.roleMap[role] : role))
  return [...new Set(wanted)].filter((role): role is string => role !== undefined && !server.roles.includes(role))
}

/** Bytes the restored database takes beside what is there: its old size, plus a tenth for indexes built at once. */
export function spaceNeeded({ backup }: RestoreFacts): number {
  return Math.ceil(backup.databaseBytes * 1.1)
}

/**
 * Locks of an in-place restore: everything dropped and everything made stays locked until the commit. A table of the
 * backup stands for itself, its TOAST table and index, its row type and about two indexes.
 */
export function locksNeeded({ backup, target }: RestoreFacts): number {
  return (target.live?.objects ?? 0) + backup.tables * 5 + backup.largeObjects
}

/** What max_locks_per_transaction has to be for that, as the refusal reckons: four fifths of the table, in steps of 64. */
export function locksPerTransactionNeeded(facts: RestoreFacts): number {
  const { lockTableSlots, locksPerTransaction } = facts.server
  const perUnit = lockTableSlots / locksPerTransaction
  return Math.ceil(locksNeeded(facts) / 0.8 / perUnit / 64) * 64
}

/** Rows come in at about this rate per connection (COPY text, one core). */
const loadBytesPerSecond = 45e6
/** Of chunks unsealed and decompressed, without loading them. */
const readBytesPerSecond = 300e6

/** Seconds on one connection, at least 1. */
export function loadSeconds({ backup }: RestoreFacts): number {
  return Math.max(1, Math.round(backup.logicalBytes / loadBytesPerSecond))
}

export function readSeconds({ backup }: RestoreFacts): number {
  return Math.max(1, Math.round(backup.logicalBytes / readBytesPerSecond))
}
