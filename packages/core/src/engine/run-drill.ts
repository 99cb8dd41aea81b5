import { randomBytes } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { speaksOfTheBackup } from '../maintenance/speaks-of-the-backup.ts'
import { type Drill, recordDrill } from '../repository/documents/drills.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { recordVerification } from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import { type DrilledRestore, drillRestore, nothingDrilled } from '../restore/drill/drill-restore.ts'
import type { Backups } from './backups.ts'
import { type DrillPlace, lackOf, type OpenedPlace, openDrillPlace, problemOfOpening } from './drill-place.ts'
import { type DrillVerdict, judgeDrill } from './drill-verdict.ts'
import type { AskedDrill } from './drills.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import type { BackupSummary } from './summary.ts'

/**
 * Drills, judges and records. What is wrong with the backup, or kept it from finding out, is in the result.
 *
 * @throws EngineError `BACKUP_NOT_FOUND`, `ABORTED`; `MIGRATION_WRONG_DATABASE`, recorded before.
 */
export async function runDrill(
  parts: EngineParts,
  backups: Backups,
  reference: string,
  { database, by, signal, report, ...how }: OfDatabase & Running & AskedDrill,
): Promise<Drill> {
  const started = { at: new Date(), clock: performance.now() }
  const [context, backup, { damaged }] = await Promise.all([
    parts.backupContext(database),
    backups.get(reference, { database, signal }),
    backups.list({ signal }),
  ])
  requireDatabase(backup)
  const newest = await backups.get('latest', { database, signal }).catch((error: unknown) => {
    // Which one is the newest is not clear: then its age is not judged.
    if (isEngineError(error, 'BACKUP_NOT_FOUND') || isEngineError(error, 'BACKUP_AMBIGUOUS')) return null
    throw error
  })
  const { validators, dataMigrations, drills } = parts.settings
  const place = { fromCopy: how.fromCopy ?? null, withRecoveryKey: how.withRecoveryKey ?? false }
  const drill = nothingDrilled()
  let failure: unknown
  drill.notes.push(...(how.notes ?? []))
  try {
    await inPlace(parts, { place, backup, drill, report }, async (opened, since) => {
      const asked = { backupId: backup.id, freshness: drills.freshness, since }
      const own = { ...context, ...opened, validators, dataMigrations }
      await drillRestore(own, asked, { signal, report }, drill)
    })
  } catch (error) {
    // Who stopped it learns nothing from a record.
    if (signal?.aborted) throw error
    failure = error ?? new Error('no reason given')
  }
  const facts = {
    ...{ backup, isNewest: newest?.id === backup.id, now: new Date(), objectives: drills },
    unreadable: damaged.length,
  }
  const record = recordOf(backup, drill, {
    ...judgeDrill(drill, failure, facts),
    ...place,
    turn: how.turn ?? null,
    by,
    started,
  })
  await keep(await parts.repository(), { record, failure, drill }, report)
  // Migrations ran on the live database: the caller must learn that at once.
  if (isEngineError(failure, 'MIGRATION_WRONG_DATABASE')) throw failure
  return record
}

interface PlacedDrill {
  place: DrillPlace
  backup: BackupSummary
  drill: DrilledRestore
  report: Reporter | undefined
}

/**
 * Drills with the repository of the place, which is opened for it and closed on every path. A place that lacks the backup, or
 * that its key does not open, is a problem that the drill has found.
 */
async function inPlace(
  parts: EngineParts,
  { place, backup, drill, report }: PlacedDrill,
  run: (opened: { repository?: Repository }, since: number) => Promise<void>,
): Promise<void> {
  const since = performance.now()
  if (place.fromCopy !== null || place.withRecoveryKey) report?.({ type: 'phase', phase: 'open' })
  let opened: OpenedPlace | null
  try {
    opened = await openDrillPlace(parts, place)
  } catch (error) {
    const problem = problemOfOpening(error, place)
    if (problem === null) throw error
    drill.problems.push(problem)
    return
  } finally {
    if (place.fromCopy !== null || place.withRecoveryKey)
      drill.phases.push({ phase: 'open', milliseconds: performance.now() - since })
  }
  if (opened === null) return run({}, since)
  try {
    const lack = await lackOf(opened.repository, backup, place)
    if (lack === null) await run({ repository: opened.repository }, since)
    else drill.problems.push(lack)
  } finally {
    await opened.close()
  }
}

interface Ended extends DrillVerdict, DrillPlace {
  turn: number | null
  by: string
  started: { at: Date; clock: number }
}

const seconds = (ms: number): number => Math.round(ms) / 1000
/** A record must fit an object, however much is wrong. */
const some = (texts: readonly string[], most = 100): string[] => texts.slice(0, most).map((text) => text.slice(0, 1000))

function recordOf(
  backup: BackupSummary,
  drill: DrilledRestore,
  { verdict, problems, notes, by, started, turn, fromCopy, withRecoveryKey }: Ended,
): Drill {
  return {
    id: `d${randomBytes(8).toString('hex')}`,
    ...{ backup: backup.id, number: backup.number, checksum: backup.checksum, database: backup.database },
    ...{ backup_created_at: backup.created_at, started_at: started.at.toISOString(), at: new Date().toISOString(), by },
    ...{ verdict, problems: some(problems), notes: some(notes) },
    recovery_seconds: drill.recoveryMs === null ? null : seconds(drill.recoveryMs),
    seconds: seconds(performance.now() - started.clock),
    phases: drill.phases.slice(0, 200).map(({ phase, milliseconds }) => ({ phase, seconds: seconds(milliseconds) })),
    ...{ turn, copy: fromCopy, recovery_key: withRecoveryKey },
    ...{ tables: drill.tables, rows: drill.rows, indexes: drill.indexes, media_bytes: drill.mediaBytes },
    migrations: some(drill.migrations, 10_000),
    data_migrations: some(drill.dataMigrations, 1000),
    validators: some(drill.validators, 1000),
    freshness: drill.freshness.slice(0, 1000).map(({ column, ageSeconds, limitSeconds }) => ({
      ...{ column, age_seconds: ageSeconds, limit_seconds: limitSeconds },
    })),
  }
}

interface Found {
  record: Drill
  failure: unknown
  drill: DrilledRestore
}

/** The drill, and what it says of the backup itself as a verification: what migrations or freshness lack is not its fault. */
async function keep(
  repository: Repository,
  { record, failure, drill }: Found,
  report: Reporter | undefined,
): Promise<void> {
  const { backup, checksum, at, copy } = record
  const isBad = isEngineError(failure) && speaksOfTheBackup(failure)
  const verification = { backup, checksum, at, level: 'restore' as const }
  try {
    await recordDrill(repository, record)
    // What lies in a copy says nothing of what lies in the repository.
    if (copy !== null) return
    if (isBad)
      await recordVerification(repository, { ...verification, ok: false, problems: [failure.message.slice(0, 1000)] })
    else if (drill.restored && failure === undefined && drill.problems.length === 0)
      await recordVerification(repository, { ...verification, ok: true })
  } catch (error) {
    log(
      report,
      'warning',
      `The outcome could not be recorded: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
