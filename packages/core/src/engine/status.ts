import { counted } from '../counted.ts'
import { ageOf, type Clocks } from '../policy/backup-age.ts'
import { newestOf } from '../policy/backup-order.ts'
import type { Drill } from '../repository/documents/drills.ts'
import type { CopyState } from './copies.ts'
import { type MeasuredObjectives, measureObjectives, missedObjectives, type Objectives } from './objectives.ts'
import { backupsOf } from './resolve-backup.ts'
import type { ScrubState } from './scrub-state.ts'
import { type BackupSummary, backupSummary, type StoredBackup, sourceOf, stampsOf } from './summary.ts'

/** Is the last backup good? `level` is `ok` only when there is one, young enough by every clock, and not found bad since. */
export interface StatusReport {
  level: 'ok' | 'warning' | 'failed'
  /** One line for people. */
  message: string
  database: string
  last_backup: BackupSummary | null
  /** By the clock that gives the most. */
  age_seconds: number | null
  max_age_seconds: number
  /** The copies of the repository; one that lags or is away makes an `ok` a `warning`. */
  copies: CopyState[]
  /** How much of what is stored was read again of late; null where that was never done. */
  scrub: ScrubState | null
  /** When one of its backups was last verified, and was good; null: never. */
  last_verified_at: string | null
  /** The newest drill of a backup of this database; null: there was none. One that was bad makes an `ok` a `warning`. */
  last_drill: LastDrill | null
  /** What a loss would cost now, measured by backups and drills. One that is missed makes an `ok` a `warning`. */
  objectives: MeasuredObjectives
  server_answers: boolean
}

export type LastDrill = Pick<Drill, 'id' | 'backup' | 'number' | 'at' | 'verdict' | 'recovery_seconds'> & {
  /** The first of what was wrong, or kept it from finding out. */
  problem: string | null
}

export interface StatusFacts {
  database: string
  /** Of the server that answers for the database now; null where it does not answer. */
  system_identifier: string | null
  backups: readonly StoredBackup[]
  /** Manifests that cannot be read. */
  damaged: number
  /** Pins and verification records that cannot be read. */
  unreadable?: number
  copies?: readonly CopyState[]
  scrub?: ScrubState | null
  /** Oldest first, of any database. */
  drills?: readonly Drill[]
  objectives?: Objectives
  now: Clocks
  maxAgeSeconds: number
}

type Judgement = Pick<StatusReport, 'level' | 'message'>

/** Judges the completed backup of a database that has the highest number. Pure. */
export function statusReport(facts: StatusFacts): StatusReport {
  const { database, system_identifier, maxAgeSeconds } = facts
  // What is in a file is no protection of a database, trusted or not; nor are its media alone.
  const made = facts.backups.filter(({ manifest }) => manifest.trigger !== 'import' && !manifest.media_only)
  const known = made.map((backup) => ({
    backup,
    number: backup.manifest.number,
    id: backup.manifest.id,
    ...sourceOf(backup),
  }))
  const named = known.filter((one) => one.database === database)
  const isElsewhere = system_identifier !== null && !named.some((one) => one.system_identifier === system_identifier)
  const own = isElsewhere ? [] : backupsOf(named, { database, system_identifier }).own
  const last = newestOf(own)?.backup
  const age = last ? ageOf(stampsOf(last), facts.now) : null
  const measured = measureObjectives({
    ...{ objectives: facts.objectives ?? {}, backups: own.map(({ backup }) => backup), now: facts.now.engine },
    drills: (facts.drills ?? []).filter((drill) => drill.database === database),
  })
  const judged = last
    ? judgeBackup(
        last,
        own.map(({ backup }) => backup),
        { ...facts, measured },
      )
    : { level: 'failed' as const, message: noBackup(database, named.length) }
  const servers = new Set(named.map((one) => one.system_identifier)).size
  return {
    ...(judged.level === 'ok' && servers > 1 ? sharedName(judged, facts, servers) : judged),
    database,
    last_backup: last ? backupSummary(last) : null,
    age_seconds: age && Math.round(age.oldest / 1000),
    max_age_seconds: maxAgeSeconds,
    copies: [...(facts.copies ?? [])],
    scrub: facts.scrub ?? null,
    last_verified_at: lastVerified(own.map(({ backup }) => backup)),
    last_drill: lastDrill(facts),
    objectives: measured,
    server_answers: system_identifier !== null,
  }
}

