/** Random changes of a small database, of every kind that change detection must see or may overlook. */
import { Client } from 'pg'

export interface Workload {
  /** Does a few things, and leaves transactions open that end in a later round. */
  round(): Promise<void>
  /** Ends what is open. */
  end(): Promise<void>
  /** How often each kind of change has succeeded. */
  readonly succeeded: Map<string, number>
}

type Random = () => number
type Change = (run: {
  sql(text: string): Promise<unknown>
  table: string
  other: string
  pick: Pick
}) => Promise<unknown>
interface Pick {
  number(below: number): number
  text(): string
}

const schema = `
  DROP SCHEMA IF EXISTS w CASCADE; CREATE SCHEMA w;
  CREATE TYPE w.mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TYPE w.pair AS (x int, y text);
  CREATE DOMAIN w.short AS varchar(40);
  CREATE TABLE w.row_source (x int, y int);
`
const table = (name: string, index: number) => `
  CREATE TABLE w.${name} (id int PRIMARY KEY, n int, v text, at timestamptz, m w.mood, p w.pair, s w.short, r w.row_source)
    WITH (fillfactor = ${[100, 60, 80, 100][index % 4]}, autovacuum_enabled = false);
  INSERT INTO w.${name} SELECT i, i % 7, repeat(md5(i::text), 1 + i % 5), '2026-01-01'::timestamptz + i * interval '1 min',
    'ok', (i, 'y')::w.pair, 's' || i, (i, i)::w.row_source FROM generate_series(1, ${100 + 150 * index}) i;`

