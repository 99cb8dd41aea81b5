import { EngineError, isEngineError } from '../errors.ts'
import type { Command, CommandRun } from '../postgres/run-command.ts'
import type { Migration, MigrationInspector, MigrationOrder } from './inspector.ts'
import { findLedger, quoteColumns } from './ledger-table.ts'

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
  /** Boolean column that is true only where the migration succeeded. Other rows are left out. */
  successColumn?: string
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

/** Runs a program from an array of arguments (postgres/run-command.ts). */
export type RunCommand = (command: Command, run: CommandRun) => Promise<void>

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
      const rows = await query<{ id: string; checksum: string | null; applied_at: string | null }>(
        `SELECT ${id}::text AS id,
                ${checksumColumn === undefined ? 'NULL' : checksum}::text AS checksum,
                ${appliedAtColumn === undefined ? 'NULL' : appliedAt}::text AS applied_at
         FROM ${ledger}
         WHERE ${id} IS NOT NULL ${successColumn === undefined ? '' : `AND ${success}`}
         ORDER BY ${order}, ${id}`,
      )
      return rows.map((row) => ({
        id: row.id,
        ...(row.checksum === null ? {} : { checksum: row.checksum }),
        ...(row.applied_at === null ? {} : { appliedAt: row.applied_at }),
      }))
    },
    async known() {
      const { known = [] } = options
      const list = typeof known === 'function' ? await known() : known
      return list.map((migration) => (typeof migration === 'string' ? { id: migration } : migration))
    },
    ...(command === undefined
      ? {}
      : {
          async migrate({ databaseUrl, signal, log }) {
            const redact = redactor(databaseUrl)
            const last: string[] = []
            const onLine = (line: string) => {
              const text = redact(line)
              last.push(text)
              if (last.length > 5) last.shift()
              log(text)
            }
            try {
              await runCommand({ ...command, env: { ...command.env, DATABASE_URL: databaseUrl } }, { signal, onLine })
            } catch (cause) {
              if (isEngineError(cause, 'ABORTED')) throw cause
              const reason = cause instanceof Error ? cause.message : String(cause)
              throw new EngineError('MIGRATION_FAILED', [`The migrations failed: ${reason}`, ...last].join('\n'), {
                cause,
                detail: { inspector: name },
              })
            }
          },
        }),
  }
}

/** Takes the database's URL and password out of what a program prints. */
function redactor(databaseUrl: string): (line: string) => string {
  // Not by URL: that refuses the form with an empty host, which names a unix socket.
  const password = /^[a-z]+:\/\/[^:@/]*:([^@]+)@/.exec(databaseUrl)?.[1]
  const secrets = password === undefined ? [databaseUrl] : [databaseUrl, password, decoded(password)]
  return (line) => secrets.reduce((text, secret) => text.replaceAll(secret, '***'), line)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
