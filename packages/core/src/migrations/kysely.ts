import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Kysely, PostgresPool } from 'kysely'
import type { Migration as KyselyMigration, MigrationProvider, Migrator } from 'kysely/migration'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { hashFile } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector, MigrationRun } from './inspector.ts'
import { findLedger } from './ledger-table.ts'
import { rollBackTool, type ToolDoors } from './tool-run.ts'

/** The options of `kyselyInspector`. */
export interface KyselyInspectorOptions {
  /** Where the migrations are: a folder (path or file URL), a record of them by name, or Kysely's own provider. */
  migrations: string | URL | Readonly<Record<string, KyselyMigration>> | MigrationProvider
  /**
   * Makes the migrator, where the application sets more than the options below (plugins, another lock table).
   * It is handed a database that belongs to the copy and is closed by the engine.
   */
  migrator?: (database: Kysely<unknown>, provider: MigrationProvider) => Pick<Migrator, 'migrateToLatest' | 'migrateTo'>
  /** Table in which Kysely keeps its history; default `kysely_migration`. */
  table?: string
  /** Table of Kysely's lock; default `kysely_migration_lock`. */
  lockTable?: string
  /** Schema of both; default `public`. */
  schema?: string
  /** The migrator's `allowUnorderedMigrations`; default false. */
  allowUnordered?: boolean
  /** Unique among the inspectors of one engine; default `kysely`. */
  name?: string
}

/** Lends a pool on a database, and ends its backends when the signal fires: postgres/connection-pool.ts. */
export type OpenPool = (
  databaseUrl: string,
  options: { application: string; signal: AbortSignal },
) => Promise<LentPool> | LentPool
interface LentPool {
  pool: PostgresPool
  close(): Promise<void>
}

/** Some 250 modules, which only who migrates needs: an engine that makes backups starts without them. */
const loadKysely = () => Promise.all([import('kysely'), import('kysely/migration')])

/**
 * Reads and runs the migrations of an application that uses Kysely's `Migrator`.
 *
 * Forward and backward runs happen on the copy, in one transaction, as Kysely does it. A failing one leaves the copy
 * as it was and throws `MIGRATION_FAILED` with the migration's name.
 */
export function createKyselyInspector(
  options: KyselyInspectorOptions,
  openPool: OpenPool,
  doors: ToolDoors,
): MigrationInspector {
  const {
    name = 'kysely',
    schema = 'public',
    table = 'kysely_migration',
    lockTable = 'kysely_migration_lock',
  } = options
  const source = migrationSource(options.migrations)
  const settings = {
    migrationTableName: table,
    migrationLockTableName: lockTable,
    // Kysely creates every schema it is configured with, which a role without CREATE on the database cannot.
    ...(schema === 'public' ? {} : { migrationTableSchema: schema }),
    allowUnorderedMigrations: options.allowUnordered ?? false,
  }

  async function run(
    { databaseUrl, signal, log }: MigrationRun,
    work: (migrator: Pick<Migrator, 'migrateToLatest' | 'migrateTo'>) => ReturnType<Migrator['migrateToLatest']>,
  ): Promise<void> {
    throwIfAborted(signal)
    const [{ Kysely, PostgresDialect }, { Migrator }] = await loadKysely()
    const { pool, close } = await openPool(databaseUrl, { application: `migrate (${name})`, signal })
    const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    try {
      const provider = announced(source.provider, signal, log)
      const migrator = options.migrator?.(database, provider) ?? new Migrator({ db: database, provider, ...settings })
      const { error, results } = await work(migrator)
      throwIfAborted(signal)
      if (error === undefined) return
      if (isEngineError(error)) throw error
      const failed = results?.find(({ status }) => status === 'Error')?.migrationName
      throw new EngineError(
        'MIGRATION_FAILED',
        `${failed === undefined ? 'The migrations' : `Migration ${failed}`} failed: ${messageOf(error)}`,
        { cause: error, detail: { inspector: name, ...(failed === undefined ? {} : { migration: failed }) } },
      )
    } finally {
      await close()
    }
  }

  const inspector: MigrationInspector = {
    name,
    from: (folder) => createKyselyInspector({ ...options, migrations: folder }, openPool, doors),
    ledgerTables: [`${schema}.${table}`, `${schema}.${lockTable}`],
    order: options.allowUnordered ? 'any' : 'strict',
    transaction: 'all',
    async applied(query) {
      const ledger = await findLedger(query, { schema, table })
      if (ledger === null) return []
      const rows = await query<{ name: string; timestamp: string }>(
        `SELECT name::text AS name, "timestamp"::text AS "timestamp" FROM ${ledger}`,
      )
      // Kysely's own order: by time, then by name the way localeCompare has it.
      return rows
        .toSorted((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp) || a.name.localeCompare(b.name))
        .map((row): Migration => ({ id: row.name, appliedAt: row.timestamp }))
    },
    known: source.known,
    forget: forgetRow({ schema, table }, 'name'),
    migrate: (migration) =>
      run(migration, (migrator) =>
        migration.to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(migration.to),
      ),
    // Kysely passes over a migration without a down step in silence, so all of them are looked at first.
    rollback: (migration) =>
      rollBackTool({ inspector, doors }, migration, async () => {
        const { NO_MIGRATIONS } = await import('kysely/migration')
        await run({ ...migration, log: () => {} }, (migrator) => migrator.migrateTo(migration.to ?? NO_MIGRATIONS))
      }),
  }
  return inspector
}

