import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { hashFile, matchFiles } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { rollBackTool, runTool, type ToolDoors } from './tool-run.ts'

/** The options of `umzugInspector`. */
export interface UmzugInspectorOptions {
  /**
   * The application's migrations as it hands them to Umzug: a pattern of files (`migrations/*.js`), or their list, whose
   * `name`s and `down`s are looked at.
   */
  migrations: string | readonly { name: string; down?: unknown }[]
  /**
   * Makes the application's Umzug on the copy, whose URL it gets, and says how to close it. Its storage must be a table
   * of that database: what lies in a file or elsewhere is not in the backup.
   */
  open(run: { databaseUrl: string; signal: AbortSignal }): OpenedUmzug | Promise<OpenedUmzug>
  /** Table of the storage; default `SequelizeMeta`. */
  table?: string
  /** Its schema; default `public`. */
  schema?: string
  /** Its column; default `name`. */
  column?: string
  /** The name Umzug gives a file, where a resolver changes it; default: the file's name with its extension. */
  nameOf?: (file: string) => string
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `umzug`. */
  name?: string
}

export interface OpenedUmzug {
  umzug: {
    up(options?: { to?: string }): Promise<unknown>
    down(options: { migrations: string[] }): Promise<unknown>
  }
  close(): Promise<unknown>
}

/**
 * Migrations of Umzug and of sequelize-cli. The ledger has names only: in which order they were applied is not known, and
 * a migration that fails half-way leaves its tables and no row.
 */
export function createUmzugInspector(options: UmzugInspectorOptions, doors: ToolDoors): MigrationInspector {
  const { name = 'umzug', schema = 'public', table = 'SequelizeMeta', column = 'name' } = options

  const inspector: MigrationInspector = {
    name,
    ledgerTables: [`${schema}.${table}`],
    order: 'any',
    transaction: 'none',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const rows = await readLedgerRows(query, { schema, table }, { columns: [column], order: [column] })
      return (rows ?? []).map((row) => ({ id: row[column] ?? '' })).sort(({ id: a }, { id: b }) => (a < b ? -1 : 1))
    },
    known: () => knownMigrations(options),
    forget: forgetRow({ schema, table }, column),
    migrate: (run) =>
      runTool({ inspector, doors }, run, async (_, databaseUrl) => {
        const { umzug, close } = await options.open({ databaseUrl, signal: run.signal })
        await umzug.up(run.to === undefined ? {} : { to: run.to }).finally(close)
      }),
    rollback: async (run) => {
      // Umzug deletes the row of a migration without a down step and leaves its tables.
      const down = await downSteps(options)
      const strict = {
        ...inspector,
        known: async () => (await inspector.known()).map((one) => ({ ...one, ...down.get(one.id) })),
      }
      await rollBackTool({ inspector: strict, doors }, run, async (ids, _, databaseUrl) => {
        const { umzug, close } = await options.open({ databaseUrl, signal: run.signal })
        await umzug.down({ migrations: ids }).finally(close)
      })
    },
  }
  return inspector
}

async function knownMigrations({ migrations, nameOf = path.basename }: UmzugInspectorOptions): Promise<Migration[]> {
  if (typeof migrations !== 'string') {
    return migrations.map(({ name: id, down }) => ({ id, hasDown: typeof down === 'function' }))
  }
  const files = await matchFiles([migrations])
  return Promise.all(files.map(async (file) => ({ id: nameOf(file), sourceHash: await hashFile(file) })))
}

/** Looked for in the modules themselves, and only for a way back: loading them runs them. */
async function downSteps({ migrations, nameOf = path.basename }: UmzugInspectorOptions) {
  const found = new Map<string, Pick<Migration, 'hasDown'>>()
  if (typeof migrations !== 'string') return found
  for (const file of await matchFiles([migrations])) {
    if (!/\.[cm]?[jt]s$/.test(file)) continue
    const module: { down?: unknown; default?: { down?: unknown } } = await import(pathToFileURL(file).href)
    found.set(nameOf(file), { hasDown: typeof (module.down ?? module.default?.down) === 'function' })
  }
  return found
}
