import type { Query } from '../../postgres/query.ts'
import { type Folder, folderPath } from '../files.ts'
import { forgetRow } from '../forget-row.ts'
import type { LedgerShape, Migration, MigrationInspector, MigrationOrder } from '../inspector.ts'
import type { KnownMigrations } from '../ledger.ts'
import { type Command, migrateByCommand, type RunCommand } from '../ledger-command.ts'
import type { LedgerTable } from '../ledger-table.ts'
import type { ConnectionParts } from '../tool-run.ts'

/** What is known of a tool outside of Node: its table, its files and its command. */
export interface Preset {
  table: string
  /** Default `public`. */
  schema?: string
  order: MigrationOrder
  shape?: LedgerShape
  /** Where its migrations lie in most projects, if they can be read from files. */
  folder?: string
  /** `known` is what the files say, for ledgers that cannot be understood without (Flyway's baseline). */
  applied(query: Query, ledger: LedgerTable, known: () => Promise<Migration[]>): Promise<Migration[]>
  /** Absent: the migrations cannot be read from files, and have to be given. */
  known?(folder: string): Promise<Migration[]>
  clearLocks?(query: Query, ledger: LedgerTable): Promise<string[]>
  /** Column with the ids, where a row is deleted once its migration is taken back. */
  idColumn?: string
  /** The SQL of a migration, where the files have it. */
  upStep?(folder: string, id: string): Promise<string | null>
  /** The SQL of a down step, where the files have it. */
  downStep?(folder: string, id: string): Promise<string | null>
  /** Its command as most projects have it, on the database of these parts and this URL. */
  command(target: ConnectionParts & { databaseUrl: string; folder: string }): Command
}

/** The options of a preset of `ledgerInspector`; the tool says the rest. */
export interface PresetOptions {
  /** Folder of the migrations; default: where the tool's projects have them. */
  migrations?: Folder
  /** The migrations instead of a folder: ids in order, or a function that gives them. */
  known?: KnownMigrations
  table?: string
  schema?: string
  order?: MigrationOrder
  /** `true`: the tool's command as most projects have it; or the project's own, which finds the URL in `DATABASE_URL`. */
  command?: true | Command
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default: the preset's. */
  name?: string
}

export interface PresetDoors {
  runCommand: RunCommand
  parts(databaseUrl: string): Promise<ConnectionParts>
}

export function createPresetInspector(
  preset: Preset,
  options: PresetOptions & { name: string },
  doors: PresetDoors,
): MigrationInspector {
  const { name, table = preset.table, schema = preset.schema ?? 'public', command } = options
  const folder = folderPath(options.migrations ?? preset.folder ?? '.')
  const ledger = { schema, table }
  const known = async () => {
    if (options.known !== undefined) return listOf(options.known)
    return preset.known ? preset.known(folder) : []
  }
  const { clearLocks: clear, idColumn, upStep, downStep } = preset
  return {
    name,
    ledgerTables: [`${schema}.${table}`],
    order: options.order ?? preset.order,
    ...(preset.shape ? { shape: preset.shape } : {}),
    ...(options.retired ? { retired: options.retired } : {}),
    applied: (query) => preset.applied(query, ledger, known),
    known,
    ...(clear ? { clearLocks: (query: Query) => clear(query, ledger) } : {}),
    ...(idColumn === undefined ? {} : { forget: forgetRow(ledger, idColumn) }),
    ...(upStep === undefined ? {} : { upStep: (id: string) => upStep(folder, id) }),
    ...(downStep === undefined ? {} : { downStep: (id: string) => downStep(folder, id) }),
    ...(command === undefined
      ? {}
      : {
          migrate: async (run) => {
            const { databaseUrl } = run
            const how =
              command === true ? preset.command({ ...(await doors.parts(databaseUrl)), databaseUrl, folder }) : command
            const { runCommand } = doors
            await migrateByCommand({ name, command: how, urlVariables: ['DATABASE_URL'], runCommand }, run)
          },
        }),
  }
}

async function listOf(known: KnownMigrations): Promise<Migration[]> {
  const list = typeof known === 'function' ? await known() : known
  return list.map((migration) => (typeof migration === 'string' ? { id: migration } : migration))
}

/** A version as a number is written, without leading zeros. */
export function plainNumber(digits: string): string {
  return String(BigInt(digits))
}

export function byNumber({ id: a }: Migration, { id: b }: Migration): number {
  const [left, right] = [BigInt(a), BigInt(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