/** By name. Each may fail (somebody else holds a lock, a column is gone); then it did nothing. */
const changes: Record<string, Change> = {
  insert: ({ sql, table, pick }) =>
    sql(`INSERT INTO ${table} (id, v) SELECT (SELECT COALESCE(max(id), 0) FROM ${table}) + i, '${pick.text()}'
         FROM generate_series(1, ${1 + pick.number(40)}) i`),
  'insert into gaps': ({ sql, table, pick }) =>
    sql(`INSERT INTO ${table} (id, v) SELECT -${pick.number(1e9)} - i, '${pick.text()}' FROM generate_series(1, 3) i`),
  'update hot': ({ sql, table, pick }) => sql(`UPDATE ${table} SET n = n + 1 WHERE id % 50 = ${pick.number(50)}`),
  'update one': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET v = '${pick.text()}' WHERE id = ${pick.number(300)}`),
  'update key': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET id = id + 1000000 + ${pick.number(1e6)} WHERE id = ${pick.number(300)}`),
  'update to the same': ({ sql, table, pick }) => sql(`UPDATE ${table} SET v = v WHERE id = ${pick.number(300)}`),
  'update toasted': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET v = (SELECT string_agg(md5(i::text || '${pick.text()}'), '') FROM generate_series(1, 200) i)
         WHERE id = ${pick.number(100)}`),
  'delete some': ({ sql, table, pick }) => sql(`DELETE FROM ${table} WHERE id % 90 = ${pick.number(90)}`),
  'delete one': ({ sql, table, pick }) => sql(`DELETE FROM ${table} WHERE id = ${pick.number(300)}`),
  'delete the tail': ({ sql, table }) => sql(`DELETE FROM ${table} WHERE id > (SELECT max(id) - 60 FROM ${table})`),
  'delete and insert the same': ({ sql, table, pick }) =>
    sql(
      `WITH gone AS (DELETE FROM ${table} WHERE id = ${pick.number(300)} RETURNING *) INSERT INTO ${table} SELECT * FROM gone`,
    ),
  'lock rows': ({ sql, table, pick }) => sql(`SELECT FROM ${table} WHERE id % 20 = ${pick.number(20)} FOR UPDATE`),
  'lock rows shared': ({ sql, table, pick }) =>
    sql(`SELECT FROM ${table} WHERE id % 20 = ${pick.number(20)} FOR KEY SHARE`),
  'rolled back': async ({ sql, table }) => {
    await sql(`BEGIN; UPDATE ${table} SET n = n + 1 WHERE id % 9 = 0; DELETE FROM ${table} WHERE id % 11 = 0`)
    await sql('ROLLBACK')
  },
  savepoints: async ({ sql, table, pick }) => {
    await sql(`BEGIN; SAVEPOINT a; UPDATE ${table} SET n = 1 WHERE id = ${pick.number(300)}; ROLLBACK TO a;
      SAVEPOINT b; UPDATE ${table} SET v = '${pick.text()}' WHERE id = ${pick.number(300)}; RELEASE b; SAVEPOINT c;
      DELETE FROM ${table} WHERE id = ${pick.number(300)}; RELEASE c`)
    await sql('COMMIT')
  },
  vacuum: ({ sql, table }) => sql(`VACUUM ${table}`),
  'vacuum freeze': ({ sql, table }) => sql(`VACUUM (FREEZE) ${table}`),
  'vacuum full': ({ sql, table }) => sql(`VACUUM (FULL) ${table}`),
  'vacuum full freeze': ({ sql, table }) => sql(`VACUUM (FULL, FREEZE) ${table}`),
  analyze: ({ sql, table }) => sql(`ANALYZE ${table}`),
  cluster: ({ sql, table }) => sql(`CLUSTER ${table} USING ${table.split('.')[1]}_pkey`),
  reindex: ({ sql, table }) => sql(`REINDEX TABLE ${table}`),
  truncate: ({ sql, table, pick }) =>
    sql(
      `BEGIN; TRUNCATE ${table}; INSERT INTO ${table} (id, v) SELECT i, '${pick.text()}' FROM generate_series(1, 80) i; COMMIT`,
    ),
  'copy freeze': ({ sql, table }) =>
    sql(
      `BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE ${table}; TRUNCATE ${table};
      INSERT INTO ${table} SELECT * FROM kept; COMMIT; VACUUM (FREEZE) ${table}`.replace('; VACUUM', ';\nVACUUM'),
    ).catch(() => sql(`VACUUM (FREEZE) ${table}`)),
  'add column': ({ sql, table, pick }) => sql(`ALTER TABLE ${table} ADD COLUMN x${pick.number(1e6)} int`),
  'add column with default': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN d${pick.number(1e6)} text DEFAULT '${pick.text()}'`),
  'drop column': ({ sql, table }) => sql(`ALTER TABLE ${table} DROP COLUMN s`),
  'drop and add a column': ({ sql, table }) => sql(`ALTER TABLE ${table} DROP COLUMN n, ADD COLUMN n int DEFAULT 5`),
  'rename column': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} RENAME COLUMN at TO at2`).catch(() =>
      sql(`ALTER TABLE ${table} RENAME COLUMN at2 TO at`),
    )
  },
  'swap column names': ({ sql, table }) =>
    sql(`ALTER TABLE ${table} RENAME n TO n_; ALTER TABLE ${table} RENAME id TO n; ALTER TABLE ${table} RENAME n_ TO id;
      ALTER TABLE ${table} RENAME id TO n_; ALTER TABLE ${table} RENAME n TO id; ALTER TABLE ${table} RENAME n_ TO n`),
  'type without rewrite': async ({ sql, table }) => {
    await sql(`SET timezone = 'UTC'; ALTER TABLE ${table} ALTER COLUMN at TYPE timestamp`)
  },
  'type back without rewrite': ({ sql, table }) =>
    sql(`SET timezone = 'UTC'; ALTER TABLE ${table} ALTER COLUMN at TYPE timestamptz`),
  'type with rewrite': ({ sql, table }) => sql(`ALTER TABLE ${table} ALTER COLUMN n TYPE bigint USING n + 1`),
  'widen a domain column': ({ sql, table }) => sql(`ALTER TABLE ${table} ALTER COLUMN s TYPE text`),
  'generated column': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN g${pick.number(1e6)} int GENERATED ALWAYS AS (id + 1) STORED`),
  'enum label renamed': ({ sql }) => sql(`ALTER TYPE w.mood RENAME VALUE 'ok' TO 'fine'`),
  'enum label renamed back': ({ sql }) => sql(`ALTER TYPE w.mood RENAME VALUE 'fine' TO 'ok'`),
  'enum label added': ({ sql, pick }) => sql(`ALTER TYPE w.mood ADD VALUE 'label ${pick.number(1e6)}'`),
  'composite changed': ({ sql, pick }) => sql(`ALTER TYPE w.pair ADD ATTRIBUTE z${pick.number(1e6)} int`),
  'row type changed': ({ sql, pick }) => sql(`ALTER TABLE w.row_source ADD COLUMN z${pick.number(1e6)} int`),
  'unlogged and back': ({ sql, table }) => sql(`ALTER TABLE ${table} SET UNLOGGED; ALTER TABLE ${table} SET LOGGED`),
  'names swapped': ({ sql, table, other }) => {
    const [a, b] = [table.split('.')[1], other.split('.')[1]]
    return sql(
      `BEGIN; ALTER TABLE w.${a} RENAME TO swap_; ALTER TABLE w.${b} RENAME TO ${a}; ALTER TABLE w.swap_ RENAME TO ${b}; COMMIT`,
    )
  },
  'made anew': ({ sql, table, pick }) =>
    sql(`BEGIN; CREATE TABLE w.anew (LIKE ${table} INCLUDING ALL); INSERT INTO w.anew (id, v) SELECT i, '${pick.text()}'
      FROM generate_series(1, 120) i; DROP TABLE ${table}; ALTER TABLE w.anew RENAME TO ${table.split('.')[1]}; COMMIT`),
  'constraint and index': ({ sql, table, pick }) =>
    sql(`CREATE INDEX ON ${table} (n); ALTER TABLE ${table} ADD CHECK (id > -2000000000 - ${pick.number(99)})`),
}

