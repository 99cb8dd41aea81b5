import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { RestoreSession } from './restore-session.ts'

/**
 * Takes CHECK constraints off tables that are still empty. Returns the statements that put them back NOT VALID once the
 * rows are there. `names` are `schema.table.constraint`.
 */
export async function relaxChecks(session: RestoreSession, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return []
  const found = await session.query<{ schema: string; table: string; name: string; definition: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS table, k.conname::text AS name,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype = 'c' AND k.conislocal
       AND pg_catalog.concat_ws('.', n.nspname, c.relname, k.conname) = ANY ($1::text[])`,
    [names],
  )
  const back: string[] = []
  for (const { schema, table, name, definition } of found) {
    const alter = `ALTER TABLE ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
    await session.run([{ sql: `${alter} DROP CONSTRAINT ${quoteIdentifier(name)}` }])
    const notValid = / NOT VALID$/.test(definition) ? '' : ' NOT VALID'
    back.push(`${alter} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}${notValid}`)
  }
  return back
}
