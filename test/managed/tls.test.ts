import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openConnectionPool } from '../../packages/core/src/postgres/connection-pool.ts'
import { openSession } from '../../packages/core/src/postgres/session.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

let certificates: Certificates
let secure: TemporaryCluster
let plain: TemporaryCluster
let folder: string
beforeAll(async () => {
  certificates = await makeCertificates()
  const { cert, key } = certificates
  secure = await startTemporaryCluster({
    settings: { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key, listen_addresses: 'localhost' },
  })
  plain = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-tls-test-'))
  await secure.createDatabase('app')
  await secure.sql('app', 'CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes SELECT generate_series(1, 100)')
  for (const name of ['demanding', 'refusing'])
    await secure.sql('postgres', `CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD 'p'`)
  const hba = join(secure.dataDirectory, 'pg_hba.conf')
  const lines = ['hostnossl all demanding all reject', 'hostssl all refusing all reject']
  await writeFile(hba, `${lines.join('\n')}\n${await readFile(hba, 'utf8')}`)
  await secure.sql('postgres', 'SELECT pg_reload_conf()')
})
afterAll(async () => {
  await Promise.all([secure?.stop(), plain?.stop()])
  await certificates?.remove()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Host `localhost`, which the certificate is for, unless another one is named. */
const at = (cluster: TemporaryCluster, query: string, user = 'postgres', host = 'localhost') =>
  `${cluster.url('postgres', { name: user, password: user === 'postgres' ? 'temporary' : 'p' }).replace('127.0.0.1', host)}${query}`

async function usesTls(url: string): Promise<boolean> {
  const session = await openSession(resolveConnection(url), { application: 'test' })
  try {
    const [row] = await session.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    expect(Boolean(session.parameters.ssl)).toBe(row?.ssl)
    return row?.ssl ?? false
  } finally {
    await session.close()
  }
}

test.each<[string, () => string, boolean]>([
  ['a server with TLS, and nothing said', () => at(secure, ''), true],
  ['prefer', () => at(secure, '?sslmode=prefer'), true],
  ['allow, where plain will do', () => at(secure, '?sslmode=allow'), false],
  ['disable', () => at(secure, '?sslmode=disable'), false],
  ['require', () => at(secure, '?sslmode=require'), true],
  ['no-verify', () => at(secure, '?sslmode=no-verify'), true],
  ['verify-full', () => at(secure, `?sslmode=verify-full&sslrootcert=${certificates.ca}`), true],
  [
    'verify-ca by another name',
    () => at(secure, `?sslmode=verify-ca&sslrootcert=${certificates.ca}`, 'postgres', '127.0.0.1'),
    true,
  ],
  ['require, bound to the session', () => at(secure, '?sslmode=require&channel_binding=require'), true],
  ['the newest protocol only', () => at(secure, '?sslmode=require&ssl_min_protocol_version=TLSv1.3'), true],
  ['a server without TLS, and nothing said', () => at(plain, '', 'postgres', '127.0.0.1'), false],
  ['a server without TLS, and allow', () => at(plain, '?sslmode=allow', 'postgres', '127.0.0.1'), false],
  ['a role that is let in by TLS only, and nothing said', () => at(secure, '', 'demanding'), true],
  ['a role that is let in by TLS only, and allow', () => at(secure, '?sslmode=allow', 'demanding'), true],
  ['a role that is let in without TLS only, and nothing said', () => at(secure, '', 'refusing'), false],
  ['prefer, and an authority that did not sign', () => at(secure, `?sslrootcert=${certificates.otherCa}`), false],
])('%s: TLS is used as libpq would', async (_, url, expected) => {
  expect(await usesTls(url())).toBe(expected)
})

test.each<[string, () => string, string, RegExp]>([
  [
    'an authority nobody knows',
    () => at(secure, '?sslmode=verify-full'),
    'DATABASE_TLS',
    /sslrootcert|NODE_EXTRA_CA_CERTS/,
  ],
  [
    'another authority',
    () => at(secure, `?sslmode=verify-ca&sslrootcert=${certificates.otherCa}`),
    'DATABASE_TLS',
    /sslrootcert/,
  ],
  [
    'require with another authority',
    () => at(secure, `?sslmode=require&sslrootcert=${certificates.otherCa}`),
    'DATABASE_TLS',
    /sslrootcert/,
  ],
  [
    'another host name',
    () => at(secure, `?sslmode=verify-full&sslrootcert=${certificates.ca}`, 'postgres', '127.0.0.1'),
    'DATABASE_TLS',
    /host name/,
  ],
  ['a server without TLS', () => at(plain, '?sslmode=require', 'postgres', '127.0.0.1'), 'DATABASE_TLS', /ssl on/],
  [
    'bound to a session without TLS',
    () => at(plain, '?channel_binding=require', 'postgres', '127.0.0.1'),
    'DATABASE_TLS',
    /./,
  ],
  [
    'a role that TLS is demanded of',
    () => at(secure, '?sslmode=disable', 'demanding'),
    'DATABASE_AUTH',
    /sslmode=require/,
  ],
])('%s is a failure that says so', async (_, url, code, advice) => {
  const error = await openSession(resolveConnection(url()), { application: 'test' }).catch((caught) => caught)
  expect(error).toMatchObject({ code, advice: expect.stringMatching(advice), retryable: false })
  expect(String(error)).not.toContain('refused a statement')
})

test('a pool that is lent reads sslmode as libpq does, not as its driver', async () => {
  const { signal } = new AbortController()
  for (const [url, ssl] of [
    [at(secure, '?sslmode=require'), true],
    [at(secure, ''), true],
    [at(plain, '', 'postgres', '127.0.0.1'), false],
  ] as const) {
    const { pool, close } = await openConnectionPool(url, { application: 'test', signal })
    const { rows } = await pool.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    expect(rows).toEqual([{ ssl }])
    await close()
  }
})

test('verify-full by a well-known authority works with the client tools of any version', async () => {
  const url = at(secure, '?sslmode=verify-full').replace('/postgres?', '/app?')
  const program = fileURLToPath(new URL('backup-program.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, join(folder, 'repository')], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificates.ca },
  })
  expect(stdout).toContain('restored 100')
})
