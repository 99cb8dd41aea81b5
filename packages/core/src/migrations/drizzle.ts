import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Folder, folderPath, listFolder, sha256, sqlHash } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { loadTool, type Tool } from './load-tool.ts'
import { runTool, type ToolDoors } from './tool-run.ts'

/** The options of `drizzleInspector`. */
export interface DrizzleInspectorOptions {
  /** `out` of drizzle-kit: with `meta/_journal.json` (0.x), or a folder per migration (1.x). */
  migrations: Folder
  /** `migrationsTable`; default `__drizzle_migrations`. */
  table?: string
  /** `migrationsSchema`; default `drizzle`. */
  schema?: string
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `drizzle`. */
  name?: string
}

const tool: Tool = { name: 'drizzle-orm', majors: [0, 1] }

/** The parts of drizzle-orm that are used; another installed version of it can be handed in by a test. */
export interface Drizzle {
  drizzle(url: { connection: object }): { $client: { end(): Promise<void> } }
  migrate(database: unknown, config: object): Promise<unknown>
}

const installed = async (): Promise<Drizzle> => {
  const [{ drizzle }, { migrate }] = await loadTool(tool, () =>
    Promise.all([import('drizzle-orm/node-postgres'), import('drizzle-orm/node-postgres/migrator')]),
  )
  return { drizzle, migrate } as unknown as Drizzle
}

/**
 * Migrations of Drizzle, both ledgers: 0.x knows a migration by a time in milliseconds and runs only what is later than
 * the latest applied, so that one merged late never runs; 1.x knows it by name and runs whatever is missing. Drizzle has no
 * way back.
 */
export function createDrizzleInspector(
  options: DrizzleInspectorOptions,
  doors: ToolDoors,
  load: () => Promise<Drizzle> = installed,
): MigrationInspector {
  const { name = 'drizzle', schema = 'drizzle', table = '__drizzle_migrations' } = options
  const folder = folderPath(options.migrations)
  const journal = path.join(folder, 'meta', '_journal.json')
  const hasJournal = () => existsSync(journal)
  const inspector: MigrationInspector = {
    name,
    from: (other) => createDrizzleInspector({ ...options, migrations: other }, doors, load),
    ledgerTables: [`${schema}.${table}`],
    transaction: 'all',
    get order() {
      return hasJournal() ? ('strict' as const) : ('any' as const)
    },
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const columns = { columns: ['id', 'hash', 'created_at'], optional: ['name'], order: ['id'] } as const
      const rows = await readLedgerRows(query, { schema, table }, columns)
      return (rows ?? []).map(({ hash, created_at: at, name: folderName }) => ({
        id: hasJournal() || folderName === null ? (at ?? '') : folderName,
        ...(folderName === null ? {} : { label: folderName }),
        checksum: hash ?? '',
        aliases: aliasesOf(Number(at), hash ?? '', hasJournal()),
      }))
    },
    known: async () => (hasJournal() ? journalMigrations(folder, journal) : folderMigrations(folder)),
    async upStep(id) {
      const tag = hasJournal() ? (await inspector.known()).find((one) => one.id === id)?.label : undefined
      const file = hasJournal() ? `${tag}.sql` : path.join(id, 'migration.sql')
      return readFile(path.join(folder, file), 'utf8').catch(() => null)
    },
    forget: (query, id) => forgetRow({ schema, table }, hasJournal() ? 'created_at' : 'name')(query, id),
    migrate: (run) =>
      runTool({ inspector, doors }, run, async (connection) => {
        if (run.to !== undefined) throw new Error('Drizzle runs all that is pending, not up to a name')
        const { drizzle, migrate } = await load()
        const database = drizzle({ connection: { ...connection, max: 1 } })
        try {
          await migrate(database, { migrationsFolder: folder, migrationsTable: table, migrationsSchema: schema })
        } finally {
          await database.$client.end()
        }
      }),
  }
  return inspector
}

/** What Drizzle 1.x goes by where it takes over a ledger of 0.x: the second, then the text. */
function aliasesOf(milliseconds: number, hash: string, journal: boolean): string[] {
  return journal ? [] : [`second:${Math.floor(milliseconds / 1000)}`, `hash:${hash}`]
}

async function journalMigrations(folder: string, journal: string): Promise<Migration[]> {
  const { entries } = JSON.parse(await readFile(journal, 'utf8')) as { entries: { when: number; tag: string }[] }
  let latest = Number.NEGATIVE_INFINITY
  return Promise.all(
    entries.map(async ({ when, tag }) => {
      const warning =
        when > latest
          ? undefined
          : `${tag} is dated before the migration in front of it: where that one is applied, Drizzle never runs it. Give it a later "when" in _journal.json.`
      latest = Math.max(latest, when)
      const text = await readFile(path.join(folder, `${tag}.sql`), 'utf8')
      return {
        id: String(when),
        label: tag,
        checksum: sha256(text),
        sourceHash: sqlHash(text),
        hasDown: false,
        ...(warning === undefined ? {} : { warning }),
      }
    }),
  )
}

async function folderMigrations(folder: string): Promise<Migration[]> {
  const names = (await listFolder(folder, { directories: true })).sort((a, b) => a.localeCompare(b))
  const found = names.filter((name) => existsSync(path.join(folder, name, 'migration.sql')))
  return Promise.all(
    found.map(async (id) => {
      const text = await readFile(path.join(folder, id, 'migration.sql'), 'utf8')
      const checksum = sha256(text)
      const aliases = aliasesOf(secondOf(id) * 1000, checksum, false)
      return { id, checksum, aliases, sourceHash: sqlHash(text), hasDown: false }
    }),
  )
}

/** `20231114221320_name` as seconds since 1970. */
function secondOf(name: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(name)?.map(Number) ?? []
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000
}
