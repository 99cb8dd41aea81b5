/** The inspectors as a host uses them: each gets the doors to other libraries that it needs. */

import type { MigrationInspector } from './migrations/inspector.ts'
import { createKyselyInspector, type KyselyInspectorOptions } from './migrations/kysely.ts'
import { createLedgerInspector, type LedgerInspectorOptions } from './migrations/ledger.ts'
import { runCommand } from './postgres/run-command.ts'

/**
 * For applications that migrate with Kysely's `Migrator`.
 *
 * @example
 * createBackupEngine({ migrations: [kyselyInspector({ migrations: new URL('./migrations/', import.meta.url) })] })
 */
export function kyselyInspector(options: KyselyInspectorOptions): MigrationInspector {
  return createKyselyInspector(options, async (...pool) => {
    const { openConnectionPool } = await import('./postgres/connection-pool.ts')
    return openConnectionPool(...pool)
  })
}

/**
 * For every other tool that keeps a table of what it has applied and has a command that migrates.
 *
 * @example
 * ledgerInspector({
 *   table: 'schema_migrations',
 *   idColumn: 'version',
 *   known: () => readVersions('./db/migrations'),
 *   command: { file: 'dbmate', args: ['up'] },
 * })
 */
export function ledgerInspector(options: LedgerInspectorOptions): MigrationInspector {
  return createLedgerInspector(options, runCommand)
}
