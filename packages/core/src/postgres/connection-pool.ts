import { Client, type ClientConfig, Pool } from 'pg'
import { clientConfig, connectClient } from './connect-client.ts'
import { type ConnectionParameters, describeConnection, resolveConnection } from './connection.ts'
import { databaseError } from './database-errors.ts'

/** A pool lent to a library of the host (a migrator), which can be ended from outside. */
export interface ConnectionPool {
  pool: Pool
  /** Ends the pool; connections still at work are let finish first. */
  close(): Promise<void>
}

/**
 * Opens a pool on `database`, a URL or its parsed parameters. When `signal` fires, the server is asked to end the
 * pool's backends, so that a caller that waits for a statement gets an error at once instead of when the statement is
 * done.
 */
export async function openConnectionPool(
  database: string | ConnectionParameters,
  options: { application: string; signal: AbortSignal; max?: number },
): Promise<ConnectionPool> {
  const { application, signal, max = 4 } = options
  // Not pg's own reading of a URL, to which sslmode=require means verify-full.
  const settled = await settleTls(typeof database === 'string' ? resolveConnection(database) : database)
  const connection = { ...clientConfig(settled), application_name: `lifeboat: ${application}` }
  const pool = new Pool({ ...connection, max })
  const backends = new Set<number>()
  // Without a listener the end of an idle connection would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    const { processID } = client as typeof client & { processID?: number }
    if (processID === undefined) return
    backends.add(processID)
    client.on('end', () => backends.delete(processID))
    client.on('error', () => {})
  })
  const onAbort = () => {
    terminateBackends(connection, [...backends]).catch(() => {})
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  let closing: Promise<void> | undefined
  return {
    pool,
    close() {
      signal.removeEventListener('abort', onAbort)
      closing ??= pool.end()
      return closing
    },
  }
}

/** Where TLS is "where it works", one connection finds out whether it does: those of a pool do not try twice. */
export async function settleTls(wanted: ConnectionParameters): Promise<ConnectionParameters> {
  if (!wanted.ssl || !['prefer', 'allow'].includes(wanted.ssl.mode)) return wanted
  try {
    const { client, parameters } = await connectClient(wanted, (_, config) =>
      new Client({ connectionTimeoutMillis: 10_000, ...config }).on('error', () => {}),
    )
    await client.end()
    return parameters
  } catch (error) {
    throw databaseError(error, `connecting to ${describeConnection(wanted)}`)
  }
}

async function terminateBackends(connection: ClientConfig, backends: number[]): Promise<void> {
  if (backends.length === 0) return
  const client = new Client({ ...connection, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [backends])
  } finally {
    await client.end()
  }
}
