import { connect } from 'node:net'
import { Client } from 'pg'
import { connectClient } from './connect-client.ts'
import type { ConnectionParameters } from './connection.ts'

/** What the server gave us at connect to prove that a cancel request is ours. */
export interface CancelKey {
  processID: number
  secretKey: number
}

const cancelRequestCode = 80_877_102

/**
 * Asks the server, over a connection of its own, to stop what a backend is doing. Resolves when the server has taken
 * the request (it closes the connection then), or after `timeoutMs`; never rejects, because its callers close the
 * session in either case. Sent without TLS, as libpq did for decades: the request is read before any access rule, and
 * holds nothing but a key that is worthless once the session ends.
 */
export function sendCancelRequest(
  { host, port }: ConnectionParameters,
  key: CancelKey,
  timeoutMs = 1000,
): Promise<void> {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(cancelRequestCode, 4)
  message.writeInt32BE(key.processID, 8)
  message.writeInt32BE(key.secretKey, 12)
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    socket.on('error', () => {})
    socket.on('connect', () => socket.end(message))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.resume()
  })
}

/** The same by SQL, over a connection of its own; for poolers. Never rejects. */
export async function cancelBySql(parameters: ConnectionParameters, backendPid: number): Promise<void> {
  try {
    const { client } = await connectClient(parameters, (_, config) => {
      const fresh = new Client({ ...config, connectionTimeoutMillis: 3000, application_name: 'lifeboat: cancel' })
      return fresh.on('error', () => {})
    })
    await client.query('SELECT pg_catalog.pg_cancel_backend($1)', [backendPid]).catch(() => {})
    await client.end()
  } catch {
    // The server ends a backend without a client by itself (client_connection_check_interval).
  }
}
