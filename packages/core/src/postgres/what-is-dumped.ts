/** pg_dump's own idea of what belongs to a dump, as SQL shared by the readers of tables and sequences. */

import { bookkeepingNamespaces } from './bookkeeping.ts'

/**
 * Condition on a pg_namespace row: not the system's, not temporary, not our own bookkeeping.
 *
 * pg_dump leaves out every schema named `pg_...`; temporary ones are among them.
 */
export function dumpedNamespaces(alias: string): string {
  return `NOT pg_catalog.starts_with(${alias}.nspname, 'pg_') AND ${alias}.nspname <> 'information_schema'
      AND ${alias}.oid NOT IN (${bookkeepingNamespaces})`
}

/**
 * Relations that extensions registered by pg_extension_config_dump: oid, condition (null: all rows), and whether the
 * extension is one that initdb made (its oid is below the first normal one).
 */
export const extensionConfiguration = `
      SELECT registered.oid, NULLIF(registered.condition, '') AS condition, e.oid < 16384 AS built_in
      FROM pg_catalog.pg_extension e
      CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition))
        AS registered(oid, condition)`

/**
 * Condition on a pg_class row `c`, its namespace `n` and its row `config` of {@link extensionConfiguration} (outer
 * join): whether pg_dump dumps its rows. What an extension registered goes wherever it lies, what else belongs to an
 * extension does not; of a built-in extension only what is in an ordinary schema.
 */
export const dumpedRelations = `c.relpersistence <> 't'
      AND CASE WHEN config.oid IS NULL THEN ${dumpedNamespaces('n')} AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
        ELSE NOT config.built_in OR ${dumpedNamespaces('n')} END`
