import { log, type Reporter } from '../events.ts'
import type { Migration, MigrationInspector } from '../migrations/inspector.ts'
import type { Query } from '../postgres/query.ts'
import type { Manifest } from '../repository/documents/documents.ts'

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
      if (applied === null) throw new Error('there are tables, but no table of migrations')
      const known = await inspector.known()
      state.migrations.push({
        inspector: inspector.name,
        ledger_tables: [...inspector.ledgerTables],
        ...(inspector.shape === undefined ? {} : { shape: inspector.shape }),
        applied: withSources(applied, known).map(recorded),
        known: known.map(recorded),
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

/**
 * What is applied, with the hash of the source that the code has for it now, unless the tool's own checksum says that it
 * is another text than the one that ran. It shows a later restore that a source was changed since.
 */
function withSources(applied: readonly Migration[], known: readonly Migration[]): Migration[] {
  const byId = new Map(known.map((migration) => [migration.id, migration]))
  return applied.map((migration) => {
    const source = byId.get(migration.id)
    if (source?.sourceHash === undefined || migration.sourceHash !== undefined) return migration
    const { checksum } = migration
    const ran = checksum === undefined || checksum === source.checksum || source.equalChecksums?.includes(checksum)
    return ran ? { ...migration, sourceHash: source.sourceHash } : migration
  })
}

/** What a manifest keeps of a migration. */
function recorded({ warning: _, equalChecksums: __, ...kept }: Migration): Migration {
  return kept
}
