import { type EngineOptions, parseEngineOptions } from './config.ts'
import { type Backups, createBackups } from './engine/backups.ts'
import { type Copies, createCopies } from './engine/copies.ts'
import type { DoctorReport } from './engine/doctor.ts'
import type { OfDatabase, Running } from './engine/engine-type.ts'
import { createKeys, type Keys } from './engine/keys.ts'
import { createMaintenance, type Maintenance } from './engine/maintenance.ts'
import { createMaintenanceMode, type MaintenanceMode } from './engine/maintenance-mode.ts'
import { createOperations } from './engine/operations/operations.ts'
import type { Operations } from './engine/operations-type.ts'
import { createEngineParts } from './engine/parts.ts'
import { createRestores, type Restores } from './engine/restores.ts'
import { type StatusReport, statusReport } from './engine/status.ts'
import type { Repository } from './repository/repository.ts'
import type { Throttle } from './storage/throttle.ts'

/**
 * The engine: one plain object that library calls, HTTP, CLI and scheduler go through alike.
 *
 * It opens the repository when it is first needed and connects to the database only while it works. Every call that
 * takes time accepts `{ signal, report }`; every failure is an `EngineError` with a stable code and advice.
 */
export interface BackupEngine {
  repository: {
    /** Creates the repository. `REPOSITORY_EXISTS` where there is one, `KEY_MISSING` without a key. */
    init(): Promise<RepositoryDescription>
    describe(): Promise<RepositoryDescription>
    /** How fast the repository may be written and read; a change holds at once, also for what is under way. */
    throttle: Pick<Throttle, 'limits' | 'change'>
  }
  backups: Backups
  restores: Restores
  maintenance: Maintenance
  /** The copies of the repository in other storages. */
  copies: Copies
  /** The keys that open the repository. */
  keys: Keys
  /** Looks at everything a backup and a restore need. */
  doctor(options?: OfDatabase & Running & { fix?: boolean }): Promise<DoctorReport>
  /** Is the last backup good? */
  status(options?: OfDatabase & Running & { maxAgeSeconds?: number }): Promise<StatusReport>
  /** Labels of the configured databases. */
  databases(): string[]
  /** Names of the configured media folders. */
  mediaFolders(): string[]
  /** For the host to turn requests away while a restore swaps its database: see the adapters' `maintenanceMode`. */
  readonly maintenanceMode: MaintenanceMode
  /** The same in the background: jobs, schedule, history, run-time configuration, audit. */
  operations: Operations
  /** Begins to run jobs and the schedule. Library calls need no start. */
  start(): Promise<void>
  /** Breaks off what runs in the background (taken up at the next start) and releases what the engine holds. */
  stop(): Promise<void>
}

export interface RepositoryDescription {
  id: string
  /** Where it is, without secrets. */
  location: string
  format: number
  encryption: 'aes-256-gcm' | 'none'
  created_at: string
  /** Tells it from a repository that somebody else made; no secret. */
  fingerprint: string
}

/**
 * Creates the engine of an application. Throws `CONFIG_INVALID` naming every option that is wrong; touches neither
 * storage nor database.
 *
 * @example
 * const engine = createBackupEngine({
 *   database: process.env.DATABASE_URL,
 *   repository: '/app/backups',
 *   encryption: { passphrase: process.env.BACKUP_PASSPHRASE },
 * })
 * await engine.backups.create({ name: 'before 2.0' })
 */
export function createBackupEngine(options: EngineOptions): BackupEngine {
  const parts = createEngineParts(parseEngineOptions(options))
  const backups = createBackups(parts)
  const { mode, around } = createMaintenanceMode(parts.settings.hooks)
  const restores = createRestores(parts, backups, around)
  const maintenance = createMaintenance(parts)
  const copies = createCopies(parts)
  const operations = createOperations({ parts, backups, restores, maintenance, copies })
  return {
    repository: {
      init: async () => describeRepository(await parts.init()),
      describe: async () => describeRepository(await parts.repository()),
      throttle: parts.throttle,
    },
    backups,
    restores,
    maintenance,
    copies,
    keys: createKeys(parts),
    async doctor(request) {
      const { examine } = await import('./engine/doctor.ts')
      return examine(parts, copies, request)
    },
    async status({ database, maxAgeSeconds = 26 * 3600, signal } = {}) {
      const list = await backups.list({ signal })
      const name = parts.connection(database).database
      return statusReport({
        database: name,
        backups: list.backups,
        damaged: list.damaged.length,
        copies: await copies.states({ signal }),
        scrub: await (await import('./engine/scrub-state.ts')).readScrubState(await parts.repository(), { signal }),
        now: new Date(),
        maxAgeSeconds,
      })
    },
    databases: () => parts.labels(),
    mediaFolders: () => parts.mediaFolders().map(({ name }) => name),
    maintenanceMode: mode,
    operations,
    start: () => operations.start(),
    async stop() {
      await operations.stop()
      await parts.close()
    },
  }
}

function describeRepository({ id, storage, config, fingerprint }: Repository): RepositoryDescription {
  const { format, encryption, created_at } = config
  return { id, location: storage.location, format, encryption, created_at, fingerprint }
}
