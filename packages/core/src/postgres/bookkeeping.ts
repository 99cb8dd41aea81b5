import { markTable } from './catalog-carry.ts'
import { bookkeepingComment } from './excluded.ts'
import { quoteLiteral } from './identifiers.ts'
import type { Query } from './query.ts'

/**
 * Oids of the schemas that are our own bookkeeping, whatever their names: those whose comment says so. No backup
 * contains them, and an in-place restore leaves them alone.
 */
export const bookkeepingNamespaces = `SELECT own.objoid FROM pg_catalog.pg_description own
        WHERE own.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND own.objsubid = 0
          AND own.description = ${quoteLiteral(bookkeepingComment)}`

/** Their names. */
export async function readBookkeepingSchemas(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE oid IN (${bookkeepingNamespaces}) ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

/** Those of them that a catalog lies in. */
export async function readCatalogSchemas(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT n.nspname::text AS name FROM pg_catalog.pg_namespace n
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r' AND c.relname = ${quoteLiteral(markTable)}
     WHERE n.oid IN (${bookkeepingNamespaces}) ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}
