import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log } from '../events.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { carryingCatalogs } from './carry-catalogs.ts'
import { openControlSession } from './control-session.ts'
import { formatRestoreComment, parseRestoreComment, type RestoreComment } from './database-comment.ts'
import { isKeptDatabaseName, keptDatabaseName } from './names.ts'
import { type AroundSwap, type Running, withoutNotice } from './options.ts'
import { lockTarget } from './restore-lock.ts'
import { type Swap, swapDatabases } from './swap.ts'
import { inUse, refuseUndo } from './undo-refusals.ts'

/** A database that was live until a restore (or an undo) replaced it. */
export interface KeptDatabase {
  name: string
  /** The live name it had. */
  database: string
  restoreId: string
  backupId: string
  replacedAt: string
  /** When it may be dropped; null: only by hand. */
  keepUntil: string | null
  bytes: number
  safetyBackupId: string | null
  /** Whether it is what the restore had made live: an undo has put back what was before. */
  undone: boolean
}

/** The kept databases of the server, newest first; of one live name only where `database` is given. */
export async function listKeptDatabases(query: Query, database?: string): Promise<KeptDatabase[]> {
  const kept = (await readKept(query)).map(({ name, facts, bytes }) => ({
    name,
    database: facts.database,
    restoreId: facts.restore,
    backupId: facts.backup,
    replacedAt: facts.at,
    keepUntil: facts.keep_until,
    bytes,
    safetyBackupId: facts.safety_backup,
    undone: facts.undone === true,
  }))
  return kept.filter((one) => database === undefined || one.database === database)
}

/**
 * Puts a kept database back in its place by the same swap. What is live now is kept in its turn, so an undo can be
 * undone. `reference`: the restore's id or the kept database's name.
 */
export async function undoRestore(
  parameters: ConnectionParameters,
  reference: string,
  {
    signal,
    report,
    keepDays = 7,
    aroundSwap = withoutNotice,
  }: Running & { keepDays?: number; aroundSwap?: AroundSwap } = {},
): Promise<{ database: string; keptDatabase: string | null; undoUntil: string | null; milliseconds: number }> {
  throwIfAborted(signal)
  // Not interrupted once begun, so that its outcome is always known.
  return withControl(parameters, undefined, async (control) => {
    const { name: kept, facts } = await findKept(control.query, reference)
    const database = facts.database
    await lockTarget(control.query, database)
    const live = await readDatabase(control.query, database)
    const now = new Date()
    const names = await databaseNames(control.query)
    const undoUntil = live && keepUntil(now, keepDays)
    const replaced = live && {
      keptName: keptDatabaseName(database, now, names),
      comment: formatRestoreComment({
        restore: facts.restore,
        backup: facts.backup,
        state: 'kept',
        database,
        comment: live.comment,
        connection_limit: live.connectionLimit,
        at: now.toISOString(),
        keep_until: undoUntil,
        safety_backup: facts.safety_backup,
        undone: facts.undone !== true,
      }),
    }
    await refuseUndo(control.query, { kept, database, connected: parameters.database })
    const terminator = await openSession(control.parameters, { application: 'restore swap' })
    try {
      const swap: Swap = {
        control: control.query,
        terminator: terminator.query,
        ownBackends: [control.backendPid, terminator.backendPid],
        name: database,
        replaced,
        incoming: { name: kept, comment: facts.comment, connectionLimit: facts.connection_limit },
      }
      const around = live ? aroundSwap : withoutNotice
      const notice = { database, restoreId: facts.restore, report }
      const carry = {
        parameters,
        live: live && database,
        incoming: kept,
        renamer: control.query,
        terminator: terminator.query,
        report,
      }
      const { milliseconds } = await around(notice, () => carryingCatalogs(carry, () => swapDatabases(swap)))
      log(report, 'info', `"${kept}" is "${database}" again.`)
      return { database, keptDatabase: replaced?.keptName ?? null, undoUntil, milliseconds }
    } finally {
      await terminator.close()
    }
  })
}

