import type { BackupSummary } from './summary.ts'

/** Is the last backup good? `level` is `ok` only when there is one, young enough, and not found bad since. */
export interface StatusReport {
  level: 'ok' | 'warning' | 'failed'
  /** One line for people. */
  message: string
  database: string
  last_backup: BackupSummary | null
  age_seconds: number | null
  max_age_seconds: number
}

/** Judges the newest completed backup of a database. Pure. */
export function statusReport(facts: {
  database: string
  backups: readonly BackupSummary[]
  damaged: number
  now: Date
  maxAgeSeconds: number
}): StatusReport {
  const { database, now, maxAgeSeconds } = facts
  const own = facts.backups.filter((backup) => backup.database === database)
  const last = own.reduce<BackupSummary | null>(
    (newest, backup) => (newest && newest.created_at >= backup.created_at ? newest : backup),
    null,
  )
  const common = { database, last_backup: last, max_age_seconds: maxAgeSeconds }
  if (!last) {
    return { ...common, level: 'failed', message: `There is no backup of "${database}" yet.`, age_seconds: null }
  }
  const age = Math.max(0, Math.round((now.getTime() - Date.parse(last.created_at)) / 1000))
  const name = `Backup ${last.number} of "${database}"`
  if (last.last_verified && !last.last_verified.ok) {
    return {
      ...common,
      level: 'failed',
      message: `${name} failed its last verification (${last.last_verified.level}).`,
      age_seconds: age,
    }
  }
  if (age > maxAgeSeconds) {
    return {
      ...common,
      level: 'failed',
      message: `${name} is the newest one and is older than ${Math.round(maxAgeSeconds / 3600)} hours.`,
      age_seconds: age,
    }
  }
  if (facts.damaged > 0) {
    return {
      ...common,
      level: 'warning',
      message: `${name} is good, but ${facts.damaged} stored manifest(s) cannot be read.`,
      age_seconds: age,
    }
  }
  const verified = last.last_verified ? `, verified (${last.last_verified.level})` : ', not verified yet'
  return { ...common, level: 'ok', message: `${name} is good${verified}.`, age_seconds: age }
}
