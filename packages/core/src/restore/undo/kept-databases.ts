import { EngineError, isEngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import { carryingCatalogs } from '../database/carry-catalogs.ts'
import { openControlOrOwn, openControlSession } from '../database/control-session.ts'
import { type Swap, swapDatabases } from '../database/swap.ts'
import { settleMedia } from '../media/settle-media.ts'
import { isKeptDatabaseName, isRestoreId, keptDatabaseName } from '../names.ts'
import { type AroundSwap, type Running, withoutNotice } from '../options.ts'
import { lockRestore, lockTarget } from '../restore-lock.ts'
import type { RestoreProblem } from '../restore-result.ts'
import { formatRestoreComment, parseRestoreComment, type RestoreComment } from './database-comment.ts'
import { serverTime } from './server-time.ts'
import { discardKeptMedia, findReturningMedia, type ReturnedMedia, type ReturningMedia } from './undo-media.ts'
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
  /** The media folders that the restore replaced or made. */
  media: string[]
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
    media: facts.media ?? [],
  }))
  return kept.filter((one) => database === undefined || one.database === database)
}

export interface UndoResult {
  database: string
  keptDatabase: string | null
  undoUntil: string | null
  milliseconds: number
  /** The media folders that were put back. */
  media: ReturnedMedia[]
  /** What is not as it was, although the database is. */
  problems: RestoreProblem[]
}

/**
 * Puts a kept database back in its place by the same swap, and then the media folders that the restore replaced. What is
 * live now is kept in its turn, so an undo can be undone. `reference`: the restore's id or the kept database's name.
 * `media`: folders to look for besides those the restore wrote down.
 */
export async function undoRestore(
  parameters: ConnectionParameters,
  reference: string,
  {
    signal,
    report,
    keepDays = 7,
    aroundSwap = withoutNotice,
    media = [],
  }: Running & { keepDays?: number; aroundSwap?: AroundSwap; media?: readonly string[] } = {},
): Promise<UndoResult> {
  throwIfAborted(signal)
  // Not interrupted once begun, so that its outcome is always known.
  return withControl(parameters, async (control) => {
    const { name: kept, facts } = await findKept(control.query, reference)
    const database = facts.database
    await lockTarget(control.query, database)
    await requireStillKept(control.query, kept, facts)
    await settleMedia(control.query, [...(facts.media ?? []), ...media], { report, expire: false })
    // A clean-up must not take what we put back for something a dead restore has left.
    await lockRestore(control.query, facts.restore)
    const returning = await findReturningMedia(
      facts.restore,
      { replaced: facts.media ?? [], targets: media },
      { report },
    )
    const live = await readDatabase(control.query, database)
    const now = await serverTime(control.query)
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
        media: facts.media,
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
      const { milliseconds } = await promising({ returning, query: control.query, kept }, () =>
        around(notice, () => carryingCatalogs(carry, () => swapDatabases(swap))),
      )
      log(report, 'info', `"${kept}" is "${database}" again.`)
      const returned = await returning.putBack({ now, keepUntil: keepUntil(now, keepDays) })
      return { database, keptDatabase: replaced?.keptName ?? null, undoUntil, milliseconds, ...returned }
    } finally {
      await terminator.close()
    }
  })
}

/**
 * The swap of an undo, with a promise to the media folders that they go back with it: a process that dies right after the
 * swap leaves that behind.
 */
async function promising<T>(
  { returning, query, kept }: { returning: ReturningMedia; query: Query; kept: string },
  swap: () => Promise<T>,
): Promise<T> {
  const oid = (await readDatabase(query, kept))?.oid
  if (oid !== undefined) await returning.promise(oid)
  try {
    return await swap()
  } catch (error) {
    // Where it is not known whether it went back, the next clean-up finds out.
    const stays = await readDatabase(query, kept).catch(() => null)
    if (stays?.oid === oid) await returning.withdraw()
    throw error
  }
}

/**
 * Drops a kept database and the media folders kept with it: after that there is no undo. `reference` and `media` as in
 * {@link undoRestore}; it may also be the id of a restore that keeps media folders alone.
 */
export async function discardRestore(
  parameters: ConnectionParameters,
  reference: string,
  { signal, report, media = [] }: Running & { media?: readonly string[] } = {},
): Promise<{ dropped: string | null; removed: string[] }> {
  const control = await openControlOrOwn(parameters, { target: parameters.database, signal })
  try {
    const found = await findKept(control.query, reference).catch((error: unknown) => {
      if (isEngineError(error, 'RESTORE_NOT_FOUND') && isRestoreId(reference)) return null
      throw error
    })
    await lockTarget(control.query, found?.facts.database ?? parameters.database)
    if (found) {
      await requireStillKept(control.query, found.name, found.facts)
      if (found.name === parameters.database) throw inUse(found.name)
      await dropKept(control.query, found.name, found.facts.restore, { force: true })
      log(report, 'info', `Dropped "${found.name}", which was kept of "${found.facts.database}".`)
    }
    const removed = await discardKeptMedia(found?.facts.restore ?? reference, [...(found?.facts.media ?? []), ...media])
    for (const folder of removed) log(report, 'info', `Removed ${folder}.`)
    if (!found && removed.length === 0) throw nothingKept(reference)
    return { dropped: found?.name ?? null, removed }
  } finally {
    await control.close()
  }
}

/**
 * Drops kept databases of `live` whose time is over by the server's clock; gives their names. Those of other databases are
 * other applications'. Never `live` itself, and none that a session is connected to: an application may have been pointed at
 * what was kept.
 */
