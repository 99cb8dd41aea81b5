import { setImmediate } from 'node:timers/promises'
import { isEngineError } from '../../errors.ts'
import { readPublicKey } from '../../migrations/down-steps/down-step.ts'
import { planCarried } from '../../migrations/down-steps/plan-carried.ts'
import { openArchive } from '../../postgres/archive/parse-archive.ts'
import { withDatabase } from '../../postgres/connection.ts'
import { refusePooler } from '../../postgres/pooler.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { ChunkIndex } from '../../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { Manifest, MediaRecord } from '../../repository/documents/documents.ts'
import { manifestChunkIds, mediaChunkIds } from '../../repository/documents/manifest-chunks.ts'
import { readManifest } from '../../repository/documents/manifests.ts'
import { loadChunkIndex } from '../../repository/index/load-index.ts'
import type { Repository } from '../../repository/repository.ts'
import { openControlSession } from '../database/control-session.ts'
import { type DefinitionStep, definitionSteps } from '../database/definitions/definition-steps.ts'
import { chooseObjects, choosesByName, leftOutRelations, leftOutSteps } from '../database/definitions/leave-out.ts'
import { maskManifest } from '../mask-content.ts'
import { findMediaPlace } from '../media/media-place.ts'
import { findMediaTargets } from '../media/restore-media.ts'
import type { RestoreContext, RestoreOptions, Running } from '../options.ts'
import { readRights } from '../rights/restore-rights.ts'
import { type RestoredManifest, readMatchedRows, restoredManifest } from '../rows-only.ts'
import { readTargetFacts } from '../target/read-target-facts.ts'
import { compareInspectors } from './compare-inspectors.ts'
import { readMaskingFacts } from './masking-facts.ts'
import { type RestorePlan, restorePlan } from './plan.ts'
import type { BackupFacts, LiveDatabaseFacts, MediaFacts, RestoreFacts, ServerSideFacts } from './plan-facts.ts'
import { plannedDataMigration } from './planned-data-migration.ts'
import { isEmpty, readLiveDatabase, readTargetServer } from './target-facts.ts'
import { readUnrecordedChanges } from './unrecorded-changes.ts'

