/** pg_dump's own idea of what belongs to a dump, as SQL shared by the readers of tables and sequences. */

import { bookkeepingComment, bookkeepingSchema } from './excluded.ts'
import { quoteLiteral } from './identifiers.ts'

/**
 * Condition on a pg_namespace row: not the system's, not temporary, not our own bookkeeping.
 *
 * pg_dump leaves out every schema named `pg_...`; temporary ones are among them.
 */
export function dumpedNamespaces(alias: string): string {
  return `NOT pg_catalog.starts_with(${alias}.nspname, 'pg_') AND ${alias}.nspname <> 'information_schema'
      AND NOT (${alias}.nspname = ${quoteLiteral(bookkeepingSchema)}
        AND COALESCE(pg_catalog.obj_description(${alias}.oid, 'pg_namespace'), '') = ${quoteLiteral(bookkeepingComment)})`
}

/**
 * Relations that extensions registered by pg_extension_config_dump: oid and condition (null: all rows). Extensions
 * made by initdb (their oid is below the first normal one) are not dumped, hence neither is their configuration.
 */
export const extensionConfiguration = `
      SELECT registered.oid, NULLIF(registered.condition, '') AS condition
      FROM pg_catalog.pg_extension e
      CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition))
        AS registered(oid, condition)
      WHERE e.oid >= 16384`
