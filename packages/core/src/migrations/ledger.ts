import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector, MigrationOrder } from './inspector.ts'
import { type Command, migrateByCommand, type RunCommand } from './ledger-command.ts'
import { findLedger, quoteColumns } from './ledger-table.ts'

/** The options of `ledgerInspector`: the migrations table of any tool. */
export interface LedgerInspectorOptions {
  /** Unique among the inspectors of one engine; default: the table's name. */
  name?: string
  /** Table in which the tool keeps its history, e.g. `schema_migrations`. */
  table: string
  /** Its schema; default `public`. */
  schema?: string
  /** Column with what identifies a migration, e.g. `version`. Read as text. */
  idColumn: string
  /** Column by which the history is in order; default: `appliedAtColumn`, else `idColumn`. */
  orderColumn?: string
  /** Column with the tool's own checksum, where it keeps one. */
  checksumColumn?: string
  /** Column with the time it was applied. */
  appliedAtColumn?: string
  /** Boolean column that is true only where the migration succeeded. Other rows make the database `dirty`. */
  successColumn?: string
  /** Ids that may be in the table without a file. */
  retired?: readonly string[]
  /** The migrations the code knows, in order. Without it no comparison is possible: the verdict is `unknown`. */
  known?: KnownMigrations
  /** Whether the tool insists on order; default `any`. */
  order?: MigrationOrder
  /** The tool's command that runs what is missing. It finds the copy's URL in `DATABASE_URL`. */
  command?: Command
}

/** Ids or migrations in order, or a function that gives them. */
export type KnownMigrations = readonly (string | Migration)[] | (() => KnownList | Promise<KnownList>)
type KnownList = readonly (string | Migration)[]

/**
 * An inspector for any tool that keeps a table with one row per migration: say which table and column, and which
 * command migrates.
 */
export function createLedgerInspector(options: LedgerInspectorOptions, runCommand: RunCommand): MigrationInspector {
  const { schema = 'public', table, name = table, command } = options
  return {
    name,
    ledgerTables: [`${schema}.${table}`],
    order: options.order ?? 'any',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const ledger = await findLedger(query, { schema, table })
      if (ledger === null) return []
      const { idColumn, checksumColumn, appliedAtColumn, successColumn } = options
      const orderColumn = options.orderColumn ?? appliedAtColumn ?? idColumn
      const [id = '', order = '', checksum = '', appliedAt = '', success = ''] = await quoteColumns(query, [
        idColumn,
        orderColumn,
        checksumColumn ?? idColumn,
        appliedAtColumn ?? idColumn,
        successColumn ?? idColumn,
      ])
      const rows = await query<{
        id: string
        checksum: string | null
        applied_at: string | null
        finished: boolean | null
      }>(
        `SELECT ${id}::text AS id,
                ${checksumColumn === undefined ? 'NULL' : checksum}::text AS checksum,
                ${appliedAtColumn === undefined ? 'NULL' : appliedAt}::text AS applied_at,
                ${successColumn === undefined ? 'true' : success} AS finished
         FROM ${ledger}
         WHERE ${id} IS NOT NULL
         ORDER BY ${order}, ${id}`,
      )
      return rows.map((row) => ({
        id: row.id,
        ...(row.checksum === null ? {} : { checksum: row.checksum }),
        ...(row.applied_at === null ? {} : { appliedAt: row.applied_at }),
        ...(row.finished === true ? {} : { state: 'failed' as const }),
      }))
    },
    forget: forgetRow({ schema, table }, options.idColumn),
    async known() {
      const { known = [] } = options
      const list = typeof known === 'function' ? await known() : known
      return list.map((migration) => (typeof migration === 'string' ? { id: migration } : migration))
    },
    ...(command === undefined
      ? {}
      : {
          migrate: (run) => migrateByCommand({ name, command, urlVariables: ['DATABASE_URL'], runCommand }, run),
        }),
  }
}
