import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { scramVerifier } from '../postgres/scram-verifier.ts'
import { makeDataDirectory } from './data-directory.ts'
import { freePort } from './free-port.ts'
import { runAsServer, serverAccount } from './server-account.ts'

/**
 * A throwaway PostgreSQL cluster for tests: made by initdb in a temporary folder, run by an unprivileged user, reached
 * over a unix socket and a free TCP port, gone after {@link TemporaryCluster.stop}.
 *
 * Never point a test at a server it did not start.
 */
export interface TemporaryCluster {
  readonly port: number
  readonly socketDirectory: string
  readonly dataDirectory: string
  readonly majorVersion: number
  /** URL of a database as the cluster's superuser `postgres` over TCP (password in the URL). */
  url(database?: string, user?: { name: string; password: string }): string
  /** The same over the unix socket. */
  socketUrl(database?: string): string
  /**
   * Creates a database and returns its URL. One that has the name already is dropped first, with the sessions in it, so
   * that a test that runs again starts with an empty database.
   */
  createDatabase(name: string, options?: { template?: string; owner?: string }): Promise<string>
  /** Runs SQL in a database as superuser; the rows of the last statement. */
  sql<Row = Record<string, unknown>>(database: string, text: string, values?: unknown[]): Promise<Row[]>
  /** Stops the server the way pg_ctl does; `immediate` is a crash. */
  shutdown(mode: 'smart' | 'fast' | 'immediate'): Promise<void>
  /** Starts it again on the same folder. */
  start(): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

/** How a temporary cluster is made. */
export interface ClusterOptions {
  /** Folder with initdb and pg_ctl; default: the newest below /usr/lib/postgresql, else the PATH. */
  binDirectory?: string
  /** Lines for postgresql.conf, e.g. `{ max_prepared_transactions: 10 }`. */
  settings?: Record<string, string | number | boolean>
  /** Arguments for initdb, e.g. `['--locale-provider=icu', '--icu-locale=en']`. */
  initdbArguments?: string[]
}

const password = 'temporary'

/**
 * The password as the server keeps it, hashed once instead of 4,096 times: a client hashes as often as the server says, and
 * a run of tests connects some ten thousand times.
 */
const storedPassword = scramVerifier(password, 1)

/** A PostgreSQL server of its own for a test, on a free port; `stop()` ends it and removes its files. */
export async function startTemporaryCluster(options: ClusterOptions = {}): Promise<TemporaryCluster> {
  const bin = options.binDirectory ?? (await newestBinDirectory())
  const account = serverAccount()
  const root = await mkdtemp(join(tmpdir(), 'lifeboat-pg-'))
  const dataDirectory = join(root, 'data')
  const port = await freePort()
  const passwordFile = join(root, 'password')
  await writeFile(passwordFile, `${storedPassword}\n`, { mode: 0o600 })
  // Whatever the umask of this process, the server's user must be able to read it.
  if (account) for (const path of [passwordFile, root]) await chown(path, account.uid, account.gid)
  await makeDataDirectory({
    dataDirectory,
    binDirectory: bin,
    initdbArguments: [
      ...['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile=password', '-E', 'UTF8', '--no-locale', '--no-sync'],
      ...(options.initdbArguments ?? []),
    ],
  })
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: 60,
    max_prepared_transactions: 10,
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    log_min_messages: 'warning',
    // To compile a query takes longer than any query of a test.
    jit: 'off',
    ...options.settings,
  }
  const flags = Object.entries({ ...settings, port, unix_socket_directories: root, listen_addresses: '127.0.0.1' })
    .map(([name, value]) => `-c ${name}='${String(value)}'`)
    .join(' ')
  const control = (...args: string[]) =>
    runAsServer(join(bin, 'pg_ctl'), ['-D', dataDirectory, '-w', '-t', '200', ...args], root)
  const start = () => control('-l', join(root, 'log'), '-o', flags, 'start')
  const shutdown = (mode: string) => control('-m', mode, 'stop')
  await start()

  const url = (database = 'postgres', user = { name: 'postgres', password }) =>
    `postgresql://${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  const connected = async <Result>(database: string, work: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = new Client({
      ...{ host: '127.0.0.1', port, user: 'postgres', password, database },
      application_name: 'test',
    })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const sql = <Row>(database: string, text: string, values?: unknown[]): Promise<Row[]> =>
    connected(database, async (client) => {
      const result = await client.query(text, values)
      return (Array.isArray(result) ? result.at(-1) : result).rows as Row[]
    })
  const [{ server_version_num }] = (await sql<{ server_version_num: string }>(
    'postgres',
    'SHOW server_version_num',
  )) as [{ server_version_num: string }]
  return {
    port,
    socketDirectory: root,
    dataDirectory,
    majorVersion: Math.floor(Number(server_version_num) / 10_000),
    url,
    socketUrl: (database = 'postgres') =>
      `postgresql://postgres:${password}@/${encodeURIComponent(database)}?host=${encodeURIComponent(root)}&port=${port}`,
    sql,
    async createDatabase(name, { template = 'template0', owner } = {}) {
      const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`
      await connected('postgres', async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`)
        await client.query(
          `CREATE DATABASE ${quote(name)} TEMPLATE ${quote(template)} STRATEGY file_copy${owner ? ` OWNER ${quote(owner)}` : ''}`,
        )
      })
      return url(name)
    },
    shutdown,
    start,
    async stop() {
      await shutdown('immediate').catch(() => {})
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function newestBinDirectory(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [] as string[])
  const newest = versions
    .map(Number)
    .filter(Boolean)
    .sort((a, b) => b - a)[0]
  if (newest === undefined)
    throw new Error('There is no PostgreSQL server below /usr/lib/postgresql. Install it: apt-get install postgresql')
  return `/usr/lib/postgresql/${newest}/bin`
}
