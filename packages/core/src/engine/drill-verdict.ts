import { counted } from '../counted.ts'
import { EngineError, type ErrorCode, isEngineError } from '../errors.ts'
import { speaksOfTheBackup } from '../maintenance/speaks-of-the-backup.ts'
import type { Drill } from '../repository/documents/drills.ts'
import type { DrilledRestore } from '../restore/drill/drill-restore.ts'

export interface DrillVerdict extends Pick<Drill, 'verdict' | 'problems' | 'notes'> {}

export interface DrillObjectives {
  maxBackupAgeHours?: number | undefined
  maxRecoveryMinutes?: number | undefined
}

export interface JudgedBackup {
  backup: { number: number; created_at: string }
  /** Whether there is no newer one of its database. */
  isNewest: boolean
  /** Manifests that cannot be read: one may be of a newer backup. */
  unreadable?: number
  now: Date
  objectives: DrillObjectives
}

/**
 * Good, bad and why, or could not find out and why. `failure` is what ended the drill. What speaks of the backup or of the
 * code is bad, as a restore in need would meet it too; rights, space, a server out of reach say nothing. Pure.
 */
export function judgeDrill(drill: DrilledRestore, failure: unknown, facts: JudgedBackup): DrillVerdict {
  const { problems, notes } = objectivesMissed(drill, facts)
  const found = [...drill.problems, ...problems]
  const allNotes = [...drill.notes, ...notes]
  if (failure === undefined) return { verdict: found.length > 0 ? 'bad' : 'good', problems: found, notes: allNotes }
  const spoken = badOf(failure)
  if (spoken.length > 0 || found.length > 0) {
    const unfinished = spoken.length > 0 ? [] : [`It did not come to its end: ${messageOf(failure)}`]
    return { verdict: 'bad', problems: [...spoken, ...found], notes: [...allNotes, ...unfinished] }
  }
  return { verdict: 'unknown', problems: [reasonOf(failure)], notes: allNotes }
}

function objectivesMissed(
  { recoveryMs }: DrilledRestore,
  { backup, isNewest, unreadable = 0, now, objectives }: JudgedBackup,
): { problems: string[]; notes: string[] } {
  const { maxBackupAgeHours, maxRecoveryMinutes } = objectives
  const problems: string[] = []
  const notes: string[] = []
  if (unreadable > 0) {
    const text = `${counted(unreadable, 'manifest')} of the repository cannot be read: as many backups cannot be restored`
    if (isNewest) problems.push(`${text}, perhaps a newer one than backup ${backup.number}.`)
    else notes.push(`${text}.`)
  }
  const ageHours = (now.getTime() - Date.parse(backup.created_at)) / 3_600_000
  if (maxBackupAgeHours !== undefined && !isNewest)
    notes.push('The age of the backup is not judged: it is not the newest one of its database.')
  else if (maxBackupAgeHours !== undefined && ageHours > maxBackupAgeHours)
    problems.push(`The newest backup is ${ageHours.toFixed(1)} h old; the objective is ${maxBackupAgeHours} h.`)
  const minutes = recoveryMs === null ? null : recoveryMs / 60_000
  if (maxRecoveryMinutes !== undefined && minutes !== null && minutes > maxRecoveryMinutes)
    problems.push(`The recovery took ${minutes.toFixed(1)} min; the objective is ${maxRecoveryMinutes} min.`)
  return { problems, notes }
}

/** Refusals of a plan that are a fault of the backup, or of how the code stands to it. */
const faults = ['PACKS_DAMAGED', 'BACKUP_DIRTY', 'BACKUP_AHEAD', 'BACKUP_DIVERGED', 'BACKUP_EDITED']

interface Refusal {
  code: string
  text: string
}

function refusalsOf(failure: unknown): Refusal[] {
  if (!isEngineError(failure, 'RESTORE_REFUSED') || !Array.isArray(failure.detail.refusals)) return []
  return failure.detail.refusals as Refusal[]
}

/** What of a failure is wrong with the backup or the code, in sentences. */
function badOf(failure: unknown): string[] {
  const refused = refusalsOf(failure).filter(({ code }) => faults.includes(code))
  if (refused.length > 0) return refused.map(({ text }) => text)
  if (isEngineError(failure, 'MIGRATION_WRONG_DATABASE')) return [failure.message]
  return isEngineError(failure) && speaksOfTheBackup(failure) ? [failure.message] : []
}

function reasonOf(failure: unknown): string {
  const refusals = refusalsOf(failure)
  return refusals.length > 0 ? refusals.map(({ text }) => text).join(' ') : messageOf(failure)
}

const messageOf = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure))

/** The error that the job of a drill ends with. */
export function drillFailure(found: Drill): EngineError | null {
  if (found.verdict === 'good') return null
  const code: ErrorCode = found.verdict === 'bad' ? 'DRILL_FAILED' : 'DRILL_INCONCLUSIVE'
  const what = found.verdict === 'bad' ? 'The drill failed' : 'The drill could not find out'
  return new EngineError(code, `${what}, backup ${found.number}: ${found.problems[0] ?? 'no reason given'}`, {
    detail: { ...found },
  })
}
