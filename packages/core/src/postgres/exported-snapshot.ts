import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { readBookkeepingSchemas } from './bookkeeping.ts'
import type { ConnectionParameters } from './connection.ts'
import { sqlState } from './database-errors.ts'
import { type Exclusions, noExclusions } from './excluded.ts'
import { fingerprintTables, type TableFingerprint } from './fingerprint.ts'
import { type LockableTable, listLockableTables, lockTableFull, lockTables, watchBlockers } from './lock-tables.ts'
import { watchWaiters } from './lock-watch.ts'
import { prepareMarker, writeMarker } from './marker.ts'
import type { Query } from './query.ts'
import { openSession, type Session } from './session.ts'
import { isStandby, pushWal, readSnapshotFacts, type SnapshotFacts, waitForFlush } from './snapshot-facts.ts'
import { readTables, type SourceTable } from './tables.ts'
import { findUnplannable } from './unplannable-tables.ts'

export interface ExportedSnapshotOptions {
  /**
   * How long the backup may wait for a table, and how long anybody may wait for the backup, in milliseconds; default
   * 3000. `wait`: for ever.
   */
  lockBudgetMs?: number | 'wait'
  exclude?: Exclusions
  /** After this time the snapshot ends with `SNAPSHOT_TOO_OLD`, because it keeps VACUUM from cleaning up. Default: none. */
  maxAgeMs?: number
  /** Whether to write `lifeboat.marker` (see marker.ts); default true. */
  marker?: boolean
  /** Sessions that are open already; default: new ones. */
  sessions?: SnapshotSessions
  /** Told as soon as others can join: what else is read of the snapshot takes a while. */
  onExported?: (snapshot: Pick<ExportedSnapshot, 'id' | 'bookkeeping' | 'signal'>) => void
  signal?: AbortSignal
  report?: Reporter
  /** For tests: called in the gaps between the steps. */
  onStep?: (step: SnapshotStep) => Promise<void> | void
}

export type SnapshotStep = 'listed' | 'begun' | 'locked' | 'exported' | 'checked'

/** One view of the database that any number of connections can share, its tables locked against being rewritten. */
export interface ExportedSnapshot {
  /** For `joinSnapshot` and `pg_dump --snapshot`. */
  readonly id: string
  /** The session that owns it, inside its transaction. Anything may be asked through it; a failed query ends it all. */
  readonly session: Session
  /** With their fingerprints as of now; to be compared with `fingerprintTables` after the last COPY. */
  readonly tables: (SourceTable & TableFingerprint)[]
  /** Schemas that are our own bookkeeping, which a dump leaves out. */
  readonly bookkeeping: readonly string[]
  readonly facts: SnapshotFacts
  /**
   * Fires when the snapshot is lost: the caller's own signal, `LOCK_BUDGET`, `SNAPSHOT_TOO_OLD`, or the connection's
   * end. The reason is the EngineError to report. Every reader under the snapshot must stop then, so that the sessions
   * that wait for its locks can go on: sessions of this thread are opened with this signal, workers get a message.
   */
  readonly signal: AbortSignal
  /**
   * Has the WAL that the snapshot saw put on disk, through `query` of another session; waits for it up to 5 s, and notes
   * the outcome in `facts.flushed`.
   */
  confirmFlushed(query: Query): Promise<boolean>
  /** Ends the transaction and gives the locks back. */
  close(): Promise<void>
}

/** The one that will own the snapshot, and the one that watches who waits for it. They end with the snapshot. */
export interface SnapshotSessions {
  owner: Session
  watcher: Session
}

/** Connects, so that the snapshot can be taken without waiting for it. Nothing is asked and nothing is locked yet. */
export async function openSnapshotSessions(
  parameters: ConnectionParameters,
  signal?: AbortSignal,
): Promise<SnapshotSessions> {
  const opening = [
    openSnapshotOwner(parameters, signal),
    openSession(parameters, { application: 'lock watch', signal }),
  ]
  try {
    const [owner, watcher] = await Promise.all(opening)
    return { owner: owner!, watcher: watcher! }
  } catch (error) {
    for (const session of await Promise.allSettled(opening))
      if (session.status === 'fulfilled') void session.value.close()
    throw error
  }
}

