import { hostname } from 'node:os'
import { EngineError } from '../errors.ts'
import { log } from '../events.ts'
import { openExportedSnapshot, openSnapshotSessions } from '../postgres/exported-snapshot.ts'
import { openSession } from '../postgres/session.ts'
import { newBackupId } from '../repository/backup-id.ts'
import type { Manifest } from '../repository/documents.ts'
import { acquireLease } from '../repository/lease.ts'
import { loadChunkIndex } from '../repository/load-index.ts'
import { manifestName } from '../repository/manifests.ts'
import { claimNumber } from '../repository/numbers.ts'
import { setPin } from '../repository/pins.ts'
import type { Repository } from '../repository/repository.ts'
import { createRepositoryWriter } from '../repository/repository-writer.ts'
import { recordVerification } from '../repository/verifications.ts'
import { type AttemptScope, inAttemptScope } from './attempt-scope.ts'
import { withAttempts } from './attempts.ts'
import type { BackupOptions, OpeningContext } from './backup-context.ts'
import { defaultFullEveryDays } from './base.ts'
import { type DumpableSnapshot, dumpDefinitions } from './dump-definitions.ts'
import { type Base, confirmBase, findBase, readEarlierBackups } from './find-base.ts'
import { inspectSource } from './inspect-source.ts'
import { createLazyPool } from './lazy-pool.ts'
import { describeBackup } from './manifest.ts'
import { mentionOldTransaction } from './old-transactions.ts'
import { inPhase } from './progress.ts'
import { readDatabase } from './read-database.ts'
import { saidFirst } from './said-first.ts'
import { openScanSessions } from './scan-sessions.ts'
import { defaultStallMs, watchForStall } from './stall-watch.ts'
import { createWorkerPool } from './worker-pool.ts'

/**
 * Makes one backup of one database, from start to finish.
 *
 * When it resolves, the backup is `completed`: every table's rows were written in the number that another query
 * counted in the same snapshot, everything is stored, and the manifest has been read back and opened. When it rejects,
 * nothing of the backup is visible; the packs it stored are found again by the next attempt or the next backup.
 *
 * @throws EngineError `LOCK_BUDGET` or `DATABASE_CHANGED` after the last attempt, `CENSUS_MISMATCH`,
 *   `ROW_NOT_REPRESENTABLE`, `SNAPSHOT_TOO_OLD`, `BACKUP_STALLED`, `LEASE_HELD`, `ABORTED`, and whatever PostgreSQL or
 *   the storage fail with.
 */
export async function runBackup(
  context: OpeningContext,
  options: BackupOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  const { signal, report } = options
  const job: BackupJob = { context, options, id: options.id ?? newBackupId(), createdAt: new Date() }
  return withAttempts(() => inAttemptScope(signal, (scope) => attemptBackup(scope, job)), {
    delaysMs: context.resources.retryDelaysMs,
    signal,
    report,
  })
}

interface BackupJob {
  context: OpeningContext
  options: BackupOptions
  id: string
  createdAt: Date
}

