import { newestOf } from '../../../policy/backup-order.ts'
import type { Drill } from '../../../repository/documents/drills.ts'
import { type MeasuredObjectives, measureObjectives, type Objectives } from '../../objectives.ts'
import { backupsOf, type MeantDatabase } from '../../resolve-backup.ts'
import { isGood, type StoredBackup } from '../../summary.ts'
import { longestInterval, runsAhead } from '../longest-interval.ts'
import { backupSchedulesOf } from '../overdue-runs.ts'
import type { PlannedJob } from '../schedules.ts'
import { type Figures, type MetricName, secondsOf, setFigure } from './families.ts'
import { type AttemptTally, countedOutcomes, noAttempts } from './tally-audit.ts'

interface Facts {
  label: string
  backups: (StoredBackup & { database: string; system_identifier: string })[]
  meant: MeantDatabase
  planned: readonly PlannedJob[]
  attempts: AttemptTally | undefined
  now: Date
  objectives: Objectives
  /** Of this database, oldest first. */
  drills: readonly Drill[]
}

/** What is known of one configured database. */
export function databaseFigures(figures: Figures, facts: Facts): void {
  const { label, backups, meant, planned, attempts, now, objectives, drills } = facts
  const set = (name: MetricName, value: number | null | undefined) =>
    setFigure(figures, name, { database: label }, value)
  const own = backupsOf(backups, meant).own.filter(({ manifest }) => !manifest.media_only)
  set('backups_kept', own.length)
  set('backups_bad', own.filter(({ lastVerified }) => lastVerified?.ok === false).length)
  const verified = own.flatMap(({ lastVerified }) => (lastVerified?.ok ? [lastVerified.at] : [])).sort()
  set('backup_verified_timestamp_seconds', secondsOf(verified.at(-1)))
  newestFigures(set, own, now)
  attemptFigures(figures, label, attempts ?? noAttempts())
  objectiveFigures(set, measureObjectives({ objectives, backups: own, drills, now }))
  for (const verdict of ['good', 'bad', 'unknown'] as const) {
    const last = drills.findLast((drill) => drill.verdict === verdict)
    setFigure(figures, 'drill_last_timestamp_seconds', { database: label, verdict }, secondsOf(last?.at))
  }
  const mine = backupSchedulesOf(planned, label)
  set('backup_next_due_timestamp_seconds', runsAhead(mine, now)[0])
  const interval = longestInterval(mine, now)
  set('backup_interval_seconds', interval)
  if (objectives.recoveryPointHours === undefined && interval !== null)
    set('recovery_point_objective_seconds', Math.round(1.5 * interval))
}

function objectiveFigures(set: Set, { recovery_point: point, recovery_time: time }: MeasuredObjectives): void {
  set('recovery_point_objective_seconds', point.objective_seconds)
  set('recovery_point_worst_seconds', point.worst_seconds)
  set('recovery_time_seconds', time.seconds)
  set('recovery_time_objective_seconds', time.objective_seconds)
}

type Set = (name: MetricName, value: number | null | undefined) => void

function newestFigures(set: Set, own: Facts['backups'], now: Date): void {
  const known = own.map((backup) => ({ backup, number: backup.manifest.number, id: backup.manifest.id }))
  const manifest = newestOf(known)?.backup.manifest
  const good = newestOf(known.filter(({ backup }) => isGood(backup)))?.backup.manifest
  if (good) {
    const point = secondsOf(good.snapshot.taken_at)
    set('recovery_point_timestamp_seconds', point)
    set('recovery_point_age_seconds', point === null ? null : Math.floor(now.getTime() / 1000 - point))
  }
  if (!manifest) return
  const completed = secondsOf(manifest.completed_at)
  const began = secondsOf(manifest.created_at)
  set('backup_last_success_timestamp_seconds', completed)
  set('backup_duration_seconds', completed === null || began === null ? null : Number((completed - began).toFixed(3)))
  set('backup_logical_bytes', manifest.logical_bytes)
  set('backup_stored_bytes', manifest.stored_bytes)
  set('backup_rows', manifest.row_count)
  set('backup_lost_files', manifest.lost_files)
  set('database_bytes', manifest.database_size)
}

function attemptFigures(figures: Figures, database: string, attempts: AttemptTally): void {
  const { backups, restores, lastBackup, lastRestoreAt, consecutiveFailures } = attempts
  const set = (name: MetricName, value: number | null) => setFigure(figures, name, { database }, value)
  for (const outcome of countedOutcomes) {
    setFigure(figures, 'backup_attempts_total', { database, outcome }, backups.get(outcome) ?? 0)
    setFigure(figures, 'restores_total', { database, outcome }, restores.get(outcome) ?? 0)
  }
  set('backup_consecutive_failures', consecutiveFailures)
  set('backup_last_attempt_timestamp_seconds', secondsOf(lastBackup?.at))
  set('backup_last_attempt_success', lastBackup ? Number(lastBackup.outcome === 'succeeded') : null)
  set('restore_last_success_timestamp_seconds', secondsOf(lastRestoreAt))
}