export async function dropExpiredDatabases(control: Query, live: string, now?: Date): Promise<string[]> {
  const dropped: string[] = []
  for (const { name, facts } of await findExpired(control, live, now)) {
    try {
      await dropKept(control, name, facts.restore, { force: false })
      dropped.push(name)
    } catch (error) {
      // A database of another role is left to it, and one with sessions is left to them.
      if (!isEngineError(error, 'DATABASE_RIGHTS') && !isEngineError(error, 'DATABASE_BUSY')) throw error
    }
  }
  return dropped
}

/** The kept databases whose time is over. */
export async function findExpired(control: Query, live: string, now?: Date): Promise<Kept[]> {
  const time = now ?? (await serverTime(control))
  return (await readKept(control)).filter(
    ({ name, facts }) =>
      name !== live && facts.database === live && facts.keep_until !== null && new Date(facts.keep_until) <= time,
  )
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
  const rows = await query<KeptRow>(
    `SELECT datname::text AS name, pg_catalog.shobj_description(oid, 'pg_database') AS comment,
       CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END::text AS bytes
     FROM pg_catalog.pg_database WHERE datname ~ '_before_[0-9]{14}$' AND NOT datistemplate`,
  )
  const named = rows.flatMap(({ name, comment, bytes }) => {
    const facts = parseRestoreComment(comment)
    if (facts?.state !== 'kept' || !isKeptDatabaseName(name, facts.database)) return []
    return [{ name, facts, bytes: Number(bytes ?? 0) }]
  })
  const own = await withoutStrangers(query, named)
  return own.sort((a, b) => (a.facts.at < b.facts.at ? 1 : -1))
}

interface KeptRow {
  name: string
  comment: string | null
  bytes: string | null
}

/**
 * Any role that can create databases can give one such a name and such a comment. A kept database was the live one: it
 * belongs to a superuser, to us, or to a role that has the rights of the live one's owner.
 */
async function withoutStrangers(query: Query, kept: Kept[]): Promise<Kept[]> {
  if (kept.length === 0) return kept
  const trusted = await query<{ name: string }>(
    `SELECT asked.name FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS asked (name, live)
       JOIN pg_catalog.pg_database kept ON kept.datname = asked.name
       JOIN pg_catalog.pg_roles owner ON owner.oid = kept.datdba
       LEFT JOIN pg_catalog.pg_database live ON live.datname = asked.live
     WHERE owner.rolsuper OR owner.rolname = current_user
       OR CASE WHEN live.oid IS NULL THEN pg_catalog.pg_has_role(kept.datdba, 'MEMBER')
         ELSE pg_catalog.pg_has_role(kept.datdba, live.datdba, 'MEMBER') END`,
    [kept.map(({ name }) => name), kept.map(({ facts }) => facts.database)],
  )
  const names = new Set(trusted.map(({ name }) => name))
  return kept.filter(({ name }) => names.has(name))
}

async function findKept(query: Query, reference: string): Promise<Kept> {
  const kept = await readKept(query)
  const found = kept.find(({ name }) => name === reference) ?? kept.find(({ facts }) => facts.restore === reference)
  if (found) return found
  throw nothingKept(reference)
}

function nothingKept(reference: string): EngineError {
  return new EngineError('RESTORE_NOT_FOUND', `No kept database belongs to restore "${reference}".`, {
    advice: 'List what can be undone with {restores.kept}; kept databases are dropped after some days.',
  })
}

/** Throws `PLAN_CHANGED` where another undo or discard was faster than our lock. */
async function requireStillKept(query: Query, name: string, { restore }: RestoreComment): Promise<void> {
  const facts = parseRestoreComment((await readDatabase(query, name))?.comment ?? null)
  if (facts?.state === 'kept' && facts.restore === restore) return
  throw new EngineError('PLAN_CHANGED', `"${name}" is no longer what restore ${restore} keeps.`)
}

/** Reads the comment again right before: names are reused, and nothing is dropped for what it once was. */
async function dropKept(control: Query, name: string, restoreId: string, how: { force: boolean }): Promise<void> {
  const facts = parseRestoreComment((await readDatabase(control, name))?.comment ?? null)
  if (facts?.state !== 'kept' || facts.restore !== restoreId) return
  await control(`DROP DATABASE ${quoteIdentifier(name)}${how.force ? ' WITH (FORCE)' : ''}`)
}

/** Oid, comment and limit of a database; null where it does not exist. */
export async function readDatabase(
  query: Query,
  name: string,
): Promise<{ oid: string; comment: string | null; connectionLimit: number } | null> {
  const [row] = await query<{ oid: string; comment: string | null; limit: number }>(
    `SELECT oid::text, pg_catalog.shobj_description(oid, 'pg_database') AS comment, datconnlimit AS limit
     FROM pg_catalog.pg_database WHERE datname = $1`,
    [name],
  )
  return row ? { oid: row.oid, comment: row.comment, connectionLimit: row.limit } : null
}

export async function databaseNames(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>('SELECT datname::text AS name FROM pg_catalog.pg_database')
  return rows.map(({ name }) => name)
}

async function withControl<T>(parameters: ConnectionParameters, work: (control: Session) => Promise<T>): Promise<T> {
  const control = await openControlSession(parameters, { target: parameters.database, make: true })
  if (!control) throw new EngineError('DATABASE_NOT_FOUND', 'There is no second database to connect to.')
  try {
    return await work(control)
  } finally {
    await control.close()
  }
}
