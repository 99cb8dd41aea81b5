import { log, type Reporter } from '../events.ts'
import { type Invariant, invariantHash, measureInvariant } from '../postgres/invariants.ts'
import type { Query } from '../postgres/query.ts'
import type { Manifest } from '../repository/documents/documents.ts'

/**
 * Measures each invariant under the exported snapshot. One that fails costs a warning, not the backup. `query` must be
 * inside a transaction; a failing statement is rolled back to where it began.
 */
export async function recordInvariants(
  query: Query,
  invariants: readonly Invariant[],
  report?: Reporter,
): Promise<NonNullable<Manifest['invariants']>> {
  const recorded: NonNullable<Manifest['invariants']> = []
  for (const invariant of invariants) {
    const { name } = invariant
    await query('SAVEPOINT invariant')
    try {
      recorded.push({ name, sql_sha256: invariantHash(invariant), value: await measureInvariant(query, invariant) })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log(report, 'warning', `Invariant "${name}" could not be measured: ${why}`, { invariant: name })
      recorded.push({ name, sql_sha256: invariantHash(invariant), value: null })
    } finally {
      await query('ROLLBACK TO SAVEPOINT invariant')
    }
  }
  return recorded
}
