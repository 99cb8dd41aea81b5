import { userInfo } from 'node:os'
import { Client, type ClientConfig } from 'pg'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { type CancelKey, sendCancelRequest } from './cancel.ts'
import { type ConnectionParameters, describeConnection } from './connection.ts'
import { type CopyReader, createCopyReader } from './copy-reader.ts'
import { databaseError } from './database-errors.ts'
import { poolerRefused } from './pooler.ts'
import type { Query } from './query.ts'
import { pinSessionSettings } from './session-settings.ts'

export interface SessionOptions {
  /** For what the session is, as seen in pg_stat_activity: `lifeboat: <application>`. */
  application: string
  /**
   * Ends the session: the running statement is cancelled and the backend gone within 5 s. What was in flight rejects
   * with the signal's reason where that is an EngineError, else with `ABORTED`.
   */
  signal?: AbortSignal
  /** Bound for each statement in milliseconds; default 0: none. */
  statementTimeoutMs?: number
  /** Read COPY output by {@link createCopyReader}. Without effect over TLS. */
  copyReader?: boolean
  /** See `CopyReaderOptions.napAfterSmallReads`; heeded on unix sockets only. */
  napAfterSmallReads?: boolean
  /** Default 10 s. */
  connectTimeoutMs?: number
}

/** How long a polite end may take, in milliseconds. */
const closeTimeoutMs = 3000

/** One connection of ours, its settings pinned (session-settings.ts). Errors are EngineErrors. */
export interface Session {
  readonly query: Query
  readonly client: Client
  readonly backendPid: number
  readonly serverVersion: number
  /** Major version of the server, e.g. 17. */
  readonly serverMajor: number
  /** The database's encoding by PostgreSQL's name, e.g. `UTF8`. */
  readonly encoding: string
  readonly parameters: ConnectionParameters
  /** Set when the session was opened with `copyReader` and is not TLS. */
  readonly copyReader: CopyReader | null
  /** Aborted when the session has ended, however it came about. */
  readonly ended: AbortSignal
  /** Cancels the running statement; the session stays. */
  cancel(): Promise<void>
  /** Ends politely: waits for the server to be told. Safe to call twice. */
  close(): Promise<void>
  /** Ends at once: cancels what runs, drops the connection. */
  terminate(reason?: unknown): void
  /** Turns an error of pg into the one to throw, with the reason of an abort in mind. */
  translate(error: unknown, doing?: string): EngineError
}

/**
 * Connects, pins the session's settings, and makes sure an abort ends it.
 *
 * Refuses a pooler before it sets anything, because what it sets would stay with somebody else's connection.
 *
 * @throws EngineError `DATABASE_POOLER`, `DATABASE_UNREACHABLE`, `DATABASE_AUTH`, `DATABASE_NOT_FOUND`, `DATABASE_RIGHTS`, `ABORTED`, ...
 */
export async function openSession(parameters: ConnectionParameters, options: SessionOptions): Promise<Session> {
  const { application, signal, statementTimeoutMs = 0, connectTimeoutMs = 10_000 } = options
  throwIfAborted(signal)
  const reader =
    options.copyReader && !parameters.ssl
      ? createCopyReader({
          napAfterSmallReads: options.napAfterSmallReads === true && parameters.host.startsWith('/'),
        })
      : null
  const client = new Client({
    ...clientConfig(parameters),
    application_name: `lifeboat: ${application}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(reader ? { stream: () => reader.socket } : {}),
  })
  const where = describeConnection(parameters)
  const ended = new AbortController()
  let reason: { value: unknown } | undefined
  let closing: Promise<void> | undefined

  const translate = (error: unknown, doing = `asking ${where}`): EngineError => {
    if (reason) return isEngineError(reason.value) ? reason.value : aborted(reason.value)
    return databaseError(error, doing)
  }
  const cancel = async () => {
    const key = client as Client & CancelKey
    if (key.processID) await sendCancelRequest(parameters, key)
  }
  const terminate = (why: unknown = new EngineError('ABORTED', 'The session was ended.')) => {
    if (reason || ended.signal.aborted) return
    reason = { value: why }
    // The cancel request first: a backend at work looks at its own socket only now and then.
    void cancel().finally(() => destroy(client))
  }
  const onAbort = () => terminate(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const finished = () => {
    signal?.removeEventListener('abort', onAbort)
    ended.abort()
  }
  client.on('error', finished)
  client.on('end', finished)

  const query: Query = async <Row>(text: string, values?: readonly unknown[]) => {
    if (reason) throw translate(reason.value)
    try {
      const result = await client.query(text, values as unknown[] | undefined)
      return (Array.isArray(result) ? result.at(-1) : result).rows as Row[]
    } catch (error) {
      throw translate(error)
    }
  }
  try {
    await client.connect()
    const { processID: processId } = client as Client & { processID: number | null }
    const facts = await pinSessionSettings(query, { processId, statementTimeoutMs })
    if (!facts.pinned) throw poolerRefused(parameters)
    if (reason) throw reason.value
    return {
      query,
      client,
      backendPid: facts.backend_pid,
      serverVersion: facts.server_version_num,
      serverMajor: Math.floor(facts.server_version_num / 10_000),
      encoding: facts.server_encoding,
      parameters,
      copyReader: reader,
      ended: ended.signal,
      cancel,
      translate,
      terminate,
      close() {
        if (closing) return closing
        // A backend that is busy, or a reader that is paused, would keep a polite end waiting for ever.
        const timer = setTimeout(() => destroy(client), closeTimeoutMs)
        closing = client
          .end()
          .catch(() => {})
          .finally(() => {
            clearTimeout(timer)
            finished()
          })
        return closing
      },
    }
  } catch (error) {
    destroy(client)
    finished()
    throw translate(error, `connecting to ${where}`)
  }
}

/** What pg wants to hear. Also for the pools that are lent to a host's migrator. */
export function clientConfig(parameters: ConnectionParameters): ClientConfig {
  const { host, port, user, password, database, ssl } = parameters
  return {
    host,
    port,
    user: user || userInfo().username,
    // An empty password keeps pg from looking into ~/.pgpass on its own.
    password: password ?? '',
    database,
    ssl: ssl && {
      rejectUnauthorized: ssl.verifyCertificate,
      ...(ssl.verifyHost ? {} : { checkServerIdentity: () => undefined }),
      ...(ssl.ca === undefined ? {} : { ca: ssl.ca }),
      ...(ssl.cert === undefined ? {} : { cert: ssl.cert }),
      ...(ssl.key === undefined ? {} : { key: ssl.key }),
    },
  }
}

function destroy(client: Client): void {
  const { connection } = client as Client & { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}

function aborted(reason: unknown): EngineError {
  return new EngineError('ABORTED', 'Interrupted.', { cause: reason })
}
