import { counted } from '../counted.ts'
import type { CopyState } from './copies.ts'
import type { ScrubState } from './scrub-state.ts'
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
  /** The copies of the repository; one that lags or is away makes an `ok` a `warning`. */
  copies: CopyState[]
  /** How much of what is stored was read again of late; null where that was never done. */
  scrub: ScrubState | null
}

/** Judges the newest completed backup of a database. Pure. */
export function statusReport(facts: {
  database: string
  backups: readonly BackupSummary[]
  damaged: number
  copies?: readonly CopyState[]
  scrub?: ScrubState | null
  now: Date
  maxAgeSeconds: number
}): StatusReport {
  const { database, now, maxAgeSeconds } = facts
  const own = facts.backups.filter((backup) => backup.database === database)
  const last = own.reduce<BackupSummary | null>(
    (newest, backup) => (newest && newest.created_at >= backup.created_at ? newest : backup),
    null,
  )
  const copies = [...(facts.copies ?? [])]
  const common = { database, last_backup: last, max_age_seconds: maxAgeSeconds, copies, scrub: facts.scrub ?? null }
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
      message: `${name} is good, but ${counted(facts.damaged, 'stored manifest')} cannot be read.`,
      age_seconds: age,
    }
  }
  const bad = own.filter(({ last_verified }) => last_verified?.ok === false)
  if (bad.length > 0) {
    const numbers = bad.map(({ number }) => number).join(', ')
    const message = `${name} is good, but older ones failed their last verification: ${numbers}.`
    return { ...common, level: 'warning', message, age_seconds: age }
  }
  const late = copies.filter(({ level }) => level !== 'ok')
  if (late.length > 0) {
    const said = late.map((copy) => copy.message).join(' ')
    return { ...common, level: 'warning', message: `${name} is good. ${said}`, age_seconds: age }
  }
  const verified = last.last_verified ? `, verified (${last.last_verified.level})` : ', not verified yet'
  return { ...common, level: 'ok', message: `${name} is good${verified}.`, age_seconds: age }
}