interface MigrationSource {
  provider: MigrationProvider
  known(): Promise<Migration[]>
}

function migrationSource(migrations: KyselyInspectorOptions['migrations']): MigrationSource {
  if (typeof migrations === 'string' || migrations instanceof URL) return folderSource(migrations)
  const provider = isProvider(migrations) ? migrations : { getMigrations: async () => ({ ...migrations }) }
  const known = async () => {
    const found = await provider.getMigrations()
    return idsInOrder(found).map((id) => ({ id, hasDown: hasDown(found[id]) }))
  }
  return { provider, known }
}

function folderSource(location: string | URL): MigrationSource {
  const folder = path.resolve(location instanceof URL ? fileURLToPath(location) : location)
  const provider: MigrationProvider = {
    async getMigrations() {
      const { FileMigrationProvider } = await import('kysely/migration')
      return new FileMigrationProvider({
        fs: { readdir: async (directory) => readdir(directory) },
        path,
        migrationFolder: folder,
        import: (file) => import(pathToFileURL(file).href),
      }).getMigrations()
    },
  }
  const known = async (): Promise<Migration[]> => {
    const files = new Map<string, string>()
    try {
      for (const file of await readdir(folder)) files.set(path.parse(file).name, file)
      const found = await provider.getMigrations()
      return await Promise.all(
        idsInOrder(found).map(async (id) => ({
          id,
          sourceHash: await hashFile(path.join(folder, files.get(id) ?? id)),
          hasDown: hasDown(found[id]),
        })),
      )
    } catch (cause) {
      throw new EngineError('CONFIG_INVALID', `The migrations in ${folder} cannot be read: ${messageOf(cause)}`, {
        cause,
      })
    }
  }
  return { provider, known }
}

/** Logs each migration as it begins, and begins none after the signal has fired. */
function announced(provider: MigrationProvider, signal: AbortSignal, log: (message: string) => void) {
  const step =
    (text: string, work: KyselyMigration['up']): KyselyMigration['up'] =>
    async (database) => {
      throwIfAborted(signal)
      log(text)
      await work(database)
    }
  return {
    async getMigrations() {
      const announcedMigrations: Record<string, KyselyMigration> = {}
      for (const [id, migration] of Object.entries(await provider.getMigrations())) {
        const down = migration.down?.bind(migration)
        announcedMigrations[id] = {
          up: step(`Migration ${id}`, (database) => migration.up(database)),
          ...(down ? { down: step(`Migration ${id}, back`, down) } : {}),
        }
      }
      return announcedMigrations
    },
  }
}

function isProvider(value: object): value is MigrationProvider {
  return 'getMigrations' in value && typeof value.getMigrations === 'function'
}

function hasDown(migration: KyselyMigration | undefined): boolean {
  return typeof migration?.down === 'function'
}

/** Kysely sorts by code unit, not by locale. */
function idsInOrder(migrations: Record<string, unknown>): string[] {
  return Object.keys(migrations).sort()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