/** Drops a kept database: after that there is no undo. `reference` as in {@link undoRestore}. */
export async function discardRestore(
  parameters: ConnectionParameters,
  reference: string,
  { signal, report }: Running = {},
): Promise<{ dropped: string }> {
  return withControl(parameters, signal, async (control) => {
    const { name, facts } = await findKept(control.query, reference)
    await lockTarget(control.query, facts.database)
    if (name === parameters.database) throw inUse(name)
    await dropKept(control.query, name, facts.restore, { force: true })
    log(report, 'info', `Dropped "${name}", which was kept of "${facts.database}".`)
    return { dropped: name }
  })
}

/**
 * Drops kept databases whose time is over; gives their names. Never `live`, and none that somebody is connected to: an
 * application may have been pointed at what was kept.
 */
export async function dropExpiredDatabases(control: Query, now: Date, live: string): Promise<string[]> {
  const dropped: string[] = []
  for (const { name, facts } of await readKept(control)) {
    if (name === live || facts.keep_until === null || new Date(facts.keep_until) > now) continue
    try {
      await dropKept(control, name, facts.restore, { force: false })
      dropped.push(name)
    } catch (error) {
      // Another role's database is left to it, one in use to whoever uses it.
      if (!isEngineError(error, 'DATABASE_RIGHTS') && !isEngineError(error, 'DATABASE_BUSY')) throw error
    }
  }
  return dropped
}

/** ISO time until which something replaced at `now` is kept; null (for ever) for 0 days. */
export function keepUntil(now: Date, days: number): string | null {
  return days === 0 ? null : new Date(now.getTime() + days * 86_400_000).toISOString()
}

interface Kept {
  name: string
  facts: RestoreComment
  bytes: number
}

async function readKept(query: Query): Promise<Kept[]> {
  const rows = await query<{ name: string; comment: string | null; bytes: string | null }>(
    `SELECT datname::text AS name, pg_catalog.shobj_description(oid, 'pg_database') AS comment,
       CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END::text AS bytes
     FROM pg_catalog.pg_database WHERE datname ~ '_before_[0-9]{14}$' AND NOT datistemplate`,
  )
  return rows
    .flatMap(({ name, comment, bytes }) => {
      const facts = parseRestoreComment(comment)
      if (facts?.state !== 'kept' || !isKeptDatabaseName(name, facts.database)) return []
      return [{ name, facts, bytes: Number(bytes ?? 0) }]
    })
    .sort((a, b) => (a.facts.at < b.facts.at ? 1 : -1))
}

async function findKept(query: Query, reference: string): Promise<Kept> {
  const found = (await readKept(query)).find(({ name, facts }) => name === reference || facts.restore === reference)
  if (found) return found
  throw new EngineError('RESTORE_NOT_FOUND', `No kept database belongs to restore "${reference}".`, {
    advice: 'List what can be undone with `lifeboat restore --list`; kept databases are dropped after some days.',
  })
}

/** Reads the comment again right before: names are reused, and nothing is dropped for what it once was. */
async function dropKept(control: Query, name: string, restoreId: string, how: { force: boolean }): Promise<void> {
  const facts = parseRestoreComment((await readDatabase(control, name))?.comment ?? null)
  if (facts?.state !== 'kept' || facts.restore !== restoreId) return
  await control(`DROP DATABASE ${quoteIdentifier(name)}${how.force ? ' WITH (FORCE)' : ''}`)
}

/** Name, comment and limit of a database; null where it does not exist. */
export async function readDatabase(
  query: Query,
  name: string,
): Promise<{ comment: string | null; connectionLimit: number } | null> {
  const [row] = await query<{ comment: string | null; limit: number }>(
    `SELECT pg_catalog.shobj_description(oid, 'pg_database') AS comment, datconnlimit AS limit
     FROM pg_catalog.pg_database WHERE datname = $1`,
    [name],
  )
  return row ? { comment: row.comment, connectionLimit: row.limit } : null
}

export async function databaseNames(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>('SELECT datname::text AS name FROM pg_catalog.pg_database')
  return rows.map(({ name }) => name)
}

async function withControl<T>(
  parameters: ConnectionParameters,
  signal: AbortSignal | undefined,
  work: (control: Session) => Promise<T>,
): Promise<T> {
  const control = await openControlSession(parameters, { target: parameters.database, signal })
  if (!control) throw new EngineError('DATABASE_NOT_FOUND', 'There is no second database to connect to.')
  try {
    return await work(control)
  } finally {
    await control.close()
  }
}
