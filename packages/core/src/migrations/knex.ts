import path from 'node:path'
import { type Folder, folderPath, hashFile, listFolder } from './files.ts'
import { forgetRow } from './forget-row.ts'
import { withoutExtension } from './hints.ts'
import type { Migration, MigrationInspector, MigrationRun } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { findLedger } from './ledger-table.ts'
import { loadTool, type Tool } from './load-tool.ts'
import { rollBackTool, runTool, type ToolConnection, type ToolDoors } from './tool-run.ts'

/** The options of `knexInspector`. */
export interface KnexInspectorOptions {
  /** Folder or folders of migrations (`migrations.directory`), or Knex's own `migrationSource`. */
  migrations: Folder | readonly Folder[] | KnexMigrationSource
  /** Table in which Knex keeps its history; default `knex_migrations`. Its lock is `<table>_lock`. */
  table?: string
  /** Its schema; default `public`. */
  schema?: string
  /** File extensions that count (`loadExtensions`); default: Knex's own. */
  extensions?: readonly string[]
  /** `sortDirsSeparately` of Knex. */
  sortDirsSeparately?: boolean
  /** Compare names without `.ts` and `.js`: for histories made by source and read by a build, or the reverse. */
  stripExtension?: boolean
  /** More of Knex's configuration (`searchPath`, `pool`, ...). Its connection is always the copy's. */
  config?: Readonly<Record<string, unknown>>
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `knex`. */
  name?: string
}

/** Knex's `MigrationSource`, as far as it is used here. */
export interface KnexMigrationSource {
  getMigrations(loadExtensions: readonly string[]): Promise<unknown[]>
  getMigrationName(migration: never): string
  getMigration(migration: never): unknown
}

const tool: Tool = { name: 'knex', majors: [2, 3] }
const defaultExtensions = ['.co', '.coffee', '.eg', '.iced', '.js', '.cjs', '.litcoffee', '.ls', '.ts']

/** Migrations of Knex. Runs happen on the copy, through Knex's own API. */
export function createKnexInspector(options: KnexInspectorOptions, doors: ToolDoors): MigrationInspector {
  const { name = 'knex', schema = 'public', table = 'knex_migrations', extensions = defaultExtensions } = options
  const source = options.migrations
  const folders = isSource(source) ? [] : (Array.isArray(source) ? source : [source as Folder]).map(folderPath)
  const lockTable = `${table}_lock`

  async function withKnex(connection: ToolConnection, work: (migrator: KnexMigrator) => Promise<unknown>) {
    // Node finds no other export in it: it is CommonJS.
    const { default: knex } = await loadTool(tool, () => import('knex'))
    const database = knex({
      ...options.config,
      client: 'pg',
      connection,
      pool: { min: 0, max: 2 },
      migrations: {
        tableName: table,
        ...(schema === 'public' ? {} : { schemaName: schema }),
        loadExtensions: extensions,
        sortDirsSeparately: options.sortDirsSeparately ?? false,
        ...(isSource(source) ? { migrationSource: source } : { directory: folders }),
        // Knex refuses a ledger that is ahead of the code, which is right.
        disableMigrationsListValidation: false,
      } as object,
    })
    try {
      await work(database.migrate as unknown as KnexMigrator)
    } finally {
      await database.destroy()
    }
  }

  const inspector: MigrationInspector = {
    name,
    from: (other) => createKnexInspector({ ...options, migrations: other }, doors),
    ledgerTables: [`${schema}.${table}`, `${schema}.${lockTable}`],
    order: 'any',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const columns = ['id', 'name', 'migration_time'] as const
      const rows = await readLedgerRows(query, { schema, table }, { columns, order: ['id'] })
      return (rows ?? []).map(({ name: id, migration_time: at }) => ({
        id: id ?? '',
        ...(options.stripExtension ? { aliases: [withoutExtension(id ?? '')] } : {}),
        ...(at === null ? {} : { appliedAt: at }),
      }))
    },
    async known() {
      const found = isSource(source) ? await namesOf(source, extensions) : await filesIn(folders, options, extensions)
      return found.map((migration) => ({
        ...migration,
        // Knex demands both steps of every migration, whatever it runs.
        hasDown: true,
        ...(options.stripExtension ? { aliases: [withoutExtension(migration.id)] } : {}),
      }))
    },
    forget: forgetRow({ schema, table }, 'name'),
    async clearLocks(query) {
      const lock = await findLedger(query, { schema, table: lockTable })
      if (lock === null) return []
      const held = await query(`UPDATE ${lock} SET is_locked = 0 WHERE is_locked <> 0 RETURNING 1`)
      return held.length > 0 ? [`the lock that a crashed run left in ${schema}.${lockTable} was removed`] : []
    },
    migrate: (run) =>
      runTool({ inspector, doors }, run, (connection) =>
        withKnex(connection, (migrator) => forward(migrator, inspector, run)),
      ),
    rollback: (run) =>
      rollBackTool({ inspector, doors }, run, (ids, connection) =>
        withKnex(connection, async (migrator) => {
          for (const id of ids) await migrator.down({ name: id })
        }),
      ),
  }
  return inspector
}

interface KnexMigrator {
  latest(): Promise<unknown>
  up(options: { name: string }): Promise<unknown>
  down(options: { name: string }): Promise<unknown>
}

/** All of it as one batch; up to a name one by one, which every version of Knex can. */
async function forward(migrator: KnexMigrator, inspector: MigrationInspector, { to }: MigrationRun & { to?: string }) {
  if (to === undefined) return migrator.latest()
  const known = (await inspector.known()).map(({ id }) => id)
  if (!known.includes(to)) throw new Error(`there is no migration ${to}`)
  // Does nothing where one is applied already.
  for (const id of known.slice(0, known.indexOf(to) + 1)) await migrator.up({ name: id })
  return undefined
}

function isSource(source: KnexInspectorOptions['migrations']): source is KnexMigrationSource {
  return typeof source === 'object' && 'getMigrations' in source
}

async function namesOf(source: KnexMigrationSource, extensions: readonly string[]): Promise<Migration[]> {
  const migrations = await source.getMigrations(extensions)
  return migrations.map((migration) => ({ id: source.getMigrationName(migration as never) }))
}

/** By file name over all folders, as Knex sorts them, unless folders are to be kept apart. */
async function filesIn(
  folders: readonly string[],
  { sortDirsSeparately }: KnexInspectorOptions,
  extensions: readonly string[],
): Promise<Migration[]> {
  const found: { folder: string; file: string }[] = []
  for (const folder of folders) {
    const files = (await listFolder(folder)).filter((file) => extensions.includes(path.extname(file))).sort()
    found.push(...files.map((file) => ({ folder, file })))
  }
  if (!sortDirsSeparately) found.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
  return Promise.all(
    found.map(async ({ folder, file }) => ({ id: file, sourceHash: await hashFile(path.join(folder, file)) })),
  )
}
