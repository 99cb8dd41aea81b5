import { EngineError } from '../errors.ts'
import { readDatabaseProperties } from '../postgres/database-properties.ts'
import { readServerFacts } from '../postgres/server-facts.ts'
import { openSession } from '../postgres/session.ts'
import { newBackupId } from '../repository/documents/backup-id.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { emptyStream, noSnapshot } from '../repository/documents/nothing-read.ts'
import { claimNumber } from '../repository/documents/numbers.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { applyMarks } from '../repository/index/marks.ts'
import { createRepositoryWriter } from '../repository/repository-writer.ts'
import { type AttemptScope, inAttemptScope } from './attempt-scope.ts'
import type { BackupOptions, OpeningContext } from './backup-context.ts'
import { commitBackup } from './commit-backup.ts'
import { createLazyPool } from './lazy-pool.ts'
import { holdLease, requireMediaMounted } from './open-attempt.ts'
import { preferErrorOf } from './prefer-error-of.ts'
import type { DatabaseReading } from './read-database.ts'
import { readMedia } from './read-media.ts'
import { createWorkerPool } from './worker-pool.ts'

/**
 * Makes a backup of the media folders alone. Of the database it asks only which one the folders belong to, so it locks
 * nothing and takes no snapshot, and it goes on beside a backup of the database.
 *
 * @throws EngineError `CONFIG_INVALID` where no media folder is configured, `MEDIA_FOLDER_MISSING`, `LEASE_HELD`, `ABORTED`,
 *   and whatever PostgreSQL or the storage fail with.
 */
export async function runMediaBackup(
  context: OpeningContext,
  options: BackupOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  if (context.media.length === 0)
    throw new EngineError('CONFIG_INVALID', 'There is no media folder to back up.', {
      advice: 'Name the folders in the option `media`.',
    })
  return inAttemptScope(options.signal, (scope) => backUpMedia(scope, context, options))
}

async function backUpMedia(
  scope: AttemptScope,
  opening: OpeningContext,
  options: BackupOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  const { signal } = scope
  const id = options.id ?? newBackupId()
  const job = { id, createdAt: new Date(), options: { ...options, type: 'full' as const, includeMedia: true } }
  options.report?.({ type: 'phase', phase: 'prepare' })
  const repositoryOpens = Promise.resolve(opening.repository)
  const source = await preferErrorOf(repositoryOpens, lookAtOwner(opening, signal))
  const repository = await repositoryOpens
  const context = { ...opening, repository }
  const { system_identifier, database_oid } = source.server
  const name = `media-${system_identifier}-${database_oid}`
  const { lease, read } = await holdLease(scope, { repository, name, waitMs: options.waitMs }, () =>
    Promise.all([
      repository.storage.stat(manifestName(id), { signal }),
      loadChunkIndex(repository, { signal, readAround: true, withMarks: true }),
    ]),
  )
  const [isThere, index] = await read
  if (isThere)
    throw new EngineError('CONFIG_INVALID', `There is a backup with the id ${id} already.`, { detail: { id } })
  // The marks once more, now that the lease is held: see `openAttempt`.
  await Promise.all([requireMediaMounted(context, null, signal), applyMarks(repository, index, signal)])

  const { packBytes, compressionLevel, connections } = context.resources
  const writer = createRepositoryWriter(repository, { index, signal, lease, packBytes, compressionLevel })
  const { keys, config } = repository
  const setup = { keys, known: index.known(), chunker: config.chunker, packBytes, compressionLevel }
  const pool = createLazyPool(connections, () => createWorkerPool(connections, setup, writer.storePack))
  scope.onEnd(() => pool.stop())
  const { report } = options
  const media = await readMedia({ context, options: job.options, pool, writer, signal, report })
  return commitBackup(
    scope,
    { job, context, source, writer, pool },
    {
      number: options.number ?? (await claimNumber(repository, { signal })),
      snapshot: { ...noSnapshot, system_identifier, database_oid, taken_at: job.createdAt.toISOString() },
      reading: nothingRead(source.properties),
      media,
      base: null,
      reason: 'media folders alone',
    },
  )
}

/** Which database the folders belong to: by it the backup is told from those of other applications. */
async function lookAtOwner({ database }: OpeningContext, signal: AbortSignal) {
  const session = await openSession(database, { application: 'backup media', signal })
  try {
    return {
      server: await readServerFacts(session.query),
      properties: await readDatabaseProperties(session.query),
    }
  } finally {
    await session.close()
  }
}

function nothingRead(properties: Manifest['database_properties']): DatabaseReading {
  return {
    facts: {
      ...{ properties, extensions: [], roles: [], tablespaces: [], populatedViews: [], catalogSchemas: [] },
      ...{ migrations: { migration_state: {}, migrations: [] }, invariants: [], downSteps: [] },
    },
    streams: { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream },
    ...{ largeObjectSegments: [], largeObjectCount: 0, tableCount: 0, rowCount: 0, bytes: 0 },
    change: {
      large_object_pages: false,
      large_objects: { kind: 'read', reason: 'media folders alone', segments_read: 0 },
      ...{ bytes_read: 0, segments: 0, segments_read: 0, segments_sampled: 0 },
    },
    baseIsWrong: null,
  }
}
