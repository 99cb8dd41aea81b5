/** Random histories of a small cluster in which often nothing happens: all that takes, keeps or ends a transaction id. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'

export interface IdleWorkload {
  /** One thing, or nothing; `gently`: nothing that ends the sessions of others. */
  step(options?: { gently?: boolean }): Promise<void>
  /** Ends what is open. */
  end(): Promise<void>
  /** How often each kind of thing was done. */
  readonly done: Map<string, number>
}

/** What is compared, under each snapshot; `logs` is only written by a trigger of the marker's table. */
export const permanentTables = ['a', 'b', 'logs'] as const

const schema = `
  DROP SCHEMA IF EXISTS w CASCADE; CREATE SCHEMA w; DROP SCHEMA IF EXISTS lifeboat CASCADE;
  CREATE TABLE w.a (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = false);
  CREATE TABLE w.b (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = false, fillfactor = 50);
  CREATE TABLE w.logs (at timestamptz);
  CREATE UNLOGGED TABLE w.u (id int);
  CREATE SEQUENCE w.s;
  CREATE FUNCTION w.log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO w.logs VALUES (now()); RETURN NEW; END';
  INSERT INTO w.a SELECT i, 'a' || i FROM generate_series(1, 300) i;
  INSERT INTO w.b SELECT i, 'b' || i FROM generate_series(1, 300) i;
  INSERT INTO w.u SELECT i FROM generate_series(1, 10) i`

/** Prepared transactions of a history before, that ended in the middle. */
const leftBehind = `SELECT format('ROLLBACK PREPARED %L', gid) AS text FROM pg_prepared_xacts`