/** The session that will own a snapshot; small tables are read by it too. */
export function openSnapshotOwner(parameters: ConnectionParameters, signal?: AbortSignal): Promise<Session> {
  return openSession(parameters, { application: 'snapshot', copyReader: true, signal })
}

/** How often to begin again when tables change between being listed and being seen. */
const attempts = 10

/**
 * Exports a snapshot in which every listed table is what it was when it was locked: tables are listed, locked in ACCESS
 * SHARE mode as the first thing in a REPEATABLE READ transaction, and only then the first query takes the snapshot; no
 * TRUNCATE or rewriting ALTER can slip between. Under the snapshot list and file nodes are compared, and if anything
 * differs (a table created, dropped, renamed in the gap) all begins again.
 *
 * @throws EngineError `LOCK_BUDGET`, `DATABASE_CHANGED`, `DATABASE_RIGHTS`, ...
 */
export async function openExportedSnapshot(
  parameters: ConnectionParameters,
  options: ExportedSnapshotOptions = {},
): Promise<ExportedSnapshot> {
  const { lockBudgetMs = 3000, exclude = noExclusions, maxAgeMs, marker = true, signal } = options
  throwIfAborted(signal)
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const sessions: Session[] = []
  const cleanups: (() => void)[] = [() => signal?.removeEventListener('abort', onAbort)]
  const close = async () => {
    for (const cleanup of cleanups) cleanup()
    await Promise.all(sessions.map((session) => session.close()))
  }

  try {
    const { owner: session, watcher } = options.sessions ?? (await openSnapshotSessions(parameters, controller.signal))
    sessions.push(session, watcher)
    controller.signal.addEventListener('abort', () => {
      for (const one of sessions) one.terminate(controller.signal.reason)
    })
    const [standby] = await Promise.all([isStandby(session.query), marker ? prepareMarker(watcher.query) : null])
    const id = await exportSnapshot(session, watcher, { ...options, lockBudgetMs, exclude })
    const bookkeeping = await readBookkeepingSchemas(session.query)
    options.onExported?.({ id, bookkeeping, signal: controller.signal })
    const [{ facts, tables }, written] = await Promise.all([
      readSnapshot(session.query, { exclude, onPrimary: !standby }),
      marker ? writeMarker(watcher.query) : null,
    ])
    facts.marker = written?.nonce ?? null
    if (written?.transaction) facts.marker_transaction = written.transaction
    facts.flushed = await waitForFlush(session.query, facts.insert_lsn, 0)

    if (lockBudgetMs !== 'wait') {
      const watch = watchWaiters(watcher.query, {
        pid: session.backendPid,
        budgetMs: lockBudgetMs,
        onExceeded: (error) => controller.abort(error),
      })
      cleanups.push(watch.stop)
    }
    if (maxAgeMs !== undefined) {
      const timer = setTimeout(() => {
        controller.abort(new EngineError('SNAPSHOT_TOO_OLD', `The snapshot is older than ${maxAgeMs} ms.`))
      }, maxAgeMs)
      cleanups.push(() => clearTimeout(timer))
    }
    const lost = () => {
      controller.abort(new EngineError('DATABASE_UNREACHABLE', 'A connection that guards the snapshot has ended.'))
    }
    // The watcher too: without it an ALTER could wait for the backup unseen.
    for (const { ended } of sessions) {
      ended.addEventListener('abort', lost, { once: true })
      cleanups.push(() => ended.removeEventListener('abort', lost))
      if (ended.aborted) lost()
    }

    return {
      id,
      session,
      tables,
      bookkeeping,
      facts,
      signal: controller.signal,
      async confirmFlushed(query) {
        if (!facts.flushed) await pushWal(query)
        facts.flushed ||= await waitForFlush(query, facts.insert_lsn)
        return facts.flushed
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function readSnapshot(query: Query, { exclude, onPrimary }: { exclude: Exclusions; onPrimary: boolean }) {
  const facts = await readSnapshotFacts(query, { onPrimary })
  const listed = await readTables(query, exclude)
  const fingerprints = await fingerprintTables(query, listed)
  const unplannable = await findUnplannable(query, listed)
  const tables = listed.map((table) => {
    const reason = unplannable.get(table.oid) ?? null
    const divisible = table.divisible && reason === null
    return { ...table, ...fingerprints.get(table.oid)!, divisible, unplannable: reason }
  })
  return { facts, tables }
}

type ExportOptions = Required<Pick<ExportedSnapshotOptions, 'lockBudgetMs' | 'exclude'>> &
  Pick<ExportedSnapshotOptions, 'report' | 'onStep'>

async function exportSnapshot(session: Session, watcher: Session, options: ExportOptions): Promise<string> {
  const { lockBudgetMs, exclude, report, onStep } = options
  let failedList: string | undefined
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const listed = await listLockableTables(session.query, exclude)
    await onStep?.('listed')
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await onStep?.('begun')
    let isWaiting = false
    const blockers = watchBlockers(watcher.query, session.backendPid, (blockedBy) => {
      isWaiting = true
      const reason = `Session ${blockedBy.pid} holds a lock on a table of the backup.`
      report?.({ type: 'phase', phase: 'waiting', waiting: { reason, blockedBy, nextTryAt: null } })
    })
    const gone = await lockTables(session, listed, lockBudgetMs, blockers.seen)
      .catch(async (error: unknown) => {
        throw sqlState(error) === '53200' ? await lockTableFull(watcher.query, listed.length, error) : error
      })
      .finally(blockers.stop)
    if (isWaiting) report?.({ type: 'phase', phase: 'snapshot' })
    if (gone === null) {
      await onStep?.('locked')
      const [exported] = await session.query<{ id: string }>('SELECT pg_catalog.pg_export_snapshot() AS id')
      await onStep?.('exported')
      const difference = await changedSince(session, listed, exclude)
      await onStep?.('checked')
      if (difference === null) return exported!.id
      log(report, 'info', `The tables changed while they were being locked (${difference}); starting over.`)
    } else {
      const names = JSON.stringify(listed)
      if (names === failedList) throw cannotLock(gone)
      failedList = names
      log(report, 'info', 'A table vanished while the tables were being locked; starting over.')
    }
    await session.query('ROLLBACK')
    await session.query('SET statement_timeout = 0')
  }
  throw new EngineError('DATABASE_CHANGED', `Tables changed under ${attempts} attempts to take a snapshot.`)
}

/** The same list failed twice: no table has vanished, and trying again would only end the same way later. */
function cannotLock(error: unknown): EngineError {
  const message = error instanceof Error ? error.message : String(error)
  return new EngineError('DATABASE_ERROR', `Tables that the server lists cannot be locked by their names: ${message}`, {
    cause: error,
    ...(isEngineError(error) ? { detail: error.detail } : {}),
  })
}

/** What differs between the tables as listed before the locks and as the snapshot shows them; `null`: nothing. */
async function changedSince(
  session: Session,
  listed: readonly LockableTable[],
  exclude: Exclusions,
): Promise<string | null> {
  const key = (table: LockableTable) => JSON.stringify([table.oid, table.schema, table.name, table.relkind])
  const before = new Set(listed.map(key))
  const now = await listLockableTables(session.query, exclude)
  const appeared = now.find((table) => !before.has(key(table)))
  if (appeared) return `${appeared.schema}.${appeared.name} appeared`
  if (now.length < listed.length) return 'a table is gone'
  // The catalog row is the snapshot's, the function's answer the present: they differ when a rewrite came between.
  const [rewritten] = await session.query<{ name: string }>(
    `SELECT c.oid::pg_catalog.regclass::text AS name FROM pg_catalog.pg_class c
     WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind = 'r'
       AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid) LIMIT 1`,
    [now.map((table) => table.oid)],
  )
  return rewritten ? `${rewritten.name} was rewritten` : null
}
