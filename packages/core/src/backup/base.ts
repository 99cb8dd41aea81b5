import type { Manifest } from '../repository/documents/documents.ts'

/** An earlier backup, as the repository lists it. */
export interface BaseCandidate {
  manifest: Manifest
  /** Its last verification found something wrong. */
  failedVerification: boolean
}

/** Which earlier backup to compare with; or why every table is read in full, for people. */
export type BaseChoice = { base: Manifest } | { reason: string }

/** After so many days everything is read again, whatever looks unchanged. */
export const defaultFullEveryDays = 7

const dayMs = 86_400_000

/**
 * Chooses the earlier backup whose segments may be taken over: the newest good one of the same database for
 * `incremental`, the newest full one for `differential`. Pure; whether it is of the same history as the present
 * snapshot is decided later, by {@link judgeBase}. It must be chosen before that snapshot is taken.
 */
export function chooseBase(facts: {
  type: Manifest['type']
  candidates: readonly BaseCandidate[]
  /** Ids of backups whose manifests cannot be read. */
  damaged: readonly string[]
  database: { system_identifier: string; database_oid: number }
  fullEveryDays: number
  now: Date
}): BaseChoice {
  const { type, candidates, damaged, database, fullEveryDays, now } = facts
  if (type === 'full') return { reason: 'asked for' }
  const own = candidates
    .filter(({ manifest: { snapshot, trigger, media_only } }) => {
      const { system_identifier, database_oid } = snapshot
      const same = system_identifier === database.system_identifier && database_oid === database.database_oid
      return same && trigger !== 'import' && !media_only
    })
    .sort((a, b) => b.manifest.number - a.manifest.number)
  const chosen = type === 'incremental' ? own[0] : own.find(({ manifest }) => manifest.type === 'full')
  if (chosen === undefined) {
    if (own.length > 0) return { reason: 'no full backup of this database to compare with' }
    if (damaged.length > 0) return { reason: `the earlier backup ${damaged[0]} cannot be read` }
    return { reason: candidates.length > 0 ? 'no earlier backup of this very database' : 'the first backup' }
  }
  const { manifest } = chosen
  const since = lastFullAt(manifest)
  const days = (now.getTime() - Date.parse(since)) / dayMs
  if (days < 0) return { reason: `backup ${manifest.number} is from the future` }
  if (days >= fullEveryDays) return { reason: `the last full backup is ${Math.floor(days)} days old` }
  const bad = own.find((one) => one.failedVerification && one.manifest.created_at >= since)
  if (bad) return { reason: `verification found backup ${bad.manifest.number} wrong` }
  return { base: manifest }
}

/** When everything was last read: what limits how long an unnoticed error can be passed on. */
export function lastFullAt(manifest: Manifest): string {
  return manifest.type === 'full' ? manifest.created_at : (manifest.change?.last_full_at ?? manifest.created_at)
}
