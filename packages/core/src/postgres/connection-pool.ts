import { Client, type ClientConfig, Pool } from 'pg'
import type { ConnectionParameters } from './connection.ts'
import { clientConfig } from './session.ts'

/** A pool lent to somebody else's library (a migrator), which can be ended from outside. */
export interface ConnectionPool {
  pool: Pool
  /** Ends the pool; connections still at work are let finish first. */
  close(): Promise<void>
}

/**
 * Opens a pool on `database`, a URL or where that leads. When `signal` fires, the server is told to end its backends, so that whoever waits
 * for a statement gets an error at once instead of when the statement is done.
 */
export function openConnectionPool(
  database: string | ConnectionParameters,
  options: { application: string; signal: AbortSignal; max?: number },
): ConnectionPool {
  const { application, signal, max = 4 } = options
  const connection = {
    ...(typeof database === 'string' ? { connectionString: database } : clientConfig(database)),
    application_name: `lifeboat: ${application}`,
  }
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
