import { Client, type ClientConfig } from 'pg'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { type CancelKey, cancelBySql, sendCancelRequest } from './cancel.ts'
import { type ConnectedClient, connectClient, destroyClient } from './connect-client.ts'
import { type ConnectionParameters, describeConnection } from './connection.ts'
import { type CopyReader, createCopyReader } from './copy-reader.ts'
import { databaseError } from './database-errors.ts'
import { keepsSessions, poolerRefused } from './pooler.ts'
import type { Query } from './query.ts'
import { pinSessionSettings, type SessionFacts } from './session-settings.ts'

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
  /** Default 10 s; `connect_timeout` of the URL goes before. */
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
  /** As connected: with TLS or without, through a pooler or not. */
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
 * Refuses a pooler that does not keep sessions before it sets anything, because its settings would stay on a connection
 * that another client gets.
 *
 * @throws EngineError `DATABASE_POOLER`, `DATABASE_UNREACHABLE`, `DATABASE_AUTH`, `DATABASE_NOT_FOUND`, `DATABASE_RIGHTS`, `ABORTED`, ...
 */
export async function openSession(wanted: ConnectionParameters, options: SessionOptions): Promise<Session> {
  const { signal } = options
  throwIfAborted(signal)
  const where = describeConnection(wanted)
  const ended = new AbortController()
  const tries: { client?: Client; reader: CopyReader | null } = { reader: null }
  let reason: { value: unknown } | undefined

  const translate = (error: unknown, doing = `asking ${where}`): EngineError => {
    if (reason) return isEngineError(reason.value) ? reason.value : aborted(reason.value)
    return databaseError(error, doing)
  }
  let cancel = async () => {}
  const terminate = (why: unknown = new EngineError('ABORTED', 'The session was ended.')) => {
    if (reason || ended.signal.aborted) return
    reason = { value: why }
    // The cancel request first: a backend at work looks at its own socket only now and then.
    void cancel().finally(() => tries.client && destroyClient(tries.client))
  }
  const onAbort = () => terminate(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const finished = () => {
    signal?.removeEventListener('abort', onAbort)
    ended.abort()
  }
  try {
    const connected = await connectClient(wanted, (attempt, config) => {
      if (reason) throw reason.value
      tries.reader = options.copyReader && !attempt.ssl ? readerFor(attempt, options) : null
      tries.client = newClient(config, { ...options, reader: tries.reader })
      return tries.client
    })
    const { client } = connected
    client.on('error', finished)
    client.on('end', finished)
    const query = queryOf(client, translate, () => reason)
    const facts = await pinOrRefuse(connected, query, options)
    cancel = () => cancelBackend(client, facts)
    if (reason) throw reason.value
    return {
      query,
      client,
      backendPid: facts.backend_pid,
      serverVersion: facts.server_version_num,
      serverMajor: Math.floor(facts.server_version_num / 10_000),
      encoding: facts.server_encoding,
      parameters: facts.parameters,
      copyReader: tries.reader,
      ended: ended.signal,
      cancel: () => cancel(),
      translate,
      terminate,
      close: closer(client, facts.parameters, finished),
    }
  } catch (error) {
    if (tries.client) destroyClient(tries.client)
    finished()
    throw translate(error, `connecting to ${where}`)
  }
}

function newClient(config: ClientConfig, options: SessionOptions & { reader: CopyReader | null }): Client {
  const { reader, application, connectTimeoutMs } = options
  const client = new Client({
    connectionTimeoutMillis: connectTimeoutMs ?? 10_000,
    ...config,
    application_name: `lifeboat: ${application}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    ...(reader ? { stream: () => reader.socket } : {}),
  })
  // The end of a connection without a listener would end the process.
  client.on('error', () => {})
  return client
}

function readerFor({ host }: ConnectionParameters, { napAfterSmallReads }: SessionOptions): CopyReader {
  return createCopyReader({ napAfterSmallReads: napAfterSmallReads === true && host.startsWith('/') })
}

function queryOf(
  client: Client,
  translate: Session['translate'],
  reasonToEnd: () => { value: unknown } | undefined,
): Query {
  return async <Row>(text: string, values?: readonly unknown[]) => {
    const reason = reasonToEnd()
    if (reason) throw translate(reason.value)
    try {
      const result = await client.query(text, values as unknown[] | undefined)
      return (Array.isArray(result) ? result.at(-1) : result).rows as Row[]
    } catch (error) {
      throw translate(error)
    }
  }
}

/** Pins the settings; before that, finds out whether what answers keeps sessions at all. */
async function pinOrRefuse(
  { client, parameters }: ConnectedClient,
  query: Query,
  { statementTimeoutMs = 0 }: SessionOptions,
): Promise<SessionFacts & { parameters: ConnectionParameters }> {
  await refuseOtherTarget(query, parameters)
  const { processID: processId } = client as Client & { processID: number | null }
  const facts = await pinSessionSettings(query, { processId, statementTimeoutMs })
  if (facts.pinned) return { ...facts, parameters }
  if (!parameters.sessionPooler && !(await keepsSessions(query, parameters))) throw poolerRefused(parameters)
  const pinned = await pinSessionSettings(query, { processId: facts.backend_pid, statementTimeoutMs })
  if (!pinned.pinned) throw poolerRefused(parameters)
  return { ...pinned, parameters: { ...parameters, sessionPooler: true } }
}

/** What `target_session_attrs` asks for, of the one server there is. */
async function refuseOtherTarget(query: Query, { targetSession, host, port }: ConnectionParameters): Promise<void> {
  if (targetSession === undefined) return
  const [row] = await query<{ standby: boolean; readonly: boolean }>(
    `SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.current_setting('transaction_read_only') = 'on' AS readonly`,
  )
  const { standby, readonly } = row!
  const fits = { 'read-write': !readonly, 'read-only': readonly, primary: !standby, standby }[targetSession]
  if (fits) return
  throw new EngineError('DATABASE_UNREACHABLE', `${host}:${port} is not "${targetSession}" (target_session_attrs).`, {
    advice: 'Give the address of a server that is, or leave target_session_attrs out.',
  })
}

function closer(client: Client, { sessionPooler }: ConnectionParameters, finished: () => void): () => Promise<void> {
  let closing: Promise<void> | undefined
  return () => {
    if (closing) return closing
    // A backend that is busy, or a reader that is paused, would keep a polite end waiting for ever.
    const timer = setTimeout(() => destroyClient(client), closeTimeoutMs)
    // What is set would stay with a connection that a pooler gives to another client.
    const reset = sessionPooler ? client.query('RESET ALL').catch(() => {}) : Promise.resolve()
    closing = reset
      .then(() => client.end())
      .catch(() => {})
      .finally(() => {
        clearTimeout(timer)
        finished()
      })
    return closing
  }
}

/**
 * Through a pooler the statement is cancelled by SQL: a pooler can lack cancel requests, and PgBouncer 1.18 of Debian
 * 12 can crash on one.
 */
async function cancelBackend(client: Client, facts: { parameters: ConnectionParameters; backend_pid: number }) {
  const key = client as Client & CancelKey
  const { parameters, backend_pid } = facts
  if (parameters.sessionPooler) await cancelBySql(parameters, backend_pid)
  else if (key.processID) await sendCancelRequest(parameters, key)
}

function aborted(reason: unknown): EngineError {
  return new EngineError('ABORTED', 'Interrupted.', { cause: reason })
}
