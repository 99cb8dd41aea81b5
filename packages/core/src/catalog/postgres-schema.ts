import { sql, type Transaction } from 'kysely'
import { EngineError } from '../errors.ts'
import { markTable } from '../postgres/catalog-carry.ts'
import { bookkeepingComment } from '../postgres/excluded.ts'
import type { Tables } from './tables.ts'

/** All of them: a table that is missing here does not compile. */
const tables: Record<keyof Tables, true> = {
  ...{ jobs: true, job_logs: true, restores: true, schedules: true, configuration: true, audit_events: true },
  ...{
    audit_anchors: true,
    schedule_slots: true,
    workers: true,
    conditions: true,
    deliveries: true,
    notification_events: true,
    stream_positions: true,
    approvals: true,
    approval_votes: true,
  },
}

/** What a schema may hold and still be a catalog's. `marker` is written by backups. */
const ourTables = [...Object.keys(tables), 'catalog_migrations', 'catalog_migrations_lock', markTable, 'marker']

/**
 * Creates the schema and the table of the mark where they are missing. The schema's comment says that it is ours: by it
 * backups know what to leave out, and restores what to take along. Throws `CONFIG_INVALID` where the schema belongs to
 * another application.
 */
export async function prepareSchema(opening: Transaction<Tables>, schema: string): Promise<void> {
  const { rows } = await sql<{ oid: string; ours: boolean; mark: boolean }>`
    SELECT n.oid::text AS oid, COALESCE(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') = ${bookkeepingComment} AS ours,
      EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = ${markTable}) AS mark
    FROM pg_catalog.pg_namespace n WHERE n.nspname = ${schema}`.execute(opening)
  const [found] = rows
  const name = sql.id(schema)
  if (!found) await sql`CREATE SCHEMA ${name}`.execute(opening)
  else if (!found.ours) await refuseForeign(opening, schema, found.oid)
  if (!found?.ours) await sql`COMMENT ON SCHEMA ${name} IS ${sql.lit(bookkeepingComment)}`.execute(opening)
  if (found?.mark) return
  // With a key: a publication of all tables would not let its row be deleted otherwise.
  await sql`CREATE TABLE ${sql.id(schema, markTable)} (
    id integer PRIMARY KEY DEFAULT 1, marked_at timestamptz NOT NULL DEFAULT now())`.execute(opening)
}

async function refuseForeign(opening: Transaction<Tables>, schema: string, oid: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT c.relname::text AS name FROM pg_catalog.pg_class c
      WHERE c.relnamespace = ${oid}::pg_catalog.oid AND c.relkind NOT IN ('i', 'I', 't', 'c')
        AND c.relname <> ALL (${ourTables}::text[])
    UNION ALL SELECT p.proname::text FROM pg_catalog.pg_proc p
      WHERE p.pronamespace = ${oid}::pg_catalog.oid
    UNION ALL SELECT t.typname::text FROM pg_catalog.pg_type t
      LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
      WHERE t.typnamespace = ${oid}::pg_catalog.oid AND t.typelem = 0
        AND (t.typrelid = 0 OR c.relkind = 'c')
    ORDER BY 1 LIMIT 5`.execute(opening)
  if (rows.length === 0) return
  const names = rows.map(({ name }) => name)
  throw new EngineError('CONFIG_INVALID', `The schema "${schema}" holds what is no catalog: ${names.join(', ')}.`, {
    detail: { schema, objects: names },
    advice: 'Give the catalog a schema of its own: backups leave it out.',
  })
}
