import { createHash } from 'node:crypto'

/** What is recorded of every action: who did what to what, from where, and how it ended. */
export interface AuditRecord {
  at: string
  /** The actor's id; `scheduler`, `cli` or `library` where there is none. */
  actor: string
  /** Network address, where there is one. */
  address: string | null
  /** e.g. `backups.create`, `restores.run`. */
  action: string
  /** Id of what it was done to. */
  subject: string | null
  outcome: 'allowed' | 'refused' | 'failed'
  /** Plain JSON, without secrets. */
  detail: Record<string, unknown>
}

/** A record in its place in the chain. */
export interface AuditEvent extends AuditRecord {
  /** From 1, without gaps. */
  seq: number
  hash: string
}

/** What the first event builds on. */
export const auditRoot = '0'.repeat(64)

/** SHA-256 over the hash before, the number and the record: changing, dropping or moving an event breaks all after it. */
export function auditHash(previous: string, seq: number, record: AuditRecord): string {
  const { at, actor, address, action, subject, outcome, detail } = record
  return createHash('sha256')
    .update(canonicalJson([previous, seq, at, actor, address, action, subject, outcome, detail]))
    .digest('hex')
}

/**
 * Checks a run of events in order. `after` is the event before the first, or undefined where the run is the beginning.
 * Gives the number of the first event that does not fit, or null.
 */
export function findAuditBreak(events: Iterable<AuditEvent>, after?: { seq: number; hash: string }): number | null {
  let { seq, hash } = after ?? { seq: 0, hash: auditRoot }
  for (const event of events) {
    seq++
    if (event.seq !== seq || event.hash !== auditHash(hash, seq, event)) return seq
    hash = event.hash
  }
  return null
}

/** JSON with the keys of every object in order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : entry,
  )
}
