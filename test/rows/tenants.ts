/** Random changes of a small database of several tenants, and whose its rows are, worked out without the code under test. */
import { Client } from 'pg'

export const tenants = [1, 2, 3, 4, 5, 6]

export const schema = `
  CREATE TABLE org (id int PRIMARY KEY, name text UNIQUE, v text);
  CREATE TABLE product (id int PRIMARY KEY, v text);
  CREATE TABLE usr (id int PRIMARY KEY, org int NOT NULL REFERENCES org ON DELETE CASCADE, boss int REFERENCES usr ON DELETE SET NULL, mail text UNIQUE, v text);
  CREATE TABLE doc (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, usr int NOT NULL REFERENCES usr ON DELETE CASCADE, size int GENERATED ALWAYS AS (usr * 2) STORED, v text);
  ALTER TABLE usr ADD last bigint REFERENCES doc ON DELETE SET NULL;
  CREATE TABLE line (doc bigint REFERENCES doc ON DELETE CASCADE, pos int, product int REFERENCES product, v text, PRIMARY KEY (doc, pos), UNIQUE (pos, doc));
  CREATE TABLE mark (doc bigint, pos int, v text, FOREIGN KEY (pos, doc) REFERENCES line (pos, doc) ON DELETE CASCADE);
  CREATE TABLE share (id int PRIMARY KEY, giver int REFERENCES usr ON DELETE CASCADE, taker int REFERENCES usr ON DELETE CASCADE, v text);
  CREATE TABLE note (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE SET NULL, v text);
  CREATE TABLE click (at int, org int REFERENCES org ON DELETE CASCADE, v text) PARTITION BY RANGE (at);
  CREATE TABLE click_1 PARTITION OF click FOR VALUES FROM (0) TO (300);
  CREATE TABLE click_2 PARTITION OF click FOR VALUES FROM (300) TO (100000);
  CREATE TABLE lonely (id int PRIMARY KEY, v text);
  CREATE TABLE audit (what text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.audit VALUES (TG_NAME); RETURN NULL; END$$;
  CREATE TRIGGER plain AFTER INSERT OR DELETE ON doc FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TRIGGER always AFTER INSERT OR DELETE ON line FOR EACH ROW EXECUTE FUNCTION note();
  ALTER TABLE line ENABLE ALWAYS TRIGGER always;
  INSERT INTO org SELECT i, 'org ' || i FROM generate_series(1, 6) i;
  INSERT INTO product SELECT i, 'p' FROM generate_series(1, 30) i;
  INSERT INTO usr SELECT i, 1 + i % 6, NULLIF(i - 6, GREATEST(-6, LEAST(i - 6, 0))), 'm' || i, repeat('u', 40) FROM generate_series(1, 60) i;
  INSERT INTO doc (usr, v) SELECT 1 + i % 60, repeat(md5(i::text), 2) FROM generate_series(1, 180) i;
  UPDATE usr SET last = id + 59 WHERE id % 3 = 0;
  INSERT INTO line SELECT 1 + i % 180, i / 180, 1 + i % 30, repeat('l', 30) FROM generate_series(0, 539) i;
  INSERT INTO mark SELECT doc, pos, 'm' FROM line WHERE (doc + pos) % 3 = 0;
  INSERT INTO share SELECT i, i, 1 + (i + 5) % 60, 's' FROM generate_series(1, 60) i;
  INSERT INTO note SELECT i, CASE WHEN i % 9 > 0 THEN 1 + i % 60 END, repeat('n', 20) FROM generate_series(1, 150) i;
  INSERT INTO click SELECT i, 1 + i % 6, repeat('c', 20) FROM generate_series(1, 400) i;
  INSERT INTO lonely SELECT i, 'l' FROM generate_series(1, 40) i;`

type Below = (below: number) => number
type Statement = (n: Below) => string

