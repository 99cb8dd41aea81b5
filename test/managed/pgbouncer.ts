import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { startChildServer } from '../storage/child-server.ts'
import { unpackPackages } from '../storage/debian-packages.ts'

/** How to start PgBouncer here, or why that is not possible. */
export async function findPgBouncer(): Promise<{ command: string[] } | { unavailable: string }> {
  if (existsSync('/usr/sbin/pgbouncer')) return { command: ['/usr/sbin/pgbouncer'] }
  try {
    const packages = await unpackPackages('pgbouncer', 'bookworm', ['pgbouncer'])
    return { command: packages.command('usr/sbin/pgbouncer') }
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message.split('\n')[0]! : String(error) }
  }
}

export interface Pooler {
  port: number
  /** URL of a database of the cluster through the pooler. */
  url(database: string, user?: { name: string; password: string }): string
  stop(): Promise<void>
}

/** A PgBouncer before a throwaway cluster, with the roles in `users` by password. */
export async function startPgBouncer(
  command: string[],
  cluster: TemporaryCluster,
  options: { mode: 'session' | 'transaction' | 'statement'; poolSize?: number; users?: Record<string, string> },
): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-pooler-'))
  const port = await freePort()
  const users = { postgres: 'temporary', ...options.users }
  await writeFile(
    join(folder, 'users.txt'),
    Object.entries(users)
      .map(([name, password]) => `"${name}" "${password}"\n`)
      .join(''),
  )
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=127.0.0.1 port=${cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = ${options.mode}
default_pool_size = ${options.poolSize ?? 20}
max_client_conn = 200
query_wait_timeout = 20
`,
  )
  // It does not run as root.
  const account = userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (account.uid !== undefined) {
    for (const name of ['.', 'users.txt', 'pgbouncer.ini']) await chown(join(folder, name), account.uid, account.gid)
  }
  await chmod(folder, 0o700)
  const [program = '', ...rest] = command
  const server = await startChildServer(program, [...rest, join(folder, 'pgbouncer.ini')], port, account)
  return {
    port,
    url: (database, user = { name: 'postgres', password: 'temporary' }) =>
      cluster.url(database, user).replace(`:${cluster.port}/`, `:${port}/`),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
