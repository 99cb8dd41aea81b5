import { ageOf, type Clocks } from './backup-age.ts'
import { newestOf, sourceKey } from './backup-order.ts'
import type { RetentionBackup, RetentionDecision } from './retention.ts'

/** Retention runs after backups, and backups are made at least once a week: a newest one that is older is suspect. */
const farMs = 8 * 86_400_000

/** Removals that retention was kept from, of one database. */
export interface RetentionRefusal {
  database: string
  system_identifier: string
  reason: 'refused_clock' | 'refused_half'
  /** Backups that would have gone. */
  count: number
  /** One sentence for people. */
  text: string
}

export interface GuardedRetention {
  /** As they are carried out: what is refused is kept, and says so. */
  decisions: RetentionDecision[]
  refusals: RetentionRefusal[]
  /** How many would go if nothing were refused: the number that `yesRemove` has to name. */
  wouldRemove: number
}

/**
 * Keeps a wrong clock, or a slip in the policy, from removing good history. Of one database nothing goes while its
 * newest backup is far from now by any clock, and never more than half at once. `yesRemove`, the exact number of
 * backups that would go, lifts both: a user who has looked knows it. Pure.
 */
export function guardRetention(
  backups: readonly RetentionBackup[],
  decisions: readonly RetentionDecision[],
  now: Clocks,
  { yesRemove }: { yesRemove?: number } = {},
): GuardedRetention {
  const going = new Set(decisions.flatMap(({ id, keep }) => (keep ? [] : [id])))
  const result: GuardedRetention = { decisions: [...decisions], refusals: [], wouldRemove: going.size }
  if (going.size === 0 || yesRemove === going.size) return result
  const refused = new Map<string, RetentionRefusal>()
  for (const group of Map.groupBy(backups, sourceKey).values()) {
    const refusal = refusalOf(group, group.filter(({ id }) => going.has(id)).length, now)
    if (refusal === null) continue
    result.refusals.push(refusal)
    for (const { id } of group) if (going.has(id)) refused.set(id, refusal)
  }
  result.decisions = decisions.map((decision) => {
    const refusal = refused.get(decision.id)
    return refusal ? { id: decision.id, keep: true, reasons: [refusal.reason], text: refusal.text } : decision
  })
  return result
}

function refusalOf(group: RetentionBackup[], count: number, now: Clocks): RetentionRefusal | null {
  const newest = newestOf(group)
  if (count === 0 || newest === undefined) return null
  const { database, system_identifier } = newest
  const age = ageOf(newest, now)
  const common = { database, system_identifier, count }
  if (age.fromFuture || age.oldest > farMs) {
    const away = age.fromFuture ? 'is from the future' : `is ${Math.round(age.oldest / 86_400_000)} days old`
    const text = `By one of the clocks the newest backup of "${database}", ${newest.number}, ${away}; none of its backups goes.`
    return { ...common, reason: 'refused_clock', text }
  }
  if (count * 2 <= group.length) return null
  const text = `${count} of the ${group.length} backups of "${database}" would go at once; none of them goes.`
  return { ...common, reason: 'refused_half', text }
}
