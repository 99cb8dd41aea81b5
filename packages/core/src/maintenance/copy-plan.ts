import type { Clocks } from '../policy/backup-age.ts'
import { decideRetention, type RetentionBackup, type RetentionPolicy } from '../policy/retention.ts'

/** What a copy lacks and what it has too much of. */
export interface CopyPlan {
  /** Ids of the backups that should be in the copy and are not. */
  missing: string[]
  /** Ids of those that are there and that its retention lets go. */
  forget: string[]
}

/**
 * What is to be copied and what forgotten, as a pure function. What a copy lacks is judged over all backups there are,
 * here and there, so that what its retention has let go is not copied again; what it may forget is judged over what it
 * holds, so that it never drops its last good one for a newer one that it did not get. Without a policy everything is
 * copied and nothing forgotten.
 */
export function copyPlan(
  source: readonly RetentionBackup[],
  copy: readonly RetentionBackup[],
  policy: RetentionPolicy | null,
  now: Clocks,
): CopyPlan {
  const there = new Set(copy.map(({ id }) => id))
  if (policy === null) return { missing: source.flatMap(({ id }) => (there.has(id) ? [] : [id])), forget: [] }
  const pins = new Set([...source, ...copy].flatMap(({ id, pinned }) => (pinned ? [id] : [])))
  const withPin = (backup: RetentionBackup) => ({ ...backup, pinned: pins.has(backup.id) })
  const own = copy.map(withPin)
  const all = [...own, ...source.filter(({ id }) => !there.has(id)).map(withPin)]
  return {
    missing: decideRetention(all, policy, now).flatMap(({ id, keep }) => (keep && !there.has(id) ? [id] : [])),
    forget: decideRetention(own, policy, now).flatMap(({ id, keep }) => (keep ? [] : [id])),
  }
}