export const kindsOfChange = [
  ...Object.keys(changes),
  'left open, committed',
  'left open, rolled back',
  'prepared, committed',
  'prepared, rolled back',
]

export async function startWorkload(url: string, random: Random): Promise<Workload> {
  const clients = await Promise.all(
    [0, 1, 2].map(async () => {
      const client = new Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      await client.query("SET lock_timeout = '100ms'; SET client_min_messages = error")
      return client
    }),
  )
  const [main, left, right] = clients as [Client, Client, Client]
  await main.query(schema)
  const names = ['a', 'b', 'c', 'd']
  for (const [index, name] of names.entries()) await main.query(table(name, index))

  const succeeded = new Map<string, number>()
  const count = (kind: string) => succeeded.set(kind, (succeeded.get(kind) ?? 0) + 1)
  const pick: Pick = {
    number: (below) => Math.floor(random() * below),
    text: () => `t${Math.floor(random() * 1e9)}`.repeat(1 + Math.floor(random() * 8)),
  }
  const anyTable = () => `w.${names[pick.number(names.length)]}`
  const perform = async (kind: string, client = main) => {
    const [one, two] = [anyTable(), anyTable()]
    try {
      await changes[kind]!({ sql: (text) => client.query(text), table: one, other: two === one ? 'w.d' : two, pick })
      count(kind)
    } catch {
      await client.query('ROLLBACK').catch(() => {})
    }
  }
  const kinds = Object.keys(changes)
  const rows = kinds.slice(0, kinds.indexOf('rolled back'))
  const open = new Map<Client, 'plain' | 'prepared'>()

  async function begin(client: Client): Promise<void> {
    if (open.has(client)) return
    await client.query('BEGIN')
    for (let i = 0; i <= pick.number(3); i++) {
      const kind = rows[pick.number(rows.length)]!
      await client.query('SAVEPOINT one')
      try {
        await changes[kind]!({ sql: (text) => client.query(text), table: anyTable(), other: 'w.d', pick })
      } catch {
        await client.query('ROLLBACK TO one')
      }
    }
    if (random() < 0.3) {
      await client.query(`PREPARE TRANSACTION 'p${client === left ? 1 : 2}'`)
      open.set(client, 'prepared')
    } else open.set(client, 'plain')
  }

  async function finish(client: Client): Promise<void> {
    const how = open.get(client)
    if (!how) return
    open.delete(client)
    const commit = random() < 0.7
    const name = `'p${client === left ? 1 : 2}'`
    if (how === 'prepared') await client.query(commit ? `COMMIT PREPARED ${name}` : `ROLLBACK PREPARED ${name}`)
    else await client.query(commit ? 'COMMIT' : 'ROLLBACK')
    count(`${how === 'prepared' ? 'prepared' : 'left open'}, ${commit ? 'committed' : 'rolled back'}`)
  }

  return {
    succeeded,
    async round() {
      for (const client of [left, right]) if (random() < 0.6) await finish(client)
      // Now and then nothing happens but what was left open.
      const changesNow = random() < 0.15 ? 0 : 1 + pick.number(4)
      for (let i = 0; i < changesNow; i++) {
        const rowsOnly = random() < 0.6
        await perform(rowsOnly ? rows[pick.number(rows.length)]! : kinds[pick.number(kinds.length)]!)
      }
      for (const client of [left, right]) if (random() < 0.5) await begin(client)
    },
    async end() {
      for (const client of [left, right]) await finish(client)
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}
