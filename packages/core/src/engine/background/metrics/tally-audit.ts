import type { AuditEvent } from '../../../policy/audit/audit.ts'

/** What the audit log says of one database. */
export interface AttemptTally {
  /** Ended backups by outcome. */
  backups: Map<string, number>
  restores: Map<string, number>
  /** The newest backup that ended, but for refused ones. */
  lastBackup: { at: string; outcome: string } | null
  lastRestoreAt: string | null
  /** Failed or interrupted ones since the last that succeeded. */
  consecutiveFailures: number
}

export const countedOutcomes = ['succeeded', 'failed', 'cancelled', 'interrupted', 'refused'] as const

/** By label of the database. */
export type Tallies = Map<string, AttemptTally>

export const noAttempts = (): AttemptTally => ({
  ...{ backups: new Map(), restores: new Map(), lastBackup: null, lastRestoreAt: null, consecutiveFailures: 0 },
})

/** Adds events in their order. What names none of the labels is counted nowhere: labels come from outside. */
export function tally(tallies: Tallies, events: Iterable<AuditEvent>, labels: readonly string[]): void {
  for (const event of events) {
    const { action, outcome, detail, at } = event
    if (outcome === 'started' || (action !== 'backups.create' && action !== 'restores.run')) continue
    const named: unknown = detail.label ?? detail.database
    const label = typeof named === 'string' ? named : labels.length === 1 ? labels[0] : undefined
    if (label === undefined || !labels.includes(label)) continue
    const known = tallies.get(label) ?? noAttempts()
    tallies.set(label, known)
    const counts = action === 'backups.create' ? known.backups : known.restores
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    if (action === 'restores.run' && outcome === 'succeeded') known.lastRestoreAt = at
    if (action === 'backups.create' && outcome !== 'refused') takeBackup(known, { at, outcome })
  }
}

function takeBackup(known: AttemptTally, attempt: { at: string; outcome: string }): void {
  known.lastBackup = attempt
  if (attempt.outcome === 'succeeded') known.consecutiveFailures = 0
  else if (attempt.outcome !== 'cancelled') known.consecutiveFailures++
}
