import { pathToFileURL } from 'node:url'
import { hashFile, matchFiles } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { loadTool, type Tool } from './load-tool.ts'
import { rollBackTool, runTool, type ToolConnection, type ToolDoors } from './tool-run.ts'

/** The options of `typeOrmInspector`. */
export interface TypeOrmInspectorOptions {
  /**
   * The options of the application's `DataSource`: `migrations` (classes, or patterns of files), `migrationsTableName`,
   * `schema`, `entities`, ... Its connection is always the copy's, and `synchronize`, `dropSchema` and `migrationsRun` are
   * off there.
   */
  dataSource: Readonly<Record<string, unknown>>
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `typeorm`. */
  name?: string
}

type MigrationClass = new () => { name?: string; up?: unknown; down?: unknown }

const tool: Tool = { name: 'typeorm', majors: [0, 1] }

/** Migrations of TypeORM. Their names are those of their classes, so a build that shortens class names breaks them. */
export function createTypeOrmInspector(options: TypeOrmInspectorOptions, doors: ToolDoors): MigrationInspector {
  const { name = 'typeorm', dataSource } = options
  const table = typeof dataSource.migrationsTableName === 'string' ? dataSource.migrationsTableName : 'migrations'
  const schema = typeof dataSource.schema === 'string' ? dataSource.schema : 'public'

  async function withDataSource(
    connection: ToolConnection,
    classes: MigrationClass[],
    work: (opened: DataSource) => Promise<unknown>,
  ) {
    const { DataSource } = await loadTool(tool, () => import('typeorm'))
    const { application_name: applicationName, user: username, ...where } = connection
    const { url: _, replication: __, ...own } = dataSource
    const opened = new DataSource({
      ...own,
      ...where,
      username,
      applicationName,
      type: 'postgres',
      migrations: classes,
      subscribers: [],
      synchronize: false,
      dropSchema: false,
      migrationsRun: false,
    } as never)
    await opened.initialize()
    try {
      await work(opened as unknown as DataSource)
    } finally {
      await opened.destroy()
    }
  }

  const inspector: MigrationInspector = {
    name,
    ledgerTables: [`${schema}.${table}`],
    order: 'any',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const columns = ['id', 'timestamp', 'name'] as const
      const rows = await readLedgerRows(query, { schema, table }, { columns, order: ['id'] })
      return (rows ?? []).map((row) => ({ id: row.name ?? '' }))
    },
    known: async () => (await migrationsOf(dataSource.migrations)).map(({ migration }) => migration),
    forget: forgetRow({ schema, table }, 'name'),
    migrate: (run) =>
      runTool({ inspector, doors }, run, async (connection) => {
        const found = await migrationsOf(dataSource.migrations)
        const end =
          run.to === undefined ? found.length : found.findIndex(({ migration }) => migration.id === run.to) + 1
        if (end === 0 && run.to !== undefined) throw new Error(`there is no migration ${run.to}`)
        const classes = found.slice(0, end).map(({ of }) => of)
        const transaction = dataSource.migrationsTransactionMode ?? 'all'
        await withDataSource(connection, classes, (opened) => opened.runMigrations({ transaction }))
      }),
    rollback: (run) =>
      rollBackTool({ inspector, doors }, run, async (ids, connection) => {
        const classes = (await migrationsOf(dataSource.migrations)).map(({ of }) => of)
        await withDataSource(connection, classes, async (opened) => {
          // TypeORM reverts the newest row of its table, each time.
          for (const _ of ids) await opened.undoLastMigration({ transaction: 'each' })
        })
      }),
  }
  return inspector
}

interface DataSource {
  runMigrations(options: { transaction: unknown }): Promise<unknown>
  undoLastMigration(options: { transaction: string }): Promise<void>
}

/** Sorted as TypeORM does it: by the JavaScript time at the end of the name. */
async function migrationsOf(given: unknown): Promise<{ of: MigrationClass; migration: Migration }[]> {
  const list = Array.isArray(given) ? given : typeof given === 'object' && given !== null ? Object.values(given) : []
  const classes = list.filter(isMigrationClass).map((of) => ({ of, file: null as string | null }))
  for (const file of await matchFiles(list.filter((item) => typeof item === 'string'))) {
    const exported: unknown = await import(pathToFileURL(file).href)
    for (const of of new Set(exportsOf(exported))) if (isMigrationClass(of)) classes.push({ of, file })
  }
  const found = await Promise.all(
    classes.map(async ({ of, file }) => {
      const instance = new of()
      const migration: Migration = {
        id: instance.name ?? of.name,
        hasDown: typeof instance.down === 'function',
        ...(file === null ? {} : { sourceHash: await hashFile(file) }),
      }
      return { of, migration }
    }),
  )
  return found.sort((a, b) => timeOf(a.migration.id) - timeOf(b.migration.id))
}

/** Named exports, and those of a CommonJS module that came as its default. */
function exportsOf(module: unknown): unknown[] {
  if (typeof module !== 'object' || module === null) return []
  return Object.values(module).flatMap((value) =>
    typeof value === 'object' && value !== null ? [value, ...Object.values(value)] : [value],
  )
}

function isMigrationClass(value: unknown): value is MigrationClass {
  return typeof value === 'function' && typeof value.prototype?.up === 'function'
}

function timeOf(id: string): number {
  return Number.parseInt(id.slice(-13), 10) || 0
}