const text = (n: Below) => `'${'x'.repeat(n(50))}${n(1e9)}'`
const keys: Record<string, string> = {
  ...{ org: 'id', usr: 'id', doc: 'id', line: 'doc', mark: 'doc', share: 'id', note: 'id', click: 'at', lonely: 'id' },
}
const anyOf = (n: Below) => Object.entries(keys)[n(9)]!
const user = (n: Below) => `(SELECT id FROM usr ORDER BY abs(id - ${1 + n(60)}) LIMIT 1)`
const org = (n: Below) => `(SELECT id FROM org ORDER BY abs(id - ${1 + n(6)}) LIMIT 1)`

/** What happens within one tenant. */
const usual: Statement[] = [
  (n) => {
    const [table, key] = anyOf(n)
    return `UPDATE ${table} SET v = ${text(n)} WHERE ${key} % ${7 + n(20)} = ${n(7)}`
  },
  (n) => {
    const [table, key] = anyOf(n)
    return table === 'org' ? 'SELECT' : `DELETE FROM ${table} WHERE ${key} % ${30 + n(40)} = ${n(30)}`
  },
  (n) => {
    const [table, key] = anyOf(n)
    return `UPDATE ${table} SET v = v WHERE ${key} % ${7 + n(20)} = ${n(7)}`
  },
  (n) => `INSERT INTO usr (id, org, mail, v) VALUES (${1000 + n(1e8)}, ${org(n)}, ${text(n)}, 'new')`,
  (n) => `INSERT INTO doc (usr, v) SELECT ${user(n)}, ${text(n)} FROM generate_series(1, ${1 + n(4)})`,
  (n) =>
    `INSERT INTO line SELECT id, ${100 + n(1e8)}, 1 + (SELECT min(id) FROM product), 'new' FROM doc WHERE id % ${20 + n(20)} = ${n(20)}`,
  (n) => `INSERT INTO mark SELECT doc, pos, ${text(n)} FROM line WHERE doc % ${20 + n(20)} = ${n(20)} LIMIT 20`,
  (n) =>
    `INSERT INTO share SELECT ${1000 + n(1e8)}, id, boss, 'new' FROM usr WHERE boss IS NOT NULL ORDER BY abs(id - ${n(60)}) LIMIT 1`,
  (n) => `INSERT INTO note VALUES (${1000 + n(1e8)}, ${n(4) === 0 ? 'NULL' : user(n)}, 'new')`,
  (n) => `INSERT INTO click SELECT ${n(600)}, ${org(n)}, 'new' FROM generate_series(1, ${1 + n(5)})`,
  (n) => `UPDATE click SET at = at + 250 WHERE at % 40 = ${n(40)}`,
  (n) => `UPDATE usr SET last = (SELECT max(d.id) FROM doc d WHERE d.usr = usr.id) WHERE id % 5 = ${n(5)}`,
  (n) => `UPDATE note SET usr = NULL WHERE id = ${1 + n(150)}`,
  (n) => `UPDATE usr SET boss = NULL WHERE id % 10 = ${n(10)}`,
  (n) => `DELETE FROM usr WHERE id = ${user(n)}`,
  (n) => `UPDATE org SET name = ${text(n)} WHERE id = ${org(n)}`,
  (n) => `WITH gone AS (DELETE FROM share WHERE id = ${1 + n(60)} RETURNING *) INSERT INTO share SELECT * FROM gone`,
  (n) => `UPDATE lonely SET v = ${text(n)} WHERE id % 9 = ${n(9)}`,
  () => 'SELECT',
]

