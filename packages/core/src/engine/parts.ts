import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BackupContext, DownStepSettings } from '../backup/backup-context.ts'
import { preferErrorOf } from '../backup/prefer-error-of.ts'
import { databasesOf, type EngineSettings } from '../config.ts'
import { EngineError, isEngineError } from '../errors.ts'
import type { KeyOption } from '../options/key-option.ts'
import { type ConnectionParameters, resolveConnection } from '../postgres/connection.ts'
import type { KeySource } from '../repository/keys/keys.ts'
import { type OpenOptions, openRepository } from '../repository/open.ts'
import type { Repository } from '../repository/repository.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { createThrottle, type Throttle, withThrottle } from '../storage/throttle.ts'
import { readApplication } from './application.ts'
import { type CopyPlace, createCopyPlaces } from './copy-places.ts'
import type { MeantDatabase } from './resolve-backup.ts'
import { createServerIdentities, type ServerIdentity } from './server-identity.ts'

type OfSource = { database: string | null; system_identifier: string | null }

/** What the engine's operations share: the storage, the repository (opened once, when first needed), the databases. */
export interface EngineParts {
  readonly settings: EngineSettings
  readonly storage: Storage
  /** How fast the storage may be used. */
  readonly throttle: Throttle
  /** The copies of the repository. */
  readonly copies: readonly CopyPlace[]
  init(): Promise<Repository>
  repository(): Promise<Repository>
  /** While it is being opened: until the key is being tried, for which another thread is busy a third of a second. */
  keyChecked(): Promise<void>
  /** Labels of the configured databases. */
  labels(): string[]
  /** The configured media folders, each with a name of its own. */
  mediaFolders(): { name: string; path: string }[]
  /** The connection of a database by label. `CONFIG_INVALID` where it is not clear which is meant, or there is none. */
  connection(label?: string): ConnectionParameters
  /** The same, or undefined where no database is configured: reading a repository needs none. */
  optionalConnection(label?: string): ConnectionParameters | undefined
  /** The configured database as one of `backups` is told from others; its server is asked where several have one of its name. */
  meant(label: string | undefined, backups: readonly OfSource[]): Promise<MeantDatabase>
  /** Which server a configured database is on, and its clock; null where it does not answer. */
  server(label?: string, options?: { signal?: AbortSignal }): Promise<ServerIdentity | null>
  /** The name that backups record. */
  applicationName(): Promise<string>
  /** What a backup or a restore of a database works with. */
  backupContext(label?: string): Promise<BackupContext>
  /** The same without the repository, which may take longer to open. */
  sourceContext(label?: string): Promise<Omit<BackupContext, 'repository'>>
  close(): Promise<void>
}

