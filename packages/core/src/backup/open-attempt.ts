import { hostname } from 'node:os'
import { EngineError } from '../errors.ts'
import { openSnapshotOwner, openSnapshotSessions, type SnapshotSessions } from '../postgres/exported-snapshot.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { applyMarks } from '../repository/index/marks.ts'
import { acquireLease, type Lease } from '../repository/leases/lease.ts'
import type { Repository } from '../repository/repository.ts'
import { createRepositoryWriter, type RepositoryWriter } from '../repository/repository-writer.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { BackupContext, BackupOptions, OpeningContext } from './backup-context.ts'
import { defaultFullEveryDays } from './base.ts'
import { type EarlierBackups, type FoundBase, findBase, readEarlierBackups } from './find-base.ts'
import { type InspectedSource, inspectSource } from './inspect-source.ts'
import { createLazyPool, type LazyPool } from './lazy-pool.ts'
import { preferErrorOf } from './prefer-error-of.ts'
import { looksLittle } from './read-here.ts'
import { openScanSessions, type ScanSessions } from './scan-sessions.ts'
import { createWorkerPool } from './worker-pool.ts'

/** What is to be backed up, the same in every attempt. */
export interface BackupJob {
  context: OpeningContext
  options: BackupOptions
  id: string
  createdAt: Date
}

/** All that an attempt has before the moment it is of: it looked at the source, and holds the lease. */
export interface Attempt {
  job: BackupJob
  context: BackupContext
  source: InspectedSource
  /** A session outside of the snapshot. */
  control: Session
  /** Those the snapshot will be taken with; asked for once. */
  sessions: () => Promise<SnapshotSessions>
  found: FoundBase
  writer: RepositoryWriter
  pool: LazyPool
  scanSessions: ScanSessions
}

/** Makes everything ready that can be ready before anything is locked. What it opens ends with the scope. */
export async function openAttempt(scope: AttemptScope, job: BackupJob): Promise<Attempt> {
  const { options, id } = job
  const { signal } = scope
  // While the repository's key is still being derived: can this role read everything, is there a pg_dump for this
  // server? Nothing is written before the key is known to be right.
  options.report?.({ type: 'phase', phase: 'prepare' })
  const opening = Promise.resolve(job.context.repository)
  // With one connection to read by, no two sessions are open that can be one, or come one after the other.
  const isFrugal = job.context.resources.connections === 1
  const early = isFrugal ? null : openSnapshotSessions(job.context.database, signal)
  early?.catch(() => {})
  scope.onEnd(async () => Promise.all(Object.values((await early) ?? {}).map((session) => session.close())))
  const { control, source } = await preferErrorOf(opening, lookAtSource(scope, job))
  const repository = await opening
  // As this session is connected: whether by TLS or through a pooler is not found out again by each.
  const context = { ...job.context, repository, database: control.parameters }
  const sessions = () => early ?? openFrugally(control, signal)
  const { lease, read } = await holdLease(
    scope,
    { repository, name: source.leaseName, waitMs: options.waitMs },
    // Together, because over a network each answer is waited for.
    () =>
      Promise.all([
        repository.storage.stat(manifestName(id), { signal }),
        loadChunkIndex(repository, { signal, readAround: true, withMarks: true }),
        options.type === 'full' ? null : readEarlierBackups(repository, { signal }),
      ]),
  )
  const [isThere, index, earlier] = await read
  // A commit that fails takes its manifest away again: it must not be able to meet another backup's.
  if (isThere)
    throw new EngineError('CONFIG_INVALID', `There is a backup with the id ${id} already.`, { detail: { id } })

  if (options.includeMedia) await requireMediaMounted(context, earlier, signal)

  const { packBytes, compressionLevel, connections } = context.resources
  const writer = createRepositoryWriter(repository, { index, signal, lease, packBytes, compressionLevel })

  const [found] = await Promise.all([
    // Before the snapshot is taken: a backup found later can be of a later moment.
    findBase({
      ...{ repository, index, earlier, signal },
      query: control.query,
      type: options.type,
      database: source.server,
      fullEveryDays: context.changeDetection?.fullEveryDays ?? defaultFullEveryDays,
    }),
    // A prune that deletes at once waits for those who hold a lease: what it marked before ours was there is seen here.
    applyMarks(repository, index, signal),
  ])

  const { keys, config } = repository
  const setup = { keys, known: index.known(), chunker: config.chunker, packBytes, compressionLevel }
  const workers = options.includeMedia ? connections : workerCount(connections, source.server.database_size)
  const pool = createLazyPool(workers, () => createWorkerPool(workers, setup, writer.storePack))
  scope.onEnd(() => pool.stop())
  // Where everything will be read, and it is not little, the threads start while the snapshot is being taken.
  if ('reason' in found && !looksLittle(source.server)) pool.start()

  const databaseBytes = 'reason' in found || found.looksIdle ? 0 : source.server.database_size
  const scanSessions = openScanSessions(context.database, { most: isFrugal ? 0 : connections, databaseBytes, signal })
  scope.onEnd(() => scanSessions.close())
  return { job, context, source, control, sessions, found, writer, pool, scanSessions }
}

/** An empty database has 8 MiB. To start a thread takes as long as to read as much again. */
const bytesPerWorker = 16 << 20

function workerCount(connections: number, databaseBytes: number): number {
  return Math.max(1, Math.min(connections, Math.ceil(databaseBytes / bytesPerWorker)))
}

/** Throws `MEDIA_FOLDER_MISSING` for a folder whose file system is not mounted. `earlier`: read already, if it was. */
export async function requireMediaMounted(
  { repository, media }: Pick<BackupContext, 'repository' | 'media'>,
  earlier: EarlierBackups | null,
  signal: AbortSignal,
): Promise<void> {
  const { requireMounted } = await import('./require-mounted.ts')
  await requireMounted(media, async () => {
    const { candidates } = earlier ?? (await readEarlierBackups(repository, { signal }))
    return candidates.map(({ manifest }) => manifest)
  })
}

async function lookAtSource({ signal, onEnd }: AttemptScope, { context, options }: BackupJob) {
  const control = await openSession(context.database, { application: 'backup control', signal })
  onEnd(() => control.close())
  return { control, source: await inspectSource(control, context, options, options.report) }
}

async function openFrugally(control: Session, signal: AbortSignal): Promise<SnapshotSessions> {
  return { owner: await openSnapshotOwner(control.parameters, signal), watcher: control }
}

/**
 * One backup per database at a time: of two that overlap, either could take the other for an earlier one. `reading` begins
 * when no other one runs any more, beside the taking of the lease.
 */
export async function holdLease<T>(
  scope: AttemptScope,
  { repository, name, waitMs }: { repository: Repository; name: string; waitMs: number | undefined },
  reading: () => Promise<T>,
): Promise<{ lease: Lease; read: Promise<T> }> {
  const holder = `${hostname()}, process ${process.pid}`
  let read: Promise<T> | undefined
  const onFree = () => {
    read = reading()
    // Of one that came to nothing nothing is said.
    read.catch(() => {})
  }
  const lease = await acquireLease(repository, { name, holder, waitMs, onFree, signal: scope.signal })
  scope.onEnd(() => lease.release())
  lease.lost.addEventListener('abort', () => scope.fail(lease.lost.reason))
  return { lease, read: read ?? reading() }
}
