import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { copyOutTogether } from './copy-out-together.ts'
import { openSession, type Session } from './session.ts'

let cluster: TemporaryCluster
let session: Session
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  session = await openSession(resolveConnection(cluster.url('postgres')), { application: 'test', copyReader: true })
})
afterAll(async () => {
  await session?.close()
  await cluster?.stop()
})

/** What each of some COPYs gave. */
function collected(queries: readonly string[]) {
  const seen = queries.map(() => ({ text: '', rows: -1 }))
  const copies = queries.map((query, position) => ({
    sql: `COPY (${query}) TO STDOUT`,
    onData: (bytes: Buffer) => {
      seen[position]!.text += bytes.toString('latin1')
    },
    onEnd: (rows: number) => {
      seen[position]!.rows = rows
    },
  }))
  return { seen, copies }
}

test('each gets its own bytes and its own count, empty ones and large ones among them', async () => {
  const sizes = Array.from({ length: 120 }, (_, n) => (n % 7 === 0 ? 0 : n % 50 === 1 ? 40_000 : n))
  const queries = sizes.map((rows, n) => `SELECT ${n}, repeat('x', i % 90) FROM generate_series(1, ${rows}) i`)
  const { seen, copies } = collected(queries)
  await copyOutTogether(session, copies)
  for (const [n, rows] of sizes.entries()) {
    expect(seen[n]?.rows).toBe(rows)
    const text = Array.from({ length: rows }, (_, i) => `${n}\t${'x'.repeat((i + 1) % 90)}\n`).join('')
    expect(seen[n]?.text === text).toBe(true)
  }
})

test('the one that fails is known, those before it are whole, and the session goes on', async () => {
  await session.query('BEGIN')
  await session.query('SAVEPOINT job')
  const { seen, copies } = collected([
    'SELECT 1',
    'SELECT 2',
    'SELECT 1 / (i - 3) FROM generate_series(1, 5) i',
    'SELECT 4',
  ])
  const failed: number[] = []
  const running = copyOutTogether(session, copies, (position) => failed.push(position))
  await expect(running).rejects.toMatchObject({ detail: { sqlstate: '22012' } })
  expect(failed).toEqual([2])
  expect(seen.map(({ rows }) => rows)).toEqual([1, 1, -1, -1])
  await session.query('ROLLBACK TO SAVEPOINT job')
  await session.query('COMMIT')
  const again = collected(['SELECT 5', 'SELECT 6'])
  await copyOutTogether(session, again.copies)
  expect(again.seen.map(({ text }) => text)).toEqual(['5\n', '6\n'])
})

test('what the consumer throws ends them all and comes out; so does the end of the session', async () => {
  const { copies } = collected(['SELECT 1', 'SELECT 2', 'SELECT generate_series(1, 1000000000)'])
  const refusing = copies.map((copy, position) => ({
    ...copy,
    onData: (bytes: Buffer) => {
      if (position === 1) throw new Error('no room')
      copy.onData(bytes)
    },
  }))
  await expect(copyOutTogether(session, refusing)).rejects.toThrow('no room')
  expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])

  const other = await openSession(resolveConnection(cluster.url('postgres')), { application: 'ends', copyReader: true })
  const asleep = collected(['SELECT 1', 'SELECT pg_sleep(600)'])
  const sleeping = copyOutTogether(other, asleep.copies)
  sleeping.catch(() => {})
  const running = `SELECT 1 FROM pg_stat_activity WHERE pid = ${other.backendPid} AND wait_event = 'PgSleep'`
  while ((await cluster.sql('postgres', running)).length === 0);
  await cluster.sql('postgres', `SELECT pg_terminate_backend(${other.backendPid})`)
  await expect(sleeping).rejects.toMatchObject({ name: 'EngineError' })
  await other.close()
})
