import { connect, createServer, type Server } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { refusePooler } from './pooler.ts'
import { openSession } from './session.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql(
    'postgres',
    `CREATE ROLE odd SUPERUSER LOGIN PASSWORD 's3cret canary';
     ALTER ROLE odd SET search_path = 'pg_temp'; ALTER ROLE odd SET DateStyle = 'German'; ALTER ROLE odd SET statement_timeout = '2s';
     ALTER ROLE odd SET default_transaction_read_only = on; ALTER ROLE odd SET row_security = on; ALTER ROLE odd SET jit = on;
     ALTER ROLE odd SET bytea_output = 'escape'; ALTER ROLE odd SET lock_timeout = 1; ALTER ROLE odd SET TimeZone = 'Asia/Tokyo';
     ALTER ROLE odd SET lc_monetary = 'C'; CREATE ROLE poor LOGIN PASSWORD 'poor'; CREATE TABLE secret (n int)`,
  )
})
afterAll(() => cluster.stop())

test('settings are ours whatever the role has set', async () => {
  const url = cluster.url('postgres', { name: 'odd', password: 's3cret canary' })
  const session = await openSession(resolveConnection(url), { application: 'settings', statementTimeoutMs: 45_000 })
  const [row] = await session.query(`SELECT current_setting('search_path') AS search_path,
    current_setting('DateStyle') AS date_style, current_setting('statement_timeout') AS statement_timeout,
    current_setting('lock_timeout') AS lock_timeout, current_setting('TimeZone') AS zone, current_setting('jit') AS jit,
    current_setting('default_transaction_read_only') AS read_only, current_setting('row_security') AS row_security,
    current_setting('bytea_output') AS bytea, current_setting('application_name') AS application`)
  expect(row).toEqual({
    search_path: '',
    date_style: 'ISO, MDY',
    statement_timeout: '45s',
    lock_timeout: '0',
    zone: 'UTC',
    jit: 'off',
    read_only: 'off',
    row_security: 'off',
    bytea: 'hex',
    application: 'lifeboat: settings',
  })
  await session.close()
})

test('every setting that shapes what COPY writes, or how tables are read, is ours', async () => {
  // By name: what the role has set, and what it has to be all the same.
  const settings: Record<string, [string, string]> = {
    IntervalStyle: ['iso_8601', 'postgres'],
    extra_float_digits: ['-5', '1'],
    xmlbinary: ['hex', 'base64'],
    xmloption: ['document', 'content'],
    array_nulls: ['off', 'on'],
    quote_all_identifiers: ['on', 'off'],
    standard_conforming_strings: ['off', 'on'],
    synchronize_seqscans: ['on', 'off'],
    enable_tidscan: ['off', 'on'],
    enable_indexonlyscan: ['on', 'off'],
    max_parallel_workers_per_gather: ['4', '0'],
    default_transaction_isolation: ['serializable', 'read committed'],
    lc_monetary: ['POSIX', 'C'],
  }
  await cluster.sql(
    'postgres',
    `CREATE ROLE strange SUPERUSER LOGIN PASSWORD 'strange'; ALTER DATABASE postgres SET lc_monetary = 'C';
    ${Object.entries(settings)
      .map(([name, [theirs]]) => `ALTER ROLE strange SET ${name} = '${theirs}'`)
      .join(';')}`,
  )
  const url = cluster.url('postgres', { name: 'strange', password: 'strange' })
  const session = await openSession(resolveConnection(url), { application: 'settings' })
  const rows = await session.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [Object.keys(settings)],
  )
  await session.close()
  expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual(
    Object.fromEntries(Object.entries(settings).map(([name, [, ours]]) => [name, ours])),
  )
})

describe('errors say what is wrong, and never the password', () => {
  const canary = 'c4nary-p4ssword'
  const attempts: [string, () => string, string][] = [
    ['wrong password', () => cluster.url('postgres', { name: 'odd', password: canary }), 'DATABASE_AUTH'],
    ['no such role', () => cluster.url('postgres', { name: 'nobody', password: canary }), 'DATABASE_AUTH'],
    ['no such database', () => `${cluster.url('missing')}?application_name=${canary}`, 'DATABASE_NOT_FOUND'],
    ['nothing listening', () => `postgresql://odd:${canary}@127.0.0.1:1/postgres`, 'DATABASE_UNREACHABLE'],
    ['no such socket', () => `postgresql://odd:${canary}@/postgres?host=/nowhere`, 'DATABASE_UNREACHABLE'],
    ['no such host', () => `postgresql://odd:${canary}@host.invalid/postgres`, 'DATABASE_UNREACHABLE'],
    ['TLS asked of a server without', () => `${cluster.url()}?sslmode=require`, 'DATABASE_TLS'],
  ]
  test.each(attempts)('%s', async (_, url, code) => {
    const error = await openSession(resolveConnection(url()), { application: 'test' }).catch((caught) => caught)
    expect(error).toMatchObject({ code })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(canary)
  })

  test('a server that does not answer', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const opening = openSession(resolveConnection(`postgresql://odd:${canary}@127.0.0.1:${port}/x`), {
      application: 'test',
      connectTimeoutMs: 200,
    })
    await expect(opening).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', retryable: true })
    silent.close()
  })

  test('too few rights, an ended backend, an aborted start', async () => {
    const poor = await openSession(resolveConnection(cluster.url('postgres', { name: 'poor', password: 'poor' })), {
      application: 'test',
    })
    await expect(poor.query('TABLE public.secret')).rejects.toMatchObject({ code: 'DATABASE_RIGHTS' })
    const sleeping = expect(poor.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    await cluster.sql('postgres', 'SELECT pg_terminate_backend($1, 5000)', [poor.backendPid])
    await sleeping
    await expect(poor.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    await poor.close()
    await expect(
      openSession(resolveConnection(cluster.url()), { application: 'test', signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('a pooler', () => {
  /** Gives its clients an invented process id, as PgBouncer and its like do, and shares one server connection. */
  let pooler: Server
  let url: string
  beforeAll(async () => {
    pooler = createServer((client) => {
      const server = connect(cluster.port, '127.0.0.1')
      client.pipe(server)
      let early = true
      server.on('data', (bytes: Buffer) => {
        const key = early ? bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12])) : -1
        if (key >= 0) {
          bytes.writeInt32BE(1_234_567, key + 5)
          early = false
        }
        client.write(bytes)
      })
      for (const socket of [client, server]) {
        socket.on('error', () => {})
        socket.on('close', () => {
          client.destroy()
          server.destroy()
        })
      }
    })
    await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve))
    url = cluster.url().replace(String(cluster.port), String((pooler.address() as { port: number }).port))
  })
  afterAll(() => {
    pooler.close()
  })

  // PgBouncer itself, in each of its modes: test/managed/pooler.test.ts.
  test('that keeps sessions is as good as the server', async () => {
    const session = await openSession(resolveConnection(url), { application: 'test' })
    expect(session.parameters.sessionPooler).toBe(true)
    await refusePooler(session)
    await session.close()
  })

  test('that passes the id through is known by what it forgets', async () => {
    const session = await openSession(resolveConnection(cluster.url()), { application: 'test' })
    await refusePooler(session)
    await session.query('DISCARD ALL')
    await expect(refusePooler(session)).rejects.toMatchObject({ code: 'DATABASE_POOLER' })
    await session.close()
  })
})
