import { log, type Reporter } from '../events.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Query } from '../postgres/query.ts'
import type { Manifest } from '../repository/documents.ts'

/** The part of a manifest that says which migrations the database had seen and which the code knew. */
export type MigrationState = Pick<Manifest, 'migrations' | 'migration_state'>

/**
 * Asks each inspector under the exported snapshot. An inspector that fails costs its own entry and a warning, not the
 * backup: a backup whose migration state is unknown is better than none, and a restore says so.
 *
 * `query` must be inside a transaction; a failing statement of an inspector is rolled back to where it began.
 */
export async function readMigrationState(
  inspectors: readonly MigrationInspector[],
  query: Query,
  report?: Reporter,
): Promise<MigrationState> {
  const state: MigrationState = { migrations: [], migration_state: {} }
  for (const inspector of inspectors) {
    await query('SAVEPOINT inspector')
    try {
      const applied = await inspector.applied(query)
      const known = await inspector.known()
      state.migrations.push({
        inspector: inspector.name,
        ledger_tables: [...inspector.ledgerTables],
        applied: applied.map((migration) => ({ ...migration })),
        known: known.map((migration) => ({ ...migration })),
      })
      state.migration_state[inspector.name] = applied.map(({ id }) => id)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      log(report, 'warning', `The migration state of "${inspector.name}" could not be read: ${message}`, {
        inspector: inspector.name,
      })
    } finally {
      await query('ROLLBACK TO SAVEPOINT inspector')
    }
  }
  return state
}
