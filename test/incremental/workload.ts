/** Random changes of a small database, of every kind that change detection must see or may overlook. */
import { Client } from 'pg'
import { changesSince, definitionChanges } from './definition-changes.ts'
import { type Pick, rowChanges } from './row-changes.ts'

export interface Workload {
  /** Does a few things, and leaves transactions open that end in a later round. */
  round(): Promise<void>
  /** Ends what is open. */
  end(): Promise<void>
  /** How often each kind of change has succeeded. */
  readonly succeeded: Map<string, number>
}

type Random = () => number

const changes = { ...rowChanges, ...definitionChanges }

const schema = `
  DROP SCHEMA IF EXISTS w CASCADE; CREATE SCHEMA w;
  CREATE TYPE w.mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TYPE w.pair AS (x int, y text);
  CREATE DOMAIN w.short AS varchar(40);
  CREATE TABLE w.row_source (x int, y int);
`
const table = (name: string, index: number) => `
  CREATE TABLE w.${name} (id int PRIMARY KEY, n int, v text, at timestamptz, m w.mood, p w.pair, s w.short, r w.row_source${index % 2 ? ', gen int GENERATED ALWAYS AS (n + 1) STORED' : ''})
    WITH (fillfactor = ${[100, 60, 80, 100][index % 4]}, autovacuum_enabled = false);
  INSERT INTO w.${name} SELECT i, i % 7, repeat(md5(i::text), 1 + i % 5), '2026-01-01'::timestamptz + i * interval '1 min',
    'ok', (i, 'y')::w.pair, 's' || i, (i, i)::w.row_source FROM generate_series(1, ${100 + 150 * index}) i;`

/** Every kind of change that a version of PostgreSQL knows. */
export const kindsOfChange = (majorVersion: number) => [
  ...kindsOfStatement(majorVersion),
  'left open, committed',
  'left open, rolled back',
  'prepared, committed',
  'prepared, rolled back',
]

const kindsOfStatement = (majorVersion: number) =>
  Object.keys(changes).filter((kind) => (changesSince[kind] ?? 0) <= majorVersion)

/** `lane`: tells apart what histories that run beside each other make of the whole cluster. */
export async function startWorkload(url: string, random: Random, lane = 1): Promise<Workload> {
  const clients = await Promise.all(
    [0, 1, 2].map(async () => {
      const client = new Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      await client.query('SET client_min_messages = error')
      return client
    }),
  )
  const [main, left, right] = clients as [Client, Client, Client]
  const version = await main.query('SHOW server_version_num')
  await prepare(main)
  const names = ['a', 'b', 'c', 'd']
  await main.query(schema + names.map(table).join(''))
  // From here on changes give way; what they begin with waits for a session of the seed before, or for autovacuum.
  for (const client of clients) await client.query("SET lock_timeout = '10ms'")

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
  const kinds = kindsOfStatement(Math.floor(Number(version.rows[0].server_version_num) / 10_000))
  const rows = Object.keys(rowChanges)
  const open = new Map<Client, 'plain' | 'prepared'>()
  const preparedAs = (client: Client) => `'lane ${lane}, ${client === left ? 'left' : 'right'}'`

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
      await client.query(`PREPARE TRANSACTION ${preparedAs(client)}`)
      open.set(client, 'prepared')
    } else open.set(client, 'plain')
  }

  async function finish(client: Client): Promise<void> {
    const how = open.get(client)
    if (!how) return
    open.delete(client)
    const commit = random() < 0.7
    const name = preparedAs(client)
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
        const rowsOnly = random() < 0.45
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

/** What is of the whole cluster or database, and so there already after the first time. */
async function prepare(main: Client): Promise<void> {
  await main.query('SET allow_in_place_tablespaces = on')
  for (const statement of [
    "CREATE TABLESPACE elsewhere LOCATION ''",
    'CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler',
  ])
    await main.query(statement).catch((error: { code?: string }) => {
      // There already, or made by another lane at this very moment.
      if (error.code !== '42710' && error.code !== '23505') throw error
    })
}
