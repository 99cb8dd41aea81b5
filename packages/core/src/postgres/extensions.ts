import type { Query } from './query.ts'

/** An installed extension. */
export interface SourceExtension {
  name: string
  version: string
  schema: string
}

/** The extensions of the database, plpgsql too where it is installed. */
export async function readExtensions(query: Query): Promise<SourceExtension[]> {
  return query<SourceExtension>(`
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    ORDER BY e.extname`)
}