/**
 * Gathers the facts and makes the plan; nothing is changed anywhere. Throws `BACKUP_NOT_FOUND`, `BACKUP_NOT_TRUSTED`, `REPOSITORY_DAMAGED`
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
  const { checksum } = manifestRead.value
  const { manifest: whole, rowsOnly } = await restoredManifest(repository, manifestRead.value.manifest, options, signal)
  const manifest = options.masked && context.masking ? maskManifest(whole, context.masking) : whole
  const name = options.targetDatabase ?? context.database.database
  // Read only where the rights of the role or what is chosen by name hang on it.
  const definitions = once(async () => {
    const reader = createChunkReader(repository, indexRead.value, { signal, useCopies: true })
    const { noOwner, noPrivileges, noTablespaces, roleMap } = options
    const archive = openArchive(await reader.readBytes(manifest.streams.schema))
    return definitionSteps(archive, { noOwner, noPrivileges, noTablespaces, roleMap })
  })
  const mediaAlone = options.strategy === 'media'
  // What is not going to be read may be damaged.
  const needed = mediaAlone ? mediaChunkIds : manifestChunkIds
  const damaged = await damagedPacks(repository, indexRead.value, { manifest, needed, signal })
  const { server, live, ...rest } = await readServer(context, manifest, {
    ...{ name, options, signal },
    // What is damaged is refused for that.
    definitions: damaged.length > 0 || mediaAlone || manifest.media_only ? null : definitions,
  })
  const unrecorded = mediaAlone || damaged.length > 0 ? null : await readUnrecordedChanges(repository, whole, signal)
  return {
    options,
    backup: backupFacts(manifest, checksum),
    damagedPacks: damaged,
    server,
    target: { name, live, configured: context.database.database },
    ...rest,
    ...(choosesByName(options) && !mediaAlone && !manifest.media_only
      ? { chosen: chooseObjects(await definitions(), options) }
      : {}),
    ...(options.masked && !manifest.media_only
      ? {
          masking: await readMaskingFacts(
            context.masking,
            { manifest, isLeftOut: await leftOutBy(options, definitions) },
            createChunkReader(repository, indexRead.value, { signal, useCopies: true }),
          ),
        }
      : {}),
    ...(rowsOnly
      ? {
          rowsOnly: await rowsOnlyFacts(
            rowsOnly,
            createChunkReader(repository, indexRead.value, { signal, useCopies: true }),
          ),
        }
      : {}),
    media: await mediaFacts(context, options, manifest, name),
    ...(mediaAlone || manifest.media_only
      ? { migrations: [], validators: [], dataMigrations: [] }
      : await onRestoredData(context, manifest)),
    ...(unrecorded ? { unrecorded } : {}),
  }
}

async function leftOutBy({ leaveOut = [] }: RestoreOptions, definitions: () => Promise<DefinitionStep[]>) {
  return leaveOut.length > 0 ? leftOutRelations(await definitions(), leaveOut) : () => false
}

async function rowsOnlyFacts(
  sides: NonNullable<RestoredManifest['rowsOnly']>,
  reader: ReturnType<typeof createChunkReader>,
): Promise<RestoreFacts['rowsOnly']> {
  const { problems, notes } = await readMatchedRows(sides, reader)
  return { definitions: sides.definitions.number, problems, notes }
}

/** What the application has to say about restored rows. */
async function onRestoredData(
  { inspectors, validators = [], dataMigrations = [], downSteps, app }: RestoreContext,
  manifest: Manifest,
): Promise<Pick<RestoreFacts, 'migrations' | 'carried' | 'validators' | 'dataMigrations'>> {
  const migrations = await compareInspectors(inspectors, manifest.migrations)
  const ahead = migrations.map(({ inspector, comparison }) => {
    const applied = manifest.migrations.find((one) => one.inspector === inspector)?.applied.map(({ id }) => id) ?? []
    const { shape, retired } = inspectors.find(({ name }) => name === inspector) ?? {}
    return { inspector, comparison, applied, shape, retired }
  })
  // Read where they count alone: a key that is none must not keep an ordinary restore from being planned.
  const isAhead = migrations.some(({ comparison }) => comparison.verdict === 'ahead')
  const keys = isAhead ? (downSteps?.trustedKeys ?? []).map(readPublicKey) : []
  const carried = planCarried(ahead, manifest.down_steps ?? [], { application: app.name, keys })
  return {
    migrations,
    ...(carried ? { carried } : {}),
    validators: validators.map((validator) => `${validator.when ?? 'after'}:${validator.name}`),
    dataMigrations: await Promise.all(dataMigrations.map(plannedDataMigration)),
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => (result ??= read())
}

async function mediaFacts(
  context: RestoreContext,
  options: RestoreOptions,
  manifest: Manifest,
  database: string,
): Promise<MediaFacts[]> {
  const names = manifest.media.map((media) => media.name)
  const live = context.database.database
  const targets = await findMediaTargets(names, options, { media: context.media, live, database })
  return Promise.all(
    targets.map(async ({ name, target, replaces }) => {
      const record = manifest.media.find((media) => media.name === name)
      const { files = 0, bytes = 0, lost = 0, owners = [] } = record ?? {}
      const place = target === null ? null : await findMediaPlace(target)
      return { name, files, bytes, lost, foreignOwners: foreignOwners(owners), target, replaces, place }
    }),
  )
}

/** Owners that files cannot be given to: only root may give files away. */
function foreignOwners(owners: MediaRecord['owners']): string[] {
  const user = process.geteuid?.()
  if (user === undefined || user === 0) return []
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])]
  return owners.filter(({ uid, gid }) => uid !== user || !groups.includes(gid)).map(({ uid, gid }) => `${uid}:${gid}`)
}

