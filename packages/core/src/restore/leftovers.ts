import { log } from '../events.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'
import { openControlSession } from './control-session.ts'
import { parseRestoreComment } from './database-comment.ts'
import { dropExpiredDatabases } from './kept-databases.ts'
import { cleanMediaLeftovers } from './media-leftovers.ts'
import { restoreIdOfCopy } from './names.ts'
import type { Running } from './options.ts'
import { isRestoreRunning } from './restore-lock.ts'

/** A database that a restore was filling when it died. */
export interface Leftover {
  database: string
  restoreId: string
  bytes: number
}

/**
 * Finds databases left behind by restores that are gone. One is a leftover only when its name is one that only a
 * restore gives, its comment is that restore's (or none yet: the process died between the two statements), and nobody
 * holds that restore's lock. A live or kept database has another name.
 */
export async function findLeftovers(query: Query): Promise<Leftover[]> {
  const rows = await query<{ name: string; comment: string | null; bytes: string | null }>(
    `SELECT datname::text AS name, pg_catalog.shobj_description(oid, 'pg_database') AS comment,
       CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END::text AS bytes
     FROM pg_catalog.pg_database
     WHERE datname LIKE 'lifeboat\\_copy\\_%'
       AND (pg_catalog.pg_has_role(datdba, 'MEMBER') OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))
     ORDER BY datname`,
  )
  const leftovers: Leftover[] = []
  for (const { name, comment, bytes } of rows) {
    const restoreId = restoreIdOfCopy(name)
    if (restoreId === undefined) continue
    const facts = parseRestoreComment(comment)
    if (comment !== null && (facts?.restore !== restoreId || facts.state !== 'loading')) continue
    if (await isRestoreRunning(query, restoreId)) continue
    leftovers.push({ database: name, restoreId, bytes: Number(bytes ?? 0) })
  }
  return leftovers
}

/**
 * Drops the leftovers, and kept databases whose time is over; ends what was begun with the folders in `media`. Gives
 * the names of what was dropped.
 */
export async function cleanLeftovers(
  parameters: ConnectionParameters,
  { signal, report, now = new Date(), media = [] }: Running & { now?: Date; media?: readonly string[] } = {},
): Promise<{ dropped: string[] }> {
  const control = await openControlSession(parameters, { target: parameters.database, signal })
  if (!control) return { dropped: [] }
  try {
    const dropped = await dropLeftovers(control.query, parameters.database, { report, now })
    const { removed } = await cleanMediaLeftovers(control.query, media, { report })
    return { dropped: [...dropped, ...removed] }
  } finally {
    await control.close()
  }
}

/** The same on a session that is there already; `live` is never dropped, whatever its name or comment says. */
export async function dropLeftovers(
  control: Query,
  live: string,
  { report, now = new Date() }: Running & { now?: Date } = {},
): Promise<string[]> {
  const dropped: string[] = []
  for (const { database, restoreId } of await findLeftovers(control)) {
    if (database === live) continue
    try {
      await control(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`)
      log(report, 'info', `Dropped "${database}", left behind by restore ${restoreId}.`)
      dropped.push(database)
    } catch (error) {
      // Another role's, or in use in a way that FORCE does not end: no reason to stop whoever asked.
      log(
        report,
        'warning',
        `"${database}" could not be dropped: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  const expired = await dropExpiredDatabases(control, now, live)
  for (const name of expired) log(report, 'info', `Dropped "${name}": its time to be kept is over.`)
  return [...dropped, ...expired]
}
