import { testContext, testOptions } from '../../backup/backup-fixture.ts'
import { runBackup } from '../../backup/run-backup.ts'
import { restoreFixture } from '../../restore/restore-fixture.ts'
import type { TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRewindOptions, type RewindOptions } from './options.ts'
import { planRewind } from './plan-rewind.ts'
import { type RewindRunning, runRewind } from './run-rewind.ts'

/** For tests: a database with something of everything that a rewind treats in a way of its own. */
export const rewindSchema = `
  CREATE TABLE customer (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text UNIQUE, twice int GENERATED ALWAYS AS (length(name) * 2) STORED);
  INSERT INTO customer (name) SELECT 'c' || i FROM generate_series(1, 2100) i;
  CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer ON DELETE CASCADE, parent int REFERENCES orders, total numeric NOT NULL, note text);
  INSERT INTO orders SELECT i, 1 + i % 2000, CASE WHEN i > 10 THEN i / 2 END, i * 1.10, E'tab\\t nl\\n \\\\ ' || i FROM generate_series(1, 5000) i;
  CREATE TABLE log (at int, what text) PARTITION BY RANGE (at);
  CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (1000);
  CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (1000) TO (2000);
  INSERT INTO log SELECT i, 'w' FROM generate_series(1, 1999) i;
  CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
  CREATE TABLE audit (what text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.audit VALUES (TG_NAME || TG_OP); RETURN NULL; END$$;
  CREATE TRIGGER plain AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TRIGGER always AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TRIGGER replica AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TRIGGER off AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TRIGGER parted AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION note();
  ALTER TABLE orders ENABLE ALWAYS TRIGGER always, ENABLE REPLICA TRIGGER replica, DISABLE TRIGGER off;
  CREATE MATERIALIZED VIEW sums AS SELECT customer, sum(total) FROM orders GROUP BY 1;
  COMMENT ON CONSTRAINT orders_customer_fkey ON orders IS 'who pays';`

/** For tests: the changes that a user has made to it. */
export const rewindChanges = `
  SET session_replication_role = replica;
  UPDATE orders SET total = 0 WHERE id % 500 = 0; DELETE FROM orders WHERE id IN (4998, 4999);
  DELETE FROM customer WHERE id > 2090; UPDATE customer SET name = 'x' || name WHERE id < 5;
  INSERT INTO customer (name) VALUES ('c2095'), ('new');
  INSERT INTO orders VALUES (6001, 2101, NULL, 1, 'new');
  UPDATE log SET at = at + 1000 WHERE at = 5; INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
  RESET session_replication_role; REFRESH MATERIALIZED VIEW sums;`

/** For tests: databases on `cluster()`, backed up into memory and rewound. */
export function rewindFixture(cluster: () => TemporaryCluster) {
  const { contents } = restoreFixture(cluster)

  async function prepared(name: string, sql = rewindSchema, owner?: string) {
    await cluster().createDatabase(name, owner ? { owner } : {})
    const url = owner ? cluster().url(name, { name: owner, password: 'x' }) : cluster().url(name)
    await cluster().sql(name, owner ? `SET ROLE ${owner}; ${sql}` : sql)
    const context = await testContext(url)
    const backup = async () => (await runBackup(context, testOptions())).manifest.id
    const rewind = async (backupId: string, options: Partial<RewindOptions> = {}, running: RewindRunning = {}) =>
      runRewind(
        context,
        await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId, ...options }),
        running,
      )
    /** Sequences stay where they are. */
    const withoutSequences = async () => {
      const { rows, definitions } = (await contents(name)) as { rows: object; definitions: { kind: string }[] }
      return { rows, definitions: definitions.filter(({ kind }) => kind !== 'sequence') }
    }
    return { context, backup, rewind, contents: withoutSequences }
  }

  return { prepared, contents }
}