function lastVerified(own: readonly StoredBackup[]): string | null {
  const times = own.flatMap(({ lastVerified: found }) => (found?.ok ? [found.at] : []))
  return times.sort().at(-1) ?? null
}

function lastDrill({ drills = [], database }: Pick<StatusFacts, 'drills' | 'database'>): LastDrill | null {
  const last = drills.findLast((one) => one.database === database)
  if (!last) return null
  const { id, backup, number, at, verdict, recovery_seconds, problems } = last
  return { id, backup, number, at, verdict, recovery_seconds, problem: problems[0] ?? null }
}

function noBackup(database: string, elsewhere: number): string {
  if (elsewhere === 0) return `There is no backup of "${database}" yet.`
  return `There is no backup of "${database}" on this server yet; ${counted(elsewhere, 'backup')} of that name are of another server.`
}

/** Two servers have a database of the name in one repository: each is judged alone, and people are told. */
function sharedName({ message }: Judgement, { database, system_identifier }: StatusFacts, servers: number): Judgement {
  const which =
    system_identifier === null ? ' The server does not answer, so that its own backups cannot be told apart.' : ''
  return {
    level: 'warning',
    message: `${message} ${servers} servers have backups of a database "${database}" here.${which}`,
  }
}

function judgeBackup(
  last: StoredBackup,
  own: readonly StoredBackup[],
  facts: StatusFacts & { measured: MeasuredObjectives },
): Judgement {
  const { number, database } = last.manifest
  const name = `Backup ${number} of "${database}"`
  const age = ageOf(stampsOf(last), facts.now)
  if (last.lastVerified && !last.lastVerified.ok)
    return {
      level: 'failed',
      message: `${name} failed its last verification (${last.lastVerified.level})${last.lastVerified.problem ? `: ${last.lastVerified.problem}` : '.'}`,
    }
  if (age.oldest > facts.maxAgeSeconds * 1000)
    return {
      level: 'failed',
      message: `${name} is the newest one and is older than ${Math.round(facts.maxAgeSeconds / 3600)} hours.`,
    }
  if (age.fromFuture)
    return {
      level: 'warning',
      message: `${name} is the newest one and is from the future by one of the clocks: how old it is cannot be told.`,
    }
  const warning = (message: string): Judgement => ({ level: 'warning', message: `${name} is good${message}` })
  if (facts.damaged > 0) return warning(`, but ${counted(facts.damaged, 'stored manifest')} cannot be read.`)
  const { lost_files: lost } = last.manifest
  if (lost > 0)
    return {
      level: 'warning',
      message: `${name} is completed with losses: ${counted(lost, 'file')} of its media could not be read.`,
    }
  const bad = own.filter(({ lastVerified }) => lastVerified?.ok === false)
  if (bad.length > 0)
    return warning(
      `, but older ones failed their last verification: ${bad.map(({ manifest }) => manifest.number).join(', ')}.`,
    )
  if (facts.unreadable)
    return warning(
      `, but ${counted(facts.unreadable, 'pin, annotation or verification record', 'pins, annotations or verification records')} cannot be read.`,
    )
  if (last.notVerified)
    return warning(`; its last verification (${last.notVerified.level}) could not find out: ${last.notVerified.reason}`)
  const drill = lastDrill(facts)
  if (drill?.verdict === 'bad')
    return warning(`, but the last drill, of backup ${drill.number}, failed: ${drill.problem}`)
  const missed = missedObjectives(facts.measured)
  if (missed.length > 0) return warning(`. ${missed.join(' ')}`)
  const late = (facts.copies ?? []).filter(({ level }) => level !== 'ok')
  if (late.length > 0) return warning(`. ${late.map((copy) => copy.message).join(' ')}`)
  const verified = last.lastVerified ? `, verified (${last.lastVerified.level})` : ', not verified yet'
  return { level: 'ok', message: `${name} is good${verified}.` }
}
