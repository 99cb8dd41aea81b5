import { runBackup } from '../backup/run-backup.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { initRepository } from '../repository/init.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import type { TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreContext, type RestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { runRestore } from './run-restore.ts'

/** For tests: a database with something of everything that a restore treats in a way of its own. */
export const shop = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TABLE customer (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL UNIQUE, feels mood, twice int GENERATED ALWAYS AS (length(name) * 2) STORED);
  INSERT INTO customer (name, feels) SELECT 'customer ' || i, CASE WHEN i % 2 = 0 THEN 'sad'::mood END FROM generate_series(1, 5000) i;
  CREATE SEQUENCE purchase_id START 10;
  CREATE TABLE purchase (id bigint NOT NULL DEFAULT nextval('purchase_id'), customer int NOT NULL REFERENCES customer, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE purchase_1 PARTITION OF purchase FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE purchase_2 PARTITION OF purchase FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  INSERT INTO purchase (customer, at, note) SELECT 1 + i % 5000, date '2026-01-01' + i % 360, E'tab\\t nl\\n \\\\ ' || i FROM generate_series(1, 20000) i;
  CREATE INDEX ON purchase (customer);
  CREATE VIEW happy AS SELECT * FROM customer WHERE feels = 'happy';
  CREATE MATERIALIZED VIEW per_day AS SELECT at, count(*) FROM purchase GROUP BY at;
  CREATE MATERIALIZED VIEW best AS SELECT max(count) FROM per_day;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trigger fired''; END';
  CREATE TRIGGER stamp BEFORE INSERT ON purchase FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
  CREATE TABLE empty (a int);
  COMMENT ON TABLE customer IS 'who pays';
  ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON customer USING (name = current_user);
  CREATE SCHEMA "we ""ird"; CREATE TABLE "we ""ird"."t'a\\b" ("c o""l" text); INSERT INTO "we ""ird"."t'a\\b" VALUES ('x');
`

/** For tests: databases on `cluster()`, backed up into memory and restored from there. */
export function restoreFixture(cluster: () => TemporaryCluster) {
  async function repository(storage: Storage = createMemoryStorage()) {
    return initRepository(storage, { rawKey: Buffer.alloc(32, 1) })
  }

  async function contextOf(database: string, more: Partial<RestoreContext> = {}): Promise<RestoreContext> {
    return {
      repository: await repository(),
      database: resolveConnection(cluster().url(database)),
      inspectors: [],
      media: [],
      app: { name: 'test', version: '1', installedPackages: {} },
      resources: {
        connections: 2,
        packBytes: 1 << 20,
        compressionLevel: 1,
        segmentBlocks: 16,
        maxSnapshotAgeMs: 60_000,
      },
      ...more,
    }
  }

  const backup = async (context: RestoreContext) => {
    const { manifest } = await runBackup(context, {
      name: 'b',
      description: '',
      type: 'full',
      trigger: 'manual',
      createdBy: 'test',
      tags: {},
      includeMedia: context.media.length > 0,
      pinned: false,
      exclude: { tables: [], schemas: [], rows: [] },
      lockBudgetMs: 3000,
    })
    return manifest.id
  }

  const restore = async (context: RestoreContext, backupId: string, options: Partial<RestoreOptions> = {}) =>
    runRestore(context, await planRestore(context, { ...defaultRestoreOptions, backupId, ...options }))

  /** Everything in a database that a restore must bring back, as one comparable value. */
  async function contents(database: string): Promise<unknown> {
    const tables = await cluster().sql<{ name: string }>(
      database,
      `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'm', 'v') AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'lifeboat') ORDER BY 1`,
    )
    const rows: Record<string, unknown> = {}
    for (const { name } of tables) {
      rows[name] = await cluster().sql(
        database,
        `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${name} t`,
      )
    }
    const definitions = await cluster().sql(
      database,
      `SELECT 'index' AS kind, indexdef AS text FROM pg_indexes WHERE schemaname !~ '^pg_' AND schemaname <> 'lifeboat'
       UNION ALL SELECT 'constraint', conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema|lifeboat)'
       UNION ALL SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL SELECT 'policy', polname || pg_get_expr(polqual, polrelid) FROM pg_policy
       UNION ALL SELECT 'sequence', schemaname || sequencename || coalesce(last_value, -1) FROM pg_sequences
       UNION ALL SELECT 'comment', description FROM pg_description WHERE objoid >= 16384 AND description !~ '^Bookkeeping'
       ORDER BY 1, 2`,
    )
    return { rows, definitions }
  }

  async function shopDatabase(name: string): Promise<unknown> {
    await cluster().createDatabase(name)
    await cluster().sql(name, shop)
    return contents(name)
  }

  const databases = async () =>
    (await cluster().sql<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database ORDER BY 1')).map(
      (row) => row.name,
    )

  return { repository, contextOf, backup, restore, contents, shopDatabase, databases }
}
