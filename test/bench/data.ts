import type { TemporaryCluster } from '@lifeboat/core/testing'

/** About how many bytes of database one row of each generated table takes, indexes included. */
const bytesPerRow = 1150

/**
 * Fills a database with about `megabytes` of believable rows: a wide mixed table, jsonb, text, bytea, two indexes each;
 * the same rows for the same size. Gives the number of rows of the largest table.
 */
export async function generateData(cluster: TemporaryCluster, database: string, megabytes: number): Promise<number> {
  await cluster.createDatabase(database)
  const rows = Math.round((megabytes * 1e6) / bytesPerRow)
  const run = (sql: string) => cluster.sql(database, sql)
  await run(`
    CREATE TABLE orders (id bigint PRIMARY KEY, customer text, price numeric(12,2), at timestamptz, data jsonb, note text, paid boolean, weight double precision);
    INSERT INTO orders SELECT i, 'customer ' || md5(i::text), (i * 37 % 100000) / 100.0, timestamptz '2026-01-01 00:00+00' + i * interval '7 seconds',
      jsonb_build_object('k', i, 'tags', jsonb_build_array('a' || i % 10, 'b' || i % 7), 'city', md5((i % 1000)::text)),
      repeat(md5((i / 3)::text), 3), i % 2 = 0, (i * 7919 % 1000003) / 1000.0 FROM generate_series(1::bigint, ${rows}) i;
    CREATE INDEX orders_at ON orders (at); CREATE INDEX orders_customer ON orders (customer)`)
  await run(`
    CREATE TABLE events (id bigint PRIMARY KEY, order_id bigint, kind text, payload jsonb);
    INSERT INTO events SELECT i, i % ${rows} + 1, (ARRAY['created','paid','sent','returned'])[1 + i % 4],
      jsonb_build_object('actor', md5((i % 5000)::text), 'at', i, 'text', repeat(md5(i::text), 4)) FROM generate_series(1::bigint, ${rows}) i;
    CREATE INDEX events_order ON events (order_id)`)
  await run(`
    CREATE TABLE pictures (id bigint PRIMARY KEY, name text, bytes bytea);
    INSERT INTO pictures SELECT i, 'picture ' || i, decode(md5(i::text) || md5((i * 7)::text) || md5((i * 13)::text) || md5((i * 17)::text), 'hex')
      FROM generate_series(1::bigint, ${rows}) i`)
  for (let table = 0; table < 20; table++) {
    await run(
      `CREATE TABLE small_${table} (id int PRIMARY KEY, name text); INSERT INTO small_${table} SELECT i, 'name ' || i FROM generate_series(1, 500) i`,
    )
  }
  await run('VACUUM (FREEZE, ANALYZE)')
  return rows
}

/** About `megabytes` of rows, spread evenly over so many tables with one index and a sequence each. */
export async function generateTables(
  cluster: TemporaryCluster,
  database: string,
  tables: number,
  megabytes: number,
): Promise<void> {
  await cluster.createDatabase(database)
  const rows = Math.ceil((megabytes * 1e6) / 250 / tables)
  // Some hundred tables in a transaction: each holds its locks until the end.
  for (let first = 0; first < tables; first += 200)
    await cluster.sql(
      database,
      `DO $$ BEGIN FOR n IN ${first}..${Math.min(first + 200, tables) - 1} LOOP
         EXECUTE format('CREATE TABLE table_%s (id bigserial PRIMARY KEY, name text, at timestamptz, note text)', n);
         EXECUTE format('INSERT INTO table_%s (name, at, note) SELECT ''name '' || md5(i::text),
           timestamptz ''2026-01-01 00:00+00'' + i * interval ''7 seconds'', repeat(md5((i * %s)::text), 4)
           FROM generate_series(1, ${rows}) i', n, n + 1);
       END LOOP; END $$`,
    )
  await cluster.sql(database, 'VACUUM (FREEZE, ANALYZE)')
}

/**
 * Changes made between two backups, by case. Each is about 1 % of the rows of the largest table; other rows in each
 * `run`, because the new versions of updated rows lie side by side.
 */
export function changes(rows: number, run: number): Record<string, string> {
  const part = Math.round(rows / 100)
  return {
    'nothing changed': 'SELECT 1',
    '1 % appended': `INSERT INTO orders SELECT id + 100000000 + (SELECT max(id) FROM orders), customer, price, at, data, note, paid, weight FROM orders WHERE id <= ${part}`,
    '1 % updated in one place': `UPDATE orders SET price = price + 1 WHERE id BETWEEN ${(10 + 2 * run) * part} AND ${(11 + 2 * run) * part}`,
    '1 % updated at random': `UPDATE orders SET price = price + 1 WHERE id % 100 = ${17 + run}`,
    'one table rewritten': 'VACUUM FULL pictures',
  }
}