async function attemptBackup(scope: AttemptScope, job: BackupJob): Promise<{ manifest: Manifest; checksum: string }> {
  const { options, id } = job
  const { database, resources } = job.context
  const { signal } = scope
  const { report } = options

  // Look before anything is locked, and while the repository's key is still being derived: may this role read
  // everything, is there a pg_dump for this server? Nothing is written before the key is known to be right.
  report?.({ type: 'phase', phase: 'prepare' })
  const opening = Promise.resolve(job.context.repository)
  const sessions = openSnapshotSessions(database, signal)
  sessions.catch(() => {})
  scope.onEnd(async () => Promise.all(Object.values(await sessions).map((session) => session.close())))
  const { control, source } = await saidFirst(opening, lookAtSource(scope, job))
  const repository = await opening
  const context = { ...job.context, repository }

  // One backup per database at a time: of two that overlap, either could take the other for an earlier one.
  const lease = await acquireLease(repository, {
    name: source.leaseName,
    holder: holder(),
    waitMs: options.waitMs,
    signal,
  })
  scope.onEnd(() => lease.release())
  lease.lost.addEventListener('abort', () => scope.fail(lease.lost.reason))

  // Together, because over a network each answer is waited for.
  const [isThere, index, earlier] = await Promise.all([
    repository.storage.stat(manifestName(id), { signal }),
    loadChunkIndex(repository, { signal }),
    options.type === 'full' ? null : readEarlierBackups(repository, { signal }),
  ])
  // A commit that fails takes its manifest away again: it must not be able to meet another backup's.
  if (isThere)
    throw new EngineError('CONFIG_INVALID', `There is a backup with the id ${id} already.`, { detail: { id } })

  const { packBytes, compressionLevel } = resources
  const writer = createRepositoryWriter(repository, { index, signal, lease, packBytes, compressionLevel })

  // Before the snapshot is taken: a backup found later may be of a later moment.
  const found = await findBase({
    repository,
    index,
    earlier,
    query: control.query,
    type: options.type,
    database: source.server,
    fullEveryDays: context.changeDetection?.fullEveryDays ?? defaultFullEveryDays,
    signal,
  })

  // Where everything will be read, the threads start while the snapshot is being taken.
  const { keys, config } = repository
  const pool = createLazyPool(resources.connections, () =>
    createWorkerPool(
      resources.connections,
      { keys, known: index.known(), chunker: config.chunker, packBytes, compressionLevel },
      writer.storePack,
    ),
  )
  scope.onEnd(() => pool.stop())
  if ('reason' in found) pool.start()

  const { connections } = resources
  const databaseBytes = 'reason' in found ? 0 : source.server.database_size
  const scanSessions = openScanSessions(database, { most: connections, databaseBytes, signal })
  scope.onEnd(() => scanSessions.close())

  // pg_dump reads the catalogs in a process of its own, as soon as it can join.
  const exported = Promise.withResolvers<DumpableSnapshot>()
  const schema = exported.promise.then((moment) =>
    dumpDefinitions(source.tools, database, options, {
      ...moment,
      encoding: control.encoding,
      signal: AbortSignal.any([signal, moment.signal]),
    }),
  )
  schema.catch(() => {})

  // The moment this backup is of. Locks come first, so that no TRUNCATE or rewriting ALTER slips between.
  report?.({ type: 'phase', phase: 'snapshot' })
  const { lockBudgetMs, exclude } = options
  const maxAgeMs = resources.maxSnapshotAgeMs
  const snapshot = await openExportedSnapshot(database, {
    ...{ lockBudgetMs, maxAgeMs, exclude, signal, report },
    sessions: await sessions,
    onExported: exported.resolve,
  })
  scope.onEnd(() => snapshot.close())
  const onLost = () => scope.fail(snapshot.signal.reason)
  snapshot.signal.addEventListener('abort', onLost)
  if (snapshot.signal.aborted) onLost()
  const stallMs = resources.stallMs ?? defaultStallMs
  scope.onEnd(watchForStall({ stallMs, activity: pool.activity, onStalled: scope.fail }))
  await pool.connect(database, snapshot.id)

  // Everything that must be read in that moment; then the snapshot goes, because it holds back the server's vacuum.
  const [base] = await Promise.all([
    confirmBase(snapshot.session.query, found, snapshot.facts),
    mentionOldTransaction(control.query, report),
  ])
  if ('reason' in base && options.type !== 'full')
    log(report, 'info', `Everything is read: ${base.reason}.`, { asked_for: options.type })
  const reading = await readDatabase({
    ...{ context, options, control, pool, snapshot, writer, base },
    ...{ schema, scanSessions },
  })
  // Rows are read and counted: what is left takes round trips. A number that a failure leaves behind is not given again.
  const claimed = options.number ?? claimNumber(repository, { signal })
  Promise.resolve(claimed).catch(() => {})
  if (reading.baseIsWrong !== null && 'manifest' in base) await condemn(repository, base.manifest, reading.baseIsWrong)
  // The marker proves more than a flushed WAL does; where there is none, this has to do.
  if (snapshot.facts.marker === null) await snapshot.confirmFlushed(control.query)
  await pool.disconnect()
  snapshot.signal.removeEventListener('abort', onLost)
  await snapshot.close()

  const folders = options.includeMedia ? context.media : []
  const bytesBefore = pool.bytesRead
  const media = await inPhase(
    report,
    'media',
    async () => {
      if (folders.length === 0) return []
      const { storeMedia } = await import('./store-media.ts')
      return storeMedia(folders, { pool, writer, signal, report })
    },
    () => ({ bytes: pool.bytesRead - bytesBefore }),
  )

  // Packs, then index objects, then the manifest: its appearance is the backup's.
  return inPhase(report, 'manifest', async () => {
    await pool.flush()
    const [{ storedBytes }, number] = await Promise.all([writer.finish(), claimed])
    const manifest = describeBackup({
      id,
      number,
      createdAt: job.createdAt,
      context,
      options,
      server: source.server,
      snapshot: snapshot.facts,
      reading,
      media,
      storedBytes,
      ...comparedWith(base, reading.baseIsWrong),
    })
    scope.mustSettle()
    try {
      if (options.pinned) await setPin(repository, id, true, { by: options.createdBy })
      const { checksum } = await writer.commit(manifest)
      return { manifest, checksum }
    } catch (error) {
      // The commit has taken its manifest back. One that is there was made by whoever took this job up meanwhile.
      const isThere = await repository.storage.stat(manifestName(id)).catch(() => null)
      if (options.pinned && !isThere) await setPin(repository, id, false).catch(() => {})
      throw error
    }
  })
}

async function lookAtSource({ signal, onEnd }: AttemptScope, { context, options }: BackupJob) {
  const control = await openSession(context.database, { application: 'backup control', signal })
  onEnd(() => control.close())
  return { control, source: await inspectSource(control, context, options, options.report) }
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

function holder(): string {
  return `${hostname()}, process ${process.pid}`
}
