import type { Query } from './query.ts'

/** Tables in which well-known migration tools keep their history, by the names they have unless told otherwise. */
const ledgerTables = [
  ...['kysely_migration', '_prisma_migrations', '__drizzle_migrations', 'knex_migrations', 'mikro_orm_migrations'],
  ...['SequelizeMeta', 'pgmigrations', 'alembic_version', 'atlas_schema_revisions', 'schema_migrations'],
  ...['django_migrations', 'flyway_schema_history', 'goose_db_version', 'databasechangelog', '_sqlx_migrations'],
]

/** Those of them that the database has, as `schema.table`. TypeORM's `migrations` is known by its columns. */
export async function findKnownLedgers(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
       AND (c.relname = ANY ($1::text[])
         OR c.relname = 'migrations' AND (
           SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname) FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) = '{id,name,timestamp}')
     ORDER BY 1`,
    [ledgerTables],
  )
  return rows.map(({ name }) => name)
}
