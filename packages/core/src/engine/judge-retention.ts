import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'
import { decideRetention, type RetentionDecision, type RetentionPolicy } from '../policy/retention.ts'
import { guardRetention, type RetentionRefusal } from '../policy/retention-guard.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { readClocks } from './read-clocks.ts'
import { backupsOf } from './resolve-backup.ts'
import { readStoredBackups } from './stored-backups.ts'
import { retentionBackup, sourceOf } from './summary.ts'

export interface JudgedRetention {
  decisions: (RetentionDecision & { number: number; name: string; created_at: string; database: string })[]
  /** Removals that the policy asks for and that are not made, of each database. */
  refusals: RetentionRefusal[]
  /** How many would go if nothing were refused. */
  wouldRemove: number
}

export interface JudgeRetention extends OfDatabase, Running {
  policy: RetentionPolicy
  /** Ids of the backups that an undo goes back to. */
  neededForUndo: ReadonlySet<string>
  /** Id of the backup after which retention runs. */
  justMade?: string
  /**
   * The number of backups that would go, named by the user who has looked: lifts the guard that keeps too many from
   * going.
   */
  yesRemove?: number
}

/** What retention would do now with each stored backup, newest first. */
export async function judgeRetention(parts: EngineParts, options: JudgeRetention): Promise<JudgedRetention> {
  const { database, policy, neededForUndo, justMade, yesRemove, signal } = options
  const { backups } = await readStoredBackups(await parts.repository(), signal)
  const known = backups.map((backup) => ({ backup, ...sourceOf(backup) }))
  const meant = database === undefined ? {} : await parts.meant(database, known)
  const own = (database === undefined ? known : backupsOf(known, meant).own).map(({ backup }) => backup)
  const judged = own.map((backup) => ({
    ...retentionBackup(backup, neededForUndo.has(backup.manifest.id)),
    justMade: backup.manifest.id === justMade,
  }))
  const now = await readClocks(parts, backups, { database, signal })
  const guarded = guardRetention(judged, decideRetention(judged, policy, now), now, { yesRemove })
  if (yesRemove !== undefined && yesRemove !== guarded.wouldRemove)
    throw refused(`${counted(guarded.wouldRemove, 'backup')} would go, not ${yesRemove}.`, guarded.wouldRemove)
  const decisions = guarded.decisions.map((decision, at) => {
    const { number, name, created_at, database: of } = own[at]!.manifest
    return { ...decision, number, name, created_at, database: of }
  })
  return { decisions, refusals: guarded.refusals, wouldRemove: guarded.wouldRemove }
}

/** `RETENTION_REFUSED` where something did not go that the policy asks for; null where nothing was refused. */
export function retentionRefusal({
  refusals,
  wouldRemove,
}: Pick<JudgedRetention, 'refusals' | 'wouldRemove'>): EngineError | null {
  return refusals.length > 0 ? refused(refusals.map(({ text }) => text).join(' '), wouldRemove, refusals) : null
}

function refused(message: string, count: number, refusals: RetentionRefusal[] = []): EngineError {
  return new EngineError('RETENTION_REFUSED', message, {
    detail: { would_remove: count, refusals },
    advice: `Look at {retention.preview} and at the clocks. If it is what you want: {retention.run} with {yesRemove} ${count}.`,
  })
}