/** What crosses from one to another, or takes away what several stand on. */
const crossing: Statement[] = [
  (n) => `UPDATE usr SET org = ${org(n)} WHERE id = ${user(n)}`,
  (n) => `UPDATE doc SET usr = ${user(n)} WHERE id = (SELECT id FROM doc ORDER BY abs(id - ${n(180)}) LIMIT 1)`,
  (n) => `INSERT INTO share VALUES (${1000 + n(1e8)}, ${user(n)}, ${user(n)}, 'across')`,
  (n) => `UPDATE share SET taker = ${user(n)} WHERE id = ${1 + n(60)}`,
  (n) => `UPDATE usr SET boss = ${user(n)} WHERE id = ${user(n)}`,
  (n) => `UPDATE usr SET last = (SELECT id FROM doc ORDER BY abs(id - ${n(180)}) LIMIT 1) WHERE id = ${user(n)}`,
  (n) => {
    const product = `(SELECT min(id) FROM product WHERE id > ${n(29)})`
    return `UPDATE line SET product = (SELECT max(id) FROM product) WHERE product = ${product}; DELETE FROM product WHERE id = ${product}`
  },
  (n) => `UPDATE note SET usr = ${user(n)} WHERE id = ${1 + n(150)}`,
  (n) => `DELETE FROM org WHERE id = ${org(n)} AND (SELECT count(*) FROM org) > 4`,
  (n) => `UPDATE usr SET mail = 'taken' || id WHERE id = ${user(n)}`,
  (n) => `UPDATE line SET pos = pos + 1000 WHERE doc = ${1 + n(180)}`,
]

/** Does a few things, some of which cross from one tenant to another; what the server refuses is not done. */
export async function change(client: Client, random: () => number, crossings: number): Promise<void> {
  const n = (below: number) => Math.floor(random() * below)
  const statements = Array.from({ length: 8 + n(12) }, () => usual[n(usual.length)]!(n))
  for (let left = crossings; left > 0; left--)
    statements.splice(n(statements.length), 0, crossing[n(crossing.length)]!(n))
  for (const statement of statements)
    await client.query(`BEGIN; ${statement}; COMMIT`).catch(() => client.query('ROLLBACK'))
  if (random() < 0.1) await client.query(`VACUUM (FULL) ${Object.keys(keys)[n(7)]!}`)
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  await client.query('SET client_min_messages = error; SET search_path = public')
  return client
}

/** A row, and the tenants that it leads to. */
export interface OwnedRow {
  table: string
  key: string
  row: string
  owners: ReadonlySet<number>
}

type Row = Record<string, string | number | null>

/** All rows, and by the plainest means whose they are. */
export async function readOwned(client: Client): Promise<OwnedRow[]> {
  const read = async (table: string) => {
    const { rows } = await client.query<{ row: Row; text: string }>(
      `SELECT to_jsonb(t) AS row, t::text AS text FROM ${table} t`,
    )
    return rows
  }
  const none: ReadonlySet<number> = new Set()
  const union = (...sets: (ReadonlySet<number> | undefined)[]) => new Set(sets.flatMap((set) => [...(set ?? none)]))
  const found: OwnedRow[] = []
  const owners: Record<string, Map<unknown, ReadonlySet<number>>> = {}
  const add = async (table: string, key: (row: Row) => unknown, ownersOf: (row: Row) => ReadonlySet<number>) => {
    owners[table] = new Map()
    for (const { row, text } of await read(table)) {
      const whose = ownersOf(row)
      owners[table].set(key(row), whose)
      found.push({ table, key: String(key(row)), row: text, owners: whose })
    }
  }
  const of = (table: string, key: unknown) => owners[table]?.get(key) ?? none
  await add(
    'org',
    (row) => row.id,
    (row) => new Set([row.id as number]),
  )
  await add(
    'usr',
    (row) => row.id,
    (row) => of('org', row.org),
  )
  await add(
    'click',
    (row) => JSON.stringify(row),
    (row) => of('org', row.org),
  )
  await add(
    'doc',
    (row) => row.id,
    (row) => of('usr', row.usr),
  )
  await add(
    'share',
    (row) => row.id,
    (row) => union(of('usr', row.giver), of('usr', row.taker)),
  )
  await add(
    'note',
    (row) => row.id,
    (row) => of('usr', row.usr),
  )
  await add(
    'line',
    (row) => `${row.doc} ${row.pos}`,
    (row) => of('doc', row.doc),
  )
  await add(
    'mark',
    (row) => JSON.stringify(row),
    (row) => of('line', `${row.doc} ${row.pos}`),
  )
  for (const table of ['product', 'lonely', 'audit'])
    await add(
      table,
      (row) => row.id ?? JSON.stringify(row),
      () => none,
    )
  return found
}
