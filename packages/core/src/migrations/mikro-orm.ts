import { existsSync } from 'node:fs'
import path from 'node:path'
import { hashFile, listFolder } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { installedVersion, loadTool, type Tool } from './load-tool.ts'
import { rollBackTool, runTool, type ToolConnection, type ToolDoors } from './tool-run.ts'

/** The options of `mikroOrmInspector`. */
export interface MikroOrmInspectorOptions {
  /**
   * The options of `MikroORM.init`: `migrations` (`path`, `pathTs`, `migrationsList`, `tableName`), `schema`, `entities`,
   * ... Its connection is always the copy's; `ensureDatabase` and the snapshot file are off there.
   */
  orm: Readonly<Record<string, unknown>> & { migrations?: MikroMigrations }
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `mikro-orm`. */
  name?: string
}

export type MikroMigrations = Readonly<{
  path?: string
  pathTs?: string
  tableName?: string
  migrationsList?: readonly (MikroMigrationClass | { name: string; class: MikroMigrationClass })[]
}> &
  Readonly<Record<string, unknown>>
type MikroMigrationClass = abstract new (...parameters: never[]) => unknown

const tool: Tool = { name: '@mikro-orm/migrations', majors: [6, 7] }
const driver: Tool = { name: '@mikro-orm/postgresql', majors: [6, 7] }

/** Migrations of MikroORM. Its own lists create databases and tables, and its runs write beside the sources: not here. */
export function createMikroOrmInspector(options: MikroOrmInspectorOptions, doors: ToolDoors): MigrationInspector {
  const { name = 'mikro-orm', orm } = options
  const migrations: MikroMigrations = orm.migrations ?? {}
  const { schema, table } = ledgerOf(orm, migrations)

  async function withMigrator(connection: ToolConnection, work: (migrator: MikroMigrator) => Promise<unknown>) {
    const { MikroORM } = await loadTool(driver, () => import('@mikro-orm/postgresql'))
    const { Migrator } = await loadTool(tool, () => import('@mikro-orm/migrations'))
    const { database: dbName, host, port, user, password, ssl, application_name } = connection
    const { clientUrl: _, replicas: __, ...own } = orm
    const settings = { application_name, ...(ssl ? { ssl } : {}) }
    const folder = migrationFolder(migrations)
    const opened = await MikroORM.init({
      ...own,
      extensions: [...(Array.isArray(own.extensions) ? own.extensions : []), Migrator],
      ...{ dbName, host, port, user, password },
      // Version 7 hands these to node-postgres as they are, version 6 what is under `connection`.
      driverOptions: installedVersion(driver.name)?.startsWith('6.') ? { connection: settings } : settings,
      ensureDatabase: false,
      migrations: {
        ...migrations,
        ...(folder === null ? {} : { path: folder, pathTs: folder }),
        snapshot: false,
        disableForeignKeys: migrations.disableForeignKeys ?? false,
      },
    } as never)
    try {
      // A property since version 7, a method before.
      const { migrator, getMigrator } = opened as unknown as { migrator?: MikroMigrator; getMigrator?(): MikroMigrator }
      const found = migrator ?? getMigrator?.call(opened)
      if (!found) throw new Error('this MikroORM has no migrator')
      await work(found)
    } finally {
      await opened.close(true)
    }
  }

  const inspector: MigrationInspector = {
    name,
    ledgerTables: [`${schema}.${table}`],
    order: 'any',
    transaction: 'all',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const columns = ['id', 'name', 'executed_at'] as const
      // All rows of one run have the same time: their order is that of the ids.
      const rows = await readLedgerRows(query, { schema, table }, { columns, order: ['id'] })
      return (rows ?? []).map(({ name: id, executed_at: at }) => ({
        id: plain(id ?? ''),
        ...(at === null ? {} : { appliedAt: at }),
      }))
    },
    known: () => knownMigrations(migrations),
    forget: forgetRow({ schema, table }, 'name', (id) => [id, `${id}.js`, `${id}.ts`]),
    migrate: (run) =>
      runTool({ inspector, doors }, run, async (connection) => {
        const { to } = run
        // MikroORM runs everything where it does not know the name.
        const known = to === undefined || (await inspector.known()).some(({ id }) => id === to)
        if (!known) throw new Error(`there is no migration ${to}`)
        await withMigrator(connection, (migrator) => migrator.up(to === undefined ? {} : { to }))
      }),
    rollback: (run) =>
      rollBackTool({ inspector, doors }, run, (ids, connection) =>
        withMigrator(connection, async (migrator) => {
          for (const id of ids) await migrator.down({ migrations: [id] })
        }),
      ),
  }
  return inspector
}

interface MikroMigrator {
  up(options: { to?: string }): Promise<unknown>
  down(options: { migrations: string[] }): Promise<unknown>
}

/** `tableName` may say the schema; else it is the one of the migrations, then that of the application. */
function ledgerOf(orm: Readonly<Record<string, unknown>>, migrations: MikroMigrations) {
  const [left = '', right] = (migrations.tableName ?? 'mikro_orm_migrations').split('.')
  if (right !== undefined) return { schema: left, table: right }
  const schema = [migrations.schema, orm.schema].find((value) => typeof value === 'string')
  return { schema: typeof schema === 'string' ? schema : 'public', table: left }
}

/** Old rows have an extension, which the tool itself takes no notice of. */
function plain(name: string): string {
  return name.replace(/\.[jt]s$/, '')
}

async function knownMigrations(migrations: MikroMigrations): Promise<Migration[]> {
  if (migrations.migrationsList) {
    return migrations.migrationsList.map((item) => {
      const { id, of } = 'class' in item ? { id: item.name, of: item.class } : { id: item.name, of: item }
      return { id: plain(id), hasDown: hasOwnDown(of) }
    })
  }
  const folder = migrationFolder(migrations)
  if (folder === null) return []
  const files = (await listFolder(folder)).filter((file) => /\.(?:js|cjs|ts)$/.test(file) && !file.endsWith('.d.ts'))
  return Promise.all(
    files.sort().map(async (file) => ({
      id: file.replace(/\.(?:js|cjs|ts)$/, ''),
      sourceHash: await hashFile(path.join(folder, file)),
    })),
  )
}

/** `path` is of what was built; where it is not there, the sources run as they are. */
function migrationFolder({ path: built, pathTs: source }: MikroMigrations): string | null {
  const found = [built, source].find((folder) => folder !== undefined && existsSync(folder)) ?? built ?? source
  return found === undefined ? null : path.resolve(found)
}

/** The base class has a `down` that throws. */
function hasOwnDown(of: MikroMigrationClass): boolean {
  for (let prototype = of.prototype; prototype; prototype = Object.getPrototypeOf(prototype)) {
    if (Object.hasOwn(prototype, 'down')) return !String(prototype.down).includes('cannot be reverted')
  }
  return false
}
