import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Folder, folderPath, listFolder, sha256, sqlHash } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector } from './inspector.ts'
import { type Command, migrateByCommand, type RunCommand } from './ledger-command.ts'
import { hasTables, readLedgerRows } from './ledger-rows.ts'

/** The options of `prismaInspector`. */
export interface PrismaInspectorOptions {
  /** Folder with a folder per migration; default `prisma/migrations`. */
  migrations?: Folder
  /** Schema of `_prisma_migrations`; default `public`. */
  schema?: string
  /** What runs pending migrations; default `npx --no-install prisma migrate deploy`. */
  command?: Command
  /**
   * Variables that the command finds the copy's URL in; default `DATABASE_URL` and `DIRECT_URL`. Name all that the
   * datasource reads: Prisma takes from `.env` what is not set, and up to version 6 a `directUrl` wins.
   */
  urlVariables?: readonly string[]
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `prisma`. */
  name?: string
}

const ledgerTable = '_prisma_migrations'

/**
 * Migrations of Prisma. `migrate status` and `migrate deploy` say "up to date" of an edited migration and of a database
 * that is ahead; the verdict here does not. There is no way back.
 */
export function createPrismaInspector(options: PrismaInspectorOptions, runCommand: RunCommand): MigrationInspector {
  const { name = 'prisma', schema = 'public', urlVariables = ['DATABASE_URL', 'DIRECT_URL'] } = options
  const folder = folderPath(options.migrations ?? 'prisma/migrations')
  const command = options.command ?? { file: 'npx', args: ['--no-install', 'prisma', 'migrate', 'deploy'] }
  return {
    name,
    ledgerTables: [`${schema}.${ledgerTable}`],
    order: 'any',
    transaction: 'each',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const rows = await readLedgerRows(
        query,
        { schema, table: ledgerTable },
        {
          columns: ['migration_name', 'checksum', 'finished_at', 'rolled_back_at', 'started_at'],
          order: ['started_at', 'migration_name'],
        },
      )
      // P3005: Prisma does not touch tables that it has no history of.
      if (rows === null) return (await hasTables(query, schema, [])) ? null : []
      return newestRows(rows.filter((row) => row.rolled_back_at === null)).map((row) => ({
        id: row.migration_name ?? '',
        checksum: row.checksum ?? '',
        ...(row.finished_at === null ? { state: 'failed' as const } : { appliedAt: row.finished_at }),
      }))
    },
    known: async () => {
      const names = (await listFolder(folder, { directories: true })).sort()
      const found = names.filter((id) => existsSync(path.join(folder, id, 'migration.sql')))
      return Promise.all(found.map((id) => describeMigration(folder, id)))
    },
    upStep: (id) => readFile(path.join(folder, id, 'migration.sql'), 'utf8').catch(() => null),
    forget: forgetRow({ schema, table: ledgerTable }, 'migration_name'),
    migrate: (run) => migrateByCommand({ name, command, urlVariables, runCommand }, run),
  }
}

/** A name has a row per try; what counts is the newest, in the place of its last. */
function newestRows<Row extends { migration_name: string | null }>(rows: readonly Row[]): Row[] {
  const newest = new Map<string | null, Row>()
  for (const row of rows) {
    newest.delete(row.migration_name)
    newest.set(row.migration_name, row)
  }
  return [...newest.values()]
}

/** The checksum is that of the bytes as they lay there, so line ends that git changed give another. */
async function describeMigration(folder: string, id: string): Promise<Migration> {
  const bytes = await readFile(path.join(folder, id, 'migration.sql'))
  const text = bytes.toString('utf8')
  const lines = text.replaceAll('\r\n', '\n')
  return {
    id,
    checksum: sha256(bytes),
    equalChecksums: [sha256(lines), sha256(lines.replaceAll('\n', '\r\n'))],
    sourceHash: sqlHash(text),
    hasDown: false,
  }
}
