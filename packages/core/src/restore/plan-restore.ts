import { setImmediate } from 'node:timers/promises'
import { isEngineError } from '../errors.ts'
import { withDatabase } from '../postgres/connection.ts'
import { refusePooler } from '../postgres/pooler.ts'
import { openSession, type Session } from '../postgres/session.ts'
import type { ChunkIndex } from '../repository/chunk-index.ts'
import { createChunkReader } from '../repository/chunk-reader.ts'
import type { Manifest } from '../repository/documents.ts'
import { loadChunkIndex } from '../repository/load-index.ts'
import { manifestChunkIds } from '../repository/manifest-chunks.ts'
import { readManifest } from '../repository/manifests.ts'
import type { Repository } from '../repository/repository.ts'
import { compareInspectors } from './compare-inspectors.ts'
import { openControlSession } from './control-session.ts'
import { mediaTargets } from './media-names.ts'
import type { RestoreContext, RestoreOptions, Running } from './options.ts'
import { type RestorePlan, restorePlan } from './plan.ts'
import type { BackupFacts, LiveDatabaseFacts, RestoreFacts, ServerSideFacts } from './plan-facts.ts'
import { readLiveDatabase, readTargetServer } from './target-facts.ts'

/**
 * Gathers the facts and makes the plan; nothing is changed anywhere. Throws `BACKUP_NOT_FOUND`, `REPOSITORY_DAMAGED`
 * and what connecting throws; whatever else stands in the way is a refusal in the plan.
 */
export async function planRestore(
  context: RestoreContext,
  options: RestoreOptions,
  running: Running = {},
): Promise<RestorePlan> {
  return restorePlan(await gatherRestoreFacts(context, options, running))
}

export async function gatherRestoreFacts(
  context: RestoreContext,
  options: RestoreOptions,
  { signal }: Running = {},
): Promise<RestoreFacts> {
  const { repository } = context
  // Both at once: over a network each answer is waited for.
  const [manifestRead, indexRead] = await Promise.allSettled([
    readManifest(repository, options.backupId, { signal }),
    loadChunkIndex(repository, { signal, readAround: true }),
  ])
  if (manifestRead.status === 'rejected') throw manifestRead.reason
  if (indexRead.status === 'rejected') throw indexRead.reason
  const { manifest, checksum } = manifestRead.value
  const name = options.targetDatabase ?? context.database.database
  const [{ server, live }, damaged] = await Promise.all([
    readServer(context, manifest, name, signal),
    damagedPacks(repository, indexRead.value, manifest, signal),
  ])
  return {
    options,
    backup: backupFacts(manifest, checksum),
    damagedPacks: damaged,
    server,
    target: { name, live },
    migrations: await compareInspectors(context.inspectors, manifest.migrations),
    media: mediaTargets(
      manifest.media.map((media) => media.name),
      options.mediaTarget,
      context.media,
    ).map(({ name, target }) => {
      const { files = 0, bytes = 0 } = manifest.media.find((media) => media.name === name) ?? {}
      return { name, files, bytes, target }
    }),
    validators: (context.validators ?? []).map((validator) => `${validator.when ?? 'after'}:${validator.name}`),
  }
}

async function readServer(
  context: RestoreContext,
  manifest: Manifest,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ server: ServerSideFacts; live: LiveDatabaseFacts | null }> {
  const control = await openControlSession(context.database, { target: name, signal })
  const inside = await openIfThere(context, name, signal)
  const { locale_provider: provider, collate, encoding } = manifest.database_properties
  try {
    const session = control ?? inside
    if (!session) throw new Error('neither the database nor another one can be connected to')
    return {
      server: {
        ...(await readTargetServer(session.query, { provider, collate, encoding })),
        pooler: await isPooler(session),
        maintenanceDatabase: control?.parameters.database ?? null,
      },
      live: await readLiveDatabase(session.query, name, inside?.query ?? null),
    }
  } finally {
    await inside?.close()
    await control?.close()
  }
}

async function openIfThere(context: RestoreContext, name: string, signal: AbortSignal | undefined) {
  try {
    return await openSession(withDatabase(context.database, name), { application: 'restore plan', signal })
  } catch (error) {
    if (isEngineError(error, 'DATABASE_NOT_FOUND')) return null
    throw error
  }
}

async function isPooler(session: Session): Promise<boolean> {
  try {
    await refusePooler(session)
    return false
  } catch (error) {
    if (isEngineError(error, 'DATABASE_POOLER')) return true
    throw error
  }
}

function backupFacts(manifest: Manifest, checksum: string): BackupFacts {
  const { database_properties: properties } = manifest
  return {
    id: manifest.id,
    number: manifest.number,
    checksum,
    createdAt: manifest.created_at,
    database: manifest.database,
    systemIdentifier: manifest.snapshot.system_identifier,
    majorVersion: Math.floor(manifest.server_version_num / 10_000),
    tables: manifest.table_count,
    rows: manifest.row_count,
    logicalBytes: manifest.logical_bytes - manifest.media_size,
    databaseBytes: manifest.database_size,
    largeObjects: manifest.large_object_count,
    exclusions: manifest.exclusions,
    extensions: manifest.extensions.map(({ name, version }) => ({ name, version })),
    roles: manifest.roles.map((role) => role.name).filter((role) => !role.startsWith('pg_')),
    tablespaces: manifest.tablespaces.filter((tablespace) => !tablespace.startsWith('pg_')),
    collationVersion: properties.collation_version,
    encoding: properties.encoding,
  }
}

/**
 * Packs that should hold what this backup needs and are not there in their indexed size (see `loadChunkIndex`), unless a
 * copy of the repository has it.
 */
async function damagedPacks(
  repository: Repository,
  index: ChunkIndex,
  manifest: Manifest,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const reader = createChunkReader(repository, index, { signal, useCopies: true })
  const missing = new Set<string>()
  let looked = 0
  for await (const id of manifestChunkIds(reader, manifest)) {
    // Ids come from memory for long stretches: the host's event loop wants its turn.
    if (++looked % 2000 === 0) await setImmediate()
    if (await reader.holds(id)) continue
    const packs = index.findMissing(id)
    for (const pack of packs.length > 0 ? packs : [`of chunk ${id}`]) missing.add(pack)
  }
  return [...missing].sort()
}