async function readServer(
  context: RestoreContext,
  manifest: Manifest,
  asked: {
    name: string
    options: RestoreOptions
    signal: AbortSignal | undefined
    definitions: (() => Promise<DefinitionStep[]>) | null
  },
): Promise<
  { server: ServerSideFacts; live: LiveDatabaseFacts | null } & Pick<
    RestoreFacts,
    'rights' | 'emptyDatabases' | 'refresh'
  >
> {
  const { name, options, signal, definitions } = asked
  const control = await openControlSession(context.database, { target: name, signal })
  const inside = await openIfThere(context, name, signal)
  const { locale_provider: provider, collate, encoding } = manifest.database_properties
  try {
    const session = control ?? inside
    if (!session) throw new Error('neither the database nor another one can be connected to')
    const rights = await readRightsOf(context, { session, inside, options, definitions })
    const asked = { query: session.query, inside: inside?.query ?? null, name }
    const refresh = options.target === undefined ? undefined : await readTargetFacts(context, manifest, asked)
    return {
      ...rights,
      ...(refresh ? { refresh } : {}),
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

/** A superuser may do everything: nothing is read for one. */
async function readRightsOf(
  context: RestoreContext,
  asked: {
    session: Session
    inside: Session | null
    options: RestoreOptions
    definitions: (() => Promise<DefinitionStep[]>) | null
  },
): Promise<Pick<RestoreFacts, 'rights' | 'emptyDatabases'>> {
  const { session, inside, options, definitions } = asked
  const [role] = await session.query<{ superuser: boolean; createdb: boolean }>(
    'SELECT rolsuper AS superuser, rolcreatedb AS createdb FROM pg_catalog.pg_roles WHERE rolname = current_user',
  )
  if (role?.superuser || definitions === null) return {}
  const { leaveOut = [], noOwner } = options
  const all = await definitions()
  const leftOut = new Set([...leftOutSteps(all, leaveOut).values()].flatMap((ids) => [...ids]))
  const rights = await readRights(
    all.filter(({ id }) => !leftOut.has(id)),
    { control: session.query, inside: inside?.query ?? null, noOwner, serverMajor: session.serverMajor },
  )
  return { rights, ...(role?.createdb ? {} : { emptyDatabases: await emptyDatabases(context, session.query) }) }
}

/** Of the role's own databases those with nothing in them, the configured one left out. */
async function emptyDatabases({ database }: RestoreContext, query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_catalog.pg_database
     WHERE pg_catalog.pg_has_role(datdba, 'USAGE') AND datallowconn AND NOT datistemplate AND datname <> $1
       AND pg_catalog.has_database_privilege(oid, 'CONNECT') ORDER BY 1 LIMIT 10`,
    [database.database],
  )
  const found: string[] = []
  for (const { name } of rows) {
    const session = await openSession(withDatabase(database, name), { application: 'restore plan' }).catch(() => null)
    if (!session) continue
    if (await isEmpty(session.query).finally(() => session.close())) found.push(name)
  }
  return found
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
    mediaOnly: manifest.media_only ?? false,
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
 * Packs that should hold what is needed of this backup and are not there in their indexed size (see `loadChunkIndex`), unless a
 * copy of the repository has it.
 */
async function damagedPacks(
  repository: Repository,
  index: ChunkIndex,
  {
    manifest,
    needed,
    signal,
  }: { manifest: Manifest; needed: typeof manifestChunkIds; signal: AbortSignal | undefined },
): Promise<string[]> {
  const reader = createChunkReader(repository, index, { signal, useCopies: true })
  const missing = new Set<string>()
  let looked = 0
  for await (const id of needed(reader, manifest)) {
    // Ids come from memory for long stretches: the host's event loop wants its turn.
    if (++looked % 2000 === 0) await setImmediate()
    if (await reader.holds(id)) continue
    const packs = index.findMissing(id)
    for (const pack of packs.length > 0 ? packs : [`of chunk ${id}`]) missing.add(pack)
  }
  return [...missing].sort()
}