export async function startIdleWorkload(cluster: TemporaryCluster, random: () => number): Promise<IdleWorkload> {
  const done = new Map<string, number>()
  const connect = async () => {
    const client = new Client({ connectionString: cluster.socketUrl('shop') })
    client.on('error', () => {})
    await client.connect()
    await client.query("SET lock_timeout = '10ms'; SET client_min_messages = error")
    return client
  }
  const below = (bound: number) => Math.floor(random() * bound)
  const table = () => `w.${'ab'[below(2)]}`
  const writes = [
    () => `INSERT INTO ${table()} VALUES (${1000 + below(1e9)}, 'new')`,
    () => `UPDATE ${table()} SET v = v || 'x' WHERE id = ${1 + below(300)}`,
    () => `DELETE FROM ${table()} WHERE id = ${1 + below(300)}`,
    () => `SAVEPOINT one; UPDATE ${table()} SET v = 'sub' WHERE id = ${1 + below(300)}; RELEASE one`,
    () => `SAVEPOINT one; DELETE FROM ${table()} WHERE id = ${1 + below(300)}; ROLLBACK TO one`,
    () => `SELECT FROM ${table()} WHERE id < ${below(300)} FOR UPDATE`,
    () => `INSERT INTO w.u SELECT i FROM generate_series(1, 5) i`,
  ]
  const write = () => writes[below(writes.length)]!()

  let main = await connect()
  for (const { text } of (await main.query(leftBehind)).rows) await main.query(text)
  await main.query(schema)
  const hasSurgery = random() < 0.1
  if (hasSurgery)
    await main.query(`CREATE FUNCTION w.heap_force_kill(regclass, tid[]) RETURNS void LANGUAGE c STRICT
      AS '$libdir/pg_surgery', 'heap_force_kill'`)
  let open = new Map<number, Client>()
  let prepared: string[] = []
  let number = 0

  /** A backend is killed: the server recovers, and its start stays what it was. */
  async function crash(): Promise<void> {
    const before = await checkpointer(main)
    const { rows } = await main.query('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGKILL')
    await reconnect(before)
  }

  const checkpointer = async (client: Client): Promise<number> =>
    (await client.query(`SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'`)).rows[0].pid

  /** `but`: the checkpointer of a server that has not noticed yet. */
  async function reconnect(but?: number): Promise<void> {
    await Promise.all([main, ...open.values()].map((client) => client.end().catch(() => {})))
    open = new Map()
    for (let attempt = 0; ; attempt++) {
      const again = await connect().catch((error: unknown) => {
        if (attempt > 600) throw error
        return null
      })
      if (again && (await checkpointer(again).catch(() => but)) !== but) {
        main = again
        break
      }
      await again?.end().catch(() => {})
      await sleep(20)
    }
  }

  const acts: Record<string, { weight: number; act: () => Promise<unknown> }> = {
    nothing: { weight: 30, act: async () => {} },
    'read only': {
      weight: 8,
      act: () => main.query('BEGIN; SELECT count(*) FROM w.a; SAVEPOINT one; SELECT count(*) FROM w.b; COMMIT'),
    },
    nextval: { weight: 8, act: () => main.query(`SELECT nextval('w.s') FROM generate_series(1, ${1 + below(3)})`) },
    vacuum: { weight: 5, act: () => main.query(`VACUUM ${['', '(FREEZE)', '(ANALYZE)'][below(3)]} ${table()}`) },
    checkpoint: { weight: 3, act: () => main.query('CHECKPOINT') },
    written: {
      weight: 8,
      act: () =>
        main.query(
          `SET synchronous_commit = ${['on', 'off'][below(2)]}; BEGIN; ${write()}; ${['COMMIT', 'ROLLBACK'][below(2)]}`,
        ),
    },
    'rewritten or emptied': {
      weight: 1,
      act: () =>
        main.query([`VACUUM FULL ${table()}`, `TRUNCATE ${table()}`, `ALTER TABLE ${table()} ADD x int`][below(3)]!),
    },
    'written elsewhere': { weight: 2, act: () => cluster.sql('postgres', 'CREATE TEMP TABLE x (y int)') },
    begun: {
      weight: 14,
      async act() {
        if (open.size === 3) return
        const client = await connect()
        open.set(++number, client)
        await client.query('BEGIN')
        // A transaction without a number yet; its number comes when it goes on.
        if (random() < 0.7) await client.query(write())
      },
    },
    'gone on': {
      weight: 6,
      act: async () => [...open.values()][below(open.size)]?.query(write()),
    },
    ended: {
      weight: 12,
      async act() {
        const [key, client] = [...open][below(open.size)] ?? []
        if (!client) return
        open.delete(key!)
        const way = random()
        if (way < 0.3) {
          prepared.push(`p${key}`)
          await client.query(`PREPARE TRANSACTION 'p${key}'`)
        } else await client.query(way < 0.8 ? 'COMMIT' : 'ROLLBACK')
        await client.end()
      },
    },
    'prepared ended': {
      weight: 10,
      act: async () =>
        prepared.length > 0 && main.query(`${['COMMIT', 'ROLLBACK'][below(2)]} PREPARED '${prepared.pop()}'`),
    },
    'trigger on the marker': {
      weight: 2,
      act: () =>
        main.query(
          'CREATE OR REPLACE TRIGGER log BEFORE INSERT ON lifeboat.marker FOR EACH ROW EXECUTE FUNCTION w.log()',
        ),
    },
    'row killed by pg_surgery': {
      weight: hasSurgery ? 12 : 0,
      act: () => main.query(`SELECT w.heap_force_kill('w.a', ARRAY[(SELECT min(ctid) FROM w.a)])`),
    },
    crash: { weight: 2, act: crash },
    restart: {
      weight: 0.4,
      async act() {
        await cluster.shutdown(random() < 0.5 ? 'fast' : 'immediate')
        await cluster.start()
        await reconnect()
      },
    },
  }
  const sum = Object.values(acts).reduce((total, { weight }) => total + weight, 0)
  const choose = (at: number): string => {
    let end = 0
    for (const [kind, { weight }] of Object.entries(acts)) {
      end += weight
      if (at < end) return kind
    }
    return 'nothing'
  }

  return {
    done,
    async step({ gently = false } = {}) {
      const kind = choose(random() * sum)
      const { act } = acts[kind]!
      if (gently && (kind === 'crash' || kind === 'restart')) return
      try {
        await act()
        done.set(kind, (done.get(kind) ?? 0) + 1)
      } catch {
        // Somebody holds a lock, or a savepoint has no transaction: then it did nothing, or ended one.
        for (const client of [main, ...open.values()]) await client.query('ROLLBACK').catch(() => {})
        for (const client of open.values()) await client.end().catch(() => {})
        open = new Map()
      }
    },
    async end() {
      await Promise.all([main, ...open.values()].map((client) => client.end().catch(() => {})))
      prepared = []
    },
  }
}
