/** What happens to whole servers: crashes, standbys, ids used up. The database is `shop`. */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import type { TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { postgresPrograms } from '../servers/postgres-versions.ts'

const run = promisify(execFile)

/** Nothing writes WAL or pages but what the test does. */
export const quiet = {
  fsync: 'on',
  autovacuum: 'off',
  bgwriter_lru_maxpages: 0,
  checkpoint_timeout: '1h',
  wal_writer_delay: '10s',
}

export async function connect(server: TemporaryCluster): Promise<Client> {
  const client = new Client({ connectionString: server.url('shop') })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Uses up transaction ids until the next one is at least `until`. */
export async function burnTo(server: TemporaryCluster, until: bigint): Promise<void> {
  const client = await connect(server)
  for (;;) {
    const { rows } = await client.query('SELECT pg_current_xact_id()::text AS id')
    if (BigInt(rows[0].id) + 1n >= until) break
  }
  await client.end()
}

export async function processOf(server: TemporaryCluster, type: string): Promise<number> {
  const [row] = await server.sql<{ pid: number }>('shop', 'SELECT pid FROM pg_stat_activity WHERE backend_type = $1', [
    type,
  ])
  return row!.pid
}

/** A backend is killed, so the server recovers from its log; it stays the same postmaster. */
export async function crashBackend(server: TemporaryCluster, pid?: number): Promise<void> {
  const client = await connect(server)
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  process.kill(pid ?? rows[0].pid, 'SIGKILL')
  for (let i = 0; i < 200; i++) {
    await sleep(100)
    if (
      await server.sql('shop', 'SELECT 1').then(
        () => true,
        () => false,
      )
    )
      break
  }
  await client.end().catch(() => {})
}

export async function binOf(server: TemporaryCluster): Promise<string> {
  const programs = await postgresPrograms(server.majorVersion as 15)
  if ('unavailable' in programs) throw new Error(programs.unavailable)
  return programs.server
}

/** The server's programs refuse to run as root. */
export async function asServer(program: string, args: string[]): Promise<void> {
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', PGPASSWORD: 'temporary' }
  await run(program, args, { ...account, cwd: '/tmp', env })
}

export async function startStandby(primary: TemporaryCluster, bin: string, folder: string) {
  const port = await freePort()
  const source = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres']
  await asServer(join(bin, 'pg_basebackup'), [...source, '-D', folder, '-R', '-X', 'stream', '-c', 'fast'])
  const flags = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dirname(folder)} -c max_prepared_transactions=10 -c max_connections=60 -c autovacuum=off`
  const control = (...args: string[]) => asServer(join(bin, 'pg_ctl'), ['-D', folder, '-w', '-t', '60', ...args])
  await control('-l', `${folder}.log`, '-o', flags, 'start')
  const url = primary.url('shop').replace(`:${primary.port}/`, `:${port}/`)
  const sql = async (text: string) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }
  return {
    url,
    sql,
    async catchUp() {
      const [{ lsn }] = (await primary.sql<{ lsn: string }>(
        'shop',
        'SELECT pg_current_wal_flush_lsn()::text AS lsn',
      )) as [{ lsn: string }]
      for (let i = 0; i < 1200; i++) {
        const [row] = await sql(`SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS there`)
        if (row.there) return
        await sleep(50)
      }
      throw new Error('The standby does not catch up.')
    },
    async disconnectFromPrimary() {
      await sql("ALTER SYSTEM SET primary_conninfo = ''")
      await sql('SELECT pg_reload_conf()')
      for (let i = 0; i < 1200 && (await sql('SELECT FROM pg_stat_wal_receiver')).length > 0; i++) await sleep(50)
    },
    promote: () => control('promote'),
    async burnTo(until: bigint) {
      while (BigInt((await sql('SELECT pg_current_xact_id()::text AS id'))[0].id) < until);
    },
    stop: () => control('-m', 'immediate', 'stop').catch(() => {}),
  }
}