export function createEngineParts(settings: EngineSettings): EngineParts {
  const { repository: location } = settings
  const throttle = createThrottle(settings.throttle)
  const storage = typeof location === 'string' ? openStorage(location, { throttle }) : withThrottle(location, throttle)
  const databases = databasesOf(settings)
  const servers = createServerIdentities()
  const copies = createCopyPlaces(settings, throttle)
  const withCopies = (repository: Repository) => ({ ...repository, copies: copies.map((copy) => copy.storage) })
  let opened: Promise<Repository> | undefined
  const tried = Promise.withResolvers<void>()

  const parts: EngineParts = {
    settings,
    storage,
    throttle,
    copies,
    async init() {
      if (settings.encryption === undefined)
        throw new EngineError('KEY_MISSING', 'A new repository needs a passphrase or a key.')
      if (typeof location === 'string') {
        const { refuseUnmounted } = await import('./refuse-unmounted.ts')
        await refuseUnmounted(location)
      }
      // Only here a missing folder is made: anywhere else it means that a disk is not mounted.
      const target = typeof location === 'string' ? openStorage(location, { create: true, throttle }) : storage
      const { initRepository } = await import('../repository/init.ts')
      const repository = withCopies(await initRepository(target, await keySource(settings.encryption)))
      opened = Promise.resolve(repository)
      return repository
    },
    repository() {
      opened ??= open(storage, settings.encryption, { onTrying: tried.resolve }).then(withCopies, (error: unknown) => {
        opened = undefined
        throw error
      })
      opened.then(() => tried.resolve(), tried.resolve)
      return opened
    },
    keyChecked: () => tried.promise,
    labels: () => Object.keys(databases),
    mediaFolders: () => mediaFolders(settings.media),
    connection(label) {
      const found = parts.optionalConnection(label)
      if (!found)
        throw new EngineError('CONFIG_INVALID', 'No database is configured.', {
          advice: 'Give the URL of the database: {databaseUrl}.',
        })
      return found
    },
    optionalConnection(label) {
      const labels = Object.keys(databases)
      const wanted = label ?? (labels.length === 1 ? labels[0] : labels.includes('default') ? 'default' : undefined)
      if (wanted === undefined) {
        if (labels.length === 0) return undefined
        throw new EngineError('CONFIG_INVALID', `Several databases are configured: ${labels.join(', ')}.`, {
          advice: 'Say which one is meant, by its label.',
        })
      }
      // Own property only: a label comes from outside and could be "constructor".
      const url = Object.hasOwn(databases, wanted) ? databases[wanted] : undefined
      if (url === undefined)
        throw new EngineError('CONFIG_INVALID', `No database is labelled "${wanted}".`, {
          advice: `Labels: ${labels.join(', ') || 'none'}.`,
        })
      return resolveConnection(url)
    },
    async meant(label, backups) {
      const database = parts.optionalConnection(label)?.database
      if (database === undefined) return {}
      const named = backups.filter((backup) => backup.database === database)
      if (new Set(named.map((backup) => backup.system_identifier)).size < 2) return { database }
      return { database, system_identifier: (await parts.server(label))?.system_identifier ?? null }
    },
    async server(label, options) {
      const parameters = parts.optionalConnection(label)
      return parameters ? servers.of(parameters, options) : null
    },
    async applicationName() {
      return settings.appName ?? (await readApplication(process.cwd(), {})).name
    },
    async backupContext(label) {
      const opening = parts.repository()
      const context = await preferErrorOf(opening, parts.sourceContext(label))
      return { ...context, repository: await opening }
    },
    async sourceContext(label) {
      const application = await readApplication(process.cwd(), { name: settings.appName, version: settings.appVersion })
      return {
        database: parts.connection(label),
        inspectors: settings.migrations,
        invariants: settings.invariants,
        downSteps: downStepSettings(settings),
        media: parts.mediaFolders(),
        app: application,
        resources: { ...settings.resources, compressionLevel: settings.compressionLevel },
        changeDetection: { fullEveryDays: settings.fullEveryDays },
        clientTools: settings.clientTools,
      }
    },
    async close() {
      await opened?.then(({ threads }) => threads.close()).catch(() => {})
      await storage.close?.()
      for (const copy of copies) await copy.storage.close?.()
    },
  }
  return parts
}

/** With paths instead of URLs. */
export function downStepSettings({ downSteps: { folders, signatures, ...rest } }: EngineSettings): DownStepSettings {
  const folderPath = (place: string | URL) => (place instanceof URL ? fileURLToPath(place) : resolve(place))
  const named = Object.entries(folders).map(([inspector, folder]) => [inspector, folderPath(folder)])
  return { ...rest, folders: Object.fromEntries(named), signatures: signatures && folderPath(signatures) }
}

/** Labels media folders by their base names; two of the same name are told apart by a number. */
function mediaFolders(folders: EngineSettings['media']): { name: string; path: string }[] {
  const taken = new Set<string>()
  return folders.map((folder) => {
    const path = resolve(typeof folder === 'string' ? folder : folder.path)
    const wished = (typeof folder === 'string' ? undefined : folder.name) ?? (basename(path) || 'media')
    let name = wished
    for (let n = 2; taken.has(name); n++) name = `${wished}-${n}`
    taken.add(name)
    return { name, path }
  })
}

/**
 * A configured key is always used, also one that the user has to type: an attacker who replaces our repository with one
 * made without encryption must not get the next backup. Without a key only an unencrypted repository opens.
 */
async function open(
  storage: Storage,
  encryption: EngineSettings['encryption'],
  options: OpenOptions,
): Promise<Repository> {
  if (encryption !== undefined) return openRepository(storage, await keySource(encryption), options)
  try {
    return await openRepository(storage, { encryption: 'none' }, options)
  } catch (error) {
    if (!isEngineError(error, 'WRONG_KEY')) throw error
    throw new EngineError('KEY_MISSING', 'This repository is encrypted and no passphrase or key was given.')
  }
}

/** The key a host handed over, asked for where it is a function, as the repository takes it. */
export async function keySource(encryption: NonNullable<EngineSettings['encryption']> | KeyOption): Promise<KeySource> {
  if (encryption === 'none') return { encryption: 'none' }
  const key: KeyOption = typeof encryption === 'function' ? await encryption() : encryption
  if (!('rawKey' in key)) return key
  const raw = typeof key.rawKey === 'string' ? Buffer.from(key.rawKey.trim(), 'hex') : Buffer.from(key.rawKey)
  if (raw.length !== 32) throw new EngineError('CONFIG_INVALID', 'A raw key has 32 bytes (64 hex digits).')
  return { rawKey: raw }
}
