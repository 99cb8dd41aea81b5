import { userInfo } from 'node:os'
import { type Client, type ClientConfig, DatabaseError } from 'pg'
import { EngineError } from '../errors.ts'
import type { ConnectionParameters } from './connection.ts'
import { isTlsFailure, sqlState } from './database-errors.ts'

/** A client that is connected, and the parameters by which it is: with TLS or without, no longer "where it works". */
export interface ConnectedClient {
  client: Client
  parameters: ConnectionParameters
}

/**
 * Connects, trying what the mode of TLS allows, in the order of libpq: `prefer` first with TLS and then without,
 * `allow` the other way round. `make` gives the client of an attempt.
 *
 * @throws what the last attempt failed with; where the server spoke no TLS at all, nothing of TLS.
 */
export async function connectClient(wanted: ConnectionParameters, make: MakeClient): Promise<ConnectedClient> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(wanted, make)
    } catch (error) {
      // A session that has just ended still counts for a moment, which matters where few are allowed.
      if (sqlState(error) !== '53300' || attempt === 8) throw error
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
    }
  }
}

type MakeClient = (parameters: ConnectionParameters, config: ClientConfig) => Client

async function connectOnce(wanted: ConnectionParameters, make: MakeClient): Promise<ConnectedClient> {
  const attempts = tlsAttempts(wanted)
  for (const [index, parameters] of attempts.entries()) {
    const client = make(parameters, clientConfig(parameters))
    const isBound = channelBindingOf(client, parameters)
    try {
      await client.connect()
      if (!isBound()) throw new Error('connected without')
      return { client, parameters }
    } catch (error) {
      destroyClient(client)
      if (!isBound()) throw error instanceof DatabaseError ? error : unbound()
      if (index === attempts.length - 1 || !mayTryOtherwise(error)) throw error
    }
  }
  throw new EngineError('INTERNAL', 'There was no way to connect.')
}

/** Ends at once, without telling the server. */
export function destroyClient(client: Client): void {
  const { connection } = client as Client & { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}

function tlsAttempts(parameters: ConnectionParameters): ConnectionParameters[] {
  const { ssl } = parameters
  if (!ssl) return [parameters]
  const withTls = { ...parameters, ssl: { ...ssl, mode: ssl.verifyCertificate ? 'verify-ca' : 'require' } as const }
  const without = { ...parameters, ssl: false as const }
  if (ssl.mode === 'prefer') return [withTls, without]
  return ssl.mode === 'allow' ? [without, withTls] : [parameters]
}

/** A server that cannot be reached, or that has refused the password, would do so again. */
function mayTryOtherwise(error: unknown): boolean {
  // 28000: pg_hba.conf has no line for a connection of this kind.
  return isTlsFailure(error) || sqlState(error) === '28000' || (error as NodeJS.ErrnoException).code === 'ECONNRESET'
}

/** What pg wants to hear. */
export function clientConfig(parameters: ConnectionParameters): ClientConfig {
  const { host, port, user, password, database, ssl, options, channelBinding, connectTimeoutSeconds } = parameters
  return {
    host,
    port,
    user: user || userInfo().username,
    // An empty password keeps pg from looking into ~/.pgpass on its own.
    password: password ?? '',
    database,
    ...(options === undefined ? {} : { options }),
    ...(connectTimeoutSeconds === undefined ? {} : { connectionTimeoutMillis: connectTimeoutSeconds * 1000 }),
    ...(channelBinding ? { enableChannelBinding: true } : {}),
    ...(ssl && ssl.negotiation !== undefined ? { sslnegotiation: ssl.negotiation } : {}),
    ssl: ssl && {
      rejectUnauthorized: ssl.verifyCertificate,
      ...(ssl.verifyHost ? {} : { checkServerIdentity: () => undefined }),
      ...(ssl.ca === undefined ? {} : { ca: ssl.ca }),
      ...(ssl.cert === undefined ? {} : { cert: ssl.cert }),
      ...(ssl.key === undefined ? {} : { key: ssl.key }),
      ...(ssl.passphrase === undefined ? {} : { passphrase: ssl.passphrase }),
      ...(ssl.minVersion === undefined ? {} : { minVersion: ssl.minVersion }),
      ...(ssl.maxVersion === undefined ? {} : { maxVersion: ssl.maxVersion }),
    },
  }
}

/** pg binds the sign-in to the TLS session where the server offers that; here the server has to. */
function channelBindingOf(client: Client, { channelBinding }: ConnectionParameters): () => boolean {
  let bound = channelBinding !== 'require'
  const { connection } = client as Client & { connection: NodeJS.EventEmitter }
  connection.prependListener('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
    if (mechanisms.includes('SCRAM-SHA-256-PLUS')) bound = true
    else if (!bound) destroyClient(client)
  })
  for (const plain of ['authenticationCleartextPassword', 'authenticationMD5Password'])
    connection.prependListener(plain, () => {
      if (!bound) destroyClient(client)
    })
  return () => bound
}

function unbound(): EngineError {
  return new EngineError(
    'DATABASE_TLS',
    'The server does not bind the sign-in to TLS, which channel_binding=require asks for.',
  )
}
