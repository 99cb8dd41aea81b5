import { EngineError } from '../errors.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import { type Exclusions, exclusionMatcher } from '../postgres/excluded.ts'
import type { Query } from '../postgres/query.ts'

/**
 * Refuses a backup that would have an application's tables and not its migrations table: restored from it, every
 * migration would run again, on tables that have them. Only the first of an inspector's ledger tables counts, the
 * others are locks.
 *
 * @throws EngineError `LEDGER_EXCLUDED`.
 */
export async function refuseExcludedLedgers(
  query: Query,
  inspectors: readonly MigrationInspector[],
  exclude: Exclusions,
): Promise<void> {
  const { excludesRows, excludesTable } = exclusionMatcher(exclude)
  for (const { name, ledgerTables } of inspectors) {
    const ledger = ledgerTables[0]
    if (ledger === undefined) continue
    const relation = splitLedgerName(ledger)
    if (!excludesTable(relation) && !excludesRows(relation)) continue
    const [row] = await query<{ present: boolean }>(
      `SELECT pg_catalog.to_regclass(format('%I.%I', $1::text, $2::text)) IS NOT NULL AS present`,
      [relation.schema, relation.name],
    )
    if (row?.present) {
      throw new EngineError(
        'LEDGER_EXCLUDED',
        `The backup would leave out ${ledger}, the migrations table of ${name}.`,
        {
          detail: { inspector: name, table: ledger },
        },
      )
    }
  }
}

/** `schema.table`, cut at the first dot; without one the schema is `public`. */
function splitLedgerName(name: string): { schema: string; name: string } {
  const dot = name.indexOf('.')
  return dot < 0 ? { schema: 'public', name } : { schema: name.slice(0, dot), name: name.slice(dot + 1) }
}
