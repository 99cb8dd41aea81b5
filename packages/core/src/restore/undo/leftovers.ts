import { log } from '../../events.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { Query } from '../../postgres/query.ts'
import { openControlOrOwn, openControlSession } from '../database/control-session.ts'
import { dropCopyDatabase } from '../database/drop-copy.ts'
import { dropStepRole } from '../database/step-role.ts'
import { giveUpFolder } from '../media/give-up-folder.ts'
import { settleMedia } from '../media/settle-media.ts'
import { restoreIdOfCopy } from '../names.ts'
import type { Running } from '../options.ts'
import { isRestoreRunning } from '../restore-lock.ts'
import { parseRestoreComment } from './database-comment.ts'
import { dropExpiredDatabases, findExpired } from './kept-databases.ts'

/** A database that a restore was filling when it died. */
export interface Leftover {
  database: string
  restoreId: string
  bytes: number
}

/**
 * Finds databases left behind by restores that are gone. One is a leftover only when its name is one that only a
 * restore uses, its comment is that restore's (or none yet: the process died between the two statements), and no
 * session holds that restore's lock. A live or kept database has another name. With `live`, those of restores of other
 * databases are left out: they are other applications'.
 */
export async function findLeftovers(query: Query, live?: string): Promise<Leftover[]> {
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
    if (live !== undefined && facts !== undefined && facts.database !== live) continue
    if (await isRestoreRunning(query, restoreId)) continue
    leftovers.push({ database: name, restoreId, bytes: Number(bytes ?? 0) })
  }
  return leftovers
}

/** What `cleanLeftovers` would drop now. */
export async function listLeftovers(
  parameters: ConnectionParameters,
  { signal }: Running = {},
): Promise<{ leftovers: string[]; expired: string[] }> {
  const live = parameters.database
  const control = await openControlSession(parameters, { target: live, signal })
  if (!control) return { leftovers: [], expired: [] }
  try {
    const leftovers = (await findLeftovers(control.query, live)).map(({ database }) => database)
    const expired = (await findExpired(control.query, live)).map(({ name }) => name)
    return { leftovers: leftovers.filter((name) => name !== live), expired }
  } finally {
    await control.close()
  }
}

/**
 * Drops the leftovers, and kept databases whose time is over; ends what was begun with the folders in `media`. Gives
 * the names of what was dropped. `without`: see {@link giveUpFolder}.
 */
export async function cleanLeftovers(
  parameters: ConnectionParameters,
  { signal, report, media = [], without }: Running & { media?: readonly string[]; without?: string | undefined } = {},
): Promise<{ dropped: string[] }> {
  const control = await openControlOrOwn(parameters, { target: parameters.database, signal })
  try {
    if (without !== undefined) await giveUpFolder(control.query, media, without)
    const dropped = await dropLeftovers(control.query, parameters, { report })
    const { removed } = await settleMedia(control.query, media, { report })
    return { dropped: [...dropped, ...removed] }
  } finally {
    await control.close()
  }
}

/**
 * The same on a session that is there already, of the restores of the database of `parameters` alone; that one itself is
 * never dropped, whatever its name or comment says.
 */
export async function dropLeftovers(
  control: Query,
  parameters: ConnectionParameters,
  { report }: Running = {},
): Promise<string[]> {
  const dropped: string[] = []
  for (const { database, restoreId } of await findLeftovers(control, parameters.database)) {
    if (database === parameters.database) continue
    try {
      await dropCopyDatabase(control, parameters, database)
      await dropStepRole(control, restoreId)
      log(report, 'info', `Dropped "${database}", left behind by restore ${restoreId}.`)
      dropped.push(database)
    } catch (error) {
      // Another role's, or in use in a way that FORCE does not end: no reason to stop the caller.
      log(
        report,
        'warning',
        `"${database}" could not be dropped: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  const expired = await dropExpiredDatabases(control, parameters.database)
  for (const name of expired) log(report, 'info', `Dropped "${name}": its time to be kept is over.`)
  return [...dropped, ...expired]
}
