import { log } from '../events.ts'
import { newBackupId } from '../repository/documents/backup-id.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { claimNumber } from '../repository/documents/numbers.ts'
import { recordVerification } from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import { type AttemptScope, inAttemptScope } from './attempt-scope.ts'
import { withAttempts } from './attempts.ts'
import type { BackupOptions, OpeningContext } from './backup-context.ts'
import { commitBackup } from './commit-backup.ts'
import { type Base, confirmBase } from './find-base.ts'
import { mentionOldTransaction } from './old-transactions.ts'
import { type BackupJob, openAttempt } from './open-attempt.ts'
import { readDatabase } from './read-database.ts'
import { readMedia } from './read-media.ts'
import { takeSnapshot } from './take-snapshot.ts'

/**
 * Makes one backup of one database, or of its media alone, from start to finish.
 *
 * When it resolves, the backup is `completed`: every table's rows were written in the number that another query
 * counted in the same snapshot (of a table taken over without a scan: in the one in which they were read, since when no
 * transaction has ended), everything is stored, and the manifest has been read back and opened. When it rejects,
 * nothing of the backup is visible; the packs it stored are found again by the next attempt or the next backup.
 *
 * @throws EngineError `LOCK_BUDGET` or `DATABASE_CHANGED` after the last attempt, `ROW_COUNT_MISMATCH`,
 *   `ROW_NOT_REPRESENTABLE`, `SNAPSHOT_TOO_OLD`, `BACKUP_STALLED`, `LEASE_HELD`, `ABORTED`, and whatever PostgreSQL or
 *   the storage fail with.
 */
export async function runBackup(
  context: OpeningContext,
  options: BackupOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  const { signal, report } = options
  if (options.mediaOnly) {
    const { runMediaBackup } = await import('./run-media-backup.ts')
    return runMediaBackup(context, options)
  }
  const job: BackupJob = { context, options, id: options.id ?? newBackupId(), createdAt: new Date() }
  return withAttempts(() => inAttemptScope(signal, (scope) => attemptBackup(scope, job)), {
    delaysMs: context.resources.retryDelaysMs,
    signal,
    report,
  })
}

async function attemptBackup(scope: AttemptScope, job: BackupJob): Promise<{ manifest: Manifest; checksum: string }> {
  const { options } = job
  const { report } = options
  const attempt = await openAttempt(scope, job)
  const { context, control, pool, writer, scanSessions } = attempt
  const { repository } = context
  const { snapshot, schema, end } = await takeSnapshot(scope, attempt)

  // Everything that must be read in that moment.
  const [base] = await Promise.all([
    confirmBase(snapshot.session.query, attempt.found, snapshot.facts),
    mentionOldTransaction(control.query, report),
  ])
  if ('reason' in base && options.type !== 'full')
    log(report, 'info', `Everything is read: ${base.reason}.`, { asked_for: options.type })
  const reading = await readDatabase({ context, options, control, pool, snapshot, writer, base, schema, scanSessions })
  // Rows are read and counted: what is left takes round trips. A number that a failure leaves behind is not used again.
  const number = options.number ?? claimNumber(repository, { signal: scope.signal })
  Promise.resolve(number).catch(() => {})
  if (reading.baseIsWrong !== null && 'manifest' in base) await condemn(repository, base.manifest, reading.baseIsWrong)
  // The marker proves more than a flushed WAL does; where there is none, this has to do.
  if (snapshot.facts.marker === null) await snapshot.confirmFlushed(control.query)
  await pool.disconnect()
  await end()

  const media = await readMedia({ context, options, pool, writer, signal: scope.signal, report })
  const compared = comparedWith(base, reading.baseIsWrong)
  return commitBackup(scope, attempt, { number, snapshot: snapshot.facts, reading, media, ...compared })
}

/** What the manifest says of the comparison. */
function comparedWith(
  base: Base | { reason: string },
  wrong: string | null,
): { base: Manifest | null; reason: string } {
  if ('reason' in base) return { base: null, reason: base.reason }
  const { number } = base.manifest
  if (wrong !== null) return { base: null, reason: `unchanged rows were not what backup ${number} has of them` }
  return { base: base.manifest, reason: `compared with backup ${number}` }
}

/** Records beside a backup that it is not what it should be: no backup builds on it any more, and lists show it. */
async function condemn(repository: Repository, manifest: Manifest, where: string): Promise<void> {
  const problem = `Rows that have not changed since are not what this backup has of them: ${where}.`
  const at = new Date().toISOString()
  await recordVerification(repository, { backup: manifest.id, level: 'checksums', at, ok: false, problems: [problem] })
}
