import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { log } from '../../events.ts'
import type { Query } from '../../postgres/query.ts'
import type { Running } from '../options.ts'
import { isRestoreRunning } from '../restore-lock.ts'
import { serverTime } from '../undo/server-time.ts'
import {
  beginExchange,
  beginReturn,
  exchangeMedia,
  finishExchange,
  putMediaBack,
  resumeExchange,
} from './exchange-media.ts'
import { isWorkFolder } from './media-names.ts'
import {
  foldersTogether,
  type MediaNote,
  type NotedMedia,
  partialNotes,
  readMediaNotes,
  removeNoted,
  writeMediaNote,
} from './media-note.ts'
import { removeStrayProbes, resolveMediaFolder } from './media-place.ts'
import { directionOf, missingFor, notThere, readTogether, settleTogether } from './place-together.ts'

export interface SettledMedia {
  /** Folders that now are what the restore that died had begun to make of them. */
  finished: string[]
  /** What was left behind of restores that failed, and what was kept long enough. */
  removed: string[]
}

/**
 * Ends what restores and undos that died had begun with these media folders, and removes what was kept until now. What
 * was on its way into place comes there; what was only unpacked does where the server says that its database is live,
 * and is removed otherwise. What cannot be done is logged and left for the next time.
 * Without `expire` what was kept long enough stays.
 */
export async function settleMedia(
  query: Query,
  targets: readonly string[],
  { report, expire = true }: Running & { expire?: boolean } = {},
): Promise<SettledMedia> {
  const settled: SettledMedia = { finished: [], removed: [] }
  const folders = await foldersOf(targets)
  for (const folder of folders) {
    await removeStrayWork(query, folder)
    await removeStrayProbes(folder)
  }
  const noted = await notesOf(folders)
  if (noted.length === 0) return settled
  const [system, now] = await Promise.all([readSystemIdentifier(query), serverTime(query)])
  const attempt = async (one: NotedMedia, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log(
        report,
        'warning',
        `Media folder ${one.folder}: what restore ${one.note.restore} left could not be settled: ${why}`,
      )
    }
  }
  const isOurs = async ({ note }: NotedMedia) =>
    note.system === system && !(await isRestoreRunning(query, note.restore))
  // What is under way shows where the other folders of a restore of media alone go.
  for (const one of noted.toSorted((a, b) => turnOf(a) - turnOf(b)))
    if (await isOurs(one)) await attempt(one, () => settle(query, one, { report, now, expire }, settled))
  // Each of those has come as far as it can: now all of them come to their end, or none.
  for (const one of await notesOf(folders)) {
    if (one.note.state !== 'exchanging' || foldersTogether(one.note) === null || !(await isOurs(one))) continue
    await attempt(one, async () => {
      await settleTogether(one)
      logFinished(report, one)
      settled.finished.push(one.folder)
    })
  }
  return settled
}

/** What was unpacked and does not name the others yet goes with one that does. */
function turnOf({ note }: NotedMedia): number {
  const states: readonly MediaNote['state'][] = ['exchanging', 'returning', 'kept', 'loading']
  return states.indexOf(note.state) + (note.proof === null ? 1 : 0)
}

/** The notes of these folders, and of the folders elsewhere that belong to one of them. */
export async function notesOf(folders: readonly string[]): Promise<NotedMedia[]> {
  const noted = (await Promise.all(folders.map(readMediaNotes))).flat()
  const found = new Map(noted.map((one) => [one.file, one]))
  for (const one of noted)
    for (const other of foldersTogether(one.note) === null ? [] : (await readTogether(one)).notes)
      if (!found.has(other.file)) found.set(other.file, other)
  return [...found.values()]
}

function logFinished(report: Running['report'], { folder, note }: NotedMedia): void {
  log(report, 'info', `Media folder ${folder} is as restore ${note.restore}, which died before, was to leave it.`)
}

export interface MediaLeftover {
  folder: string
  restoreId: string
  fresh: string
  /** The database that was restored with it. */
  database: string
  /** Other folders of a restore of media alone that show nothing of it: without them it does not come to its end. */
  missing: string[]
}

/** What restores and undos that are gone have begun with these media folders and not ended. Changes nothing. */
export async function findMediaLeftovers(query: Query, targets: readonly string[]): Promise<MediaLeftover[]> {
  const folders = await foldersOf(targets)
  const noted = (await Promise.all(folders.map(readMediaNotes))).flat()
  const begun = noted.filter(({ note }) => note.state !== 'kept' || note.returns_with !== null)
  const left: MediaLeftover[] = []
  for (const one of begun) {
    const { note, folder, fresh } = one
    if (await isRestoreRunning(query, note.restore)) continue
    const missing = await missingFor(one)
    left.push({ folder, restoreId: note.restore, fresh, database: note.database, missing })
  }
  return left
}

async function settle(
  query: Query,
  noted: NotedMedia,
  { report, now, expire }: Running & { now: Date; expire: boolean },
  settled: SettledMedia,
): Promise<void> {
  const { note, folder, kept } = noted
  const until = { now, keepUntil: note.keep_until }
  const isTogether = foldersTogether(note) !== null
  if (note.state === 'kept') {
    if ((await directionOf(noted)) === 'return') {
      await beginReturn(noted, until)
      return
    }
    if (await hasReturned(query, note)) {
      await putMediaBack(noted, until)
      log(
        report,
        'info',
        `Media folder ${folder} is as the undo of restore ${note.restore}, which died, was to leave it.`,
      )
      settled.finished.push(folder)
      return
    }
    if (note.returns_with !== null) await writeMediaNote({ ...noted, note: { ...note, returns_with: null } })
    if (!expire || note.keep_until === null || new Date(note.keep_until) > now) return
    await removeNoted(noted)
    log(report, 'info', `Removed ${kept}: its time to be kept is over.`)
    settled.removed.push(kept)
    return
  }
  if (note.state === 'loading' && !(await isLive(query, noted))) {
    for (const one of await allUnpacked(noted, now)) {
      await removeNoted(one)
      log(report, 'info', `Removed ${one.fresh}, left behind by restore ${note.restore}.`)
      settled.removed.push(one.fresh)
    }
    return
  }
  if (note.state === 'loading') await (isTogether ? beginExchange(noted, until) : exchangeMedia(noted, until))
  else if (note.state === 'returning') await (isTogether ? beginReturn(noted, until) : putMediaBack(noted, until))
  else await (isTogether ? resumeExchange(noted) : finishExchange(noted))
  if (isTogether) return
  logFinished(report, noted)
  settled.finished.push(folder)
}

/**
 * What was unpacked with it, none of which is live. Of folders that belong together one that cannot be seen now (not mounted)
 * can be on its way into place: the others wait for it, as long as what is replaced would be kept.
 */
async function allUnpacked(noted: NotedMedia, now: Date): Promise<NotedMedia[]> {
  if (foldersTogether(noted.note) === null) return [noted]
  const { notes, missing } = await readTogether(noted)
  // Removed with another one.
  if (!notes.some(({ file }) => file === noted.file)) return []
  const { keep_until } = noted.note
  if (missing.length > 0 && (keep_until === null || new Date(keep_until) > now))
    throw new Error(notThere(missing[0] as string))
  return notes.filter(({ note }) => note.state === 'loading')
}

/** The folders themselves, each once, whatever links lead there. */
export async function foldersOf(targets: readonly string[]): Promise<string[]> {
  return [...new Set(await Promise.all(targets.map((target) => resolveMediaFolder(target))))]
}

/** What a process leaves that died while it wrote its note: a part of one, in the folder it had made for it. */
async function removeStrayWork(query: Query, folder: string): Promise<void> {
  for (const { file, restoreId } of await partialNotes(folder))
    if (!(await isRestoreRunning(query, restoreId))) await rm(file, { force: true }).catch(() => {})
  for (const name of (await readdir(folder).catch(() => [])).filter(isWorkFolder)) {
    const isEmpty = (await readdir(join(folder, name)).catch(() => ['?'])).length === 0
    if (isEmpty && !(await isRestoreRunning(query, name.slice('.lifeboat-'.length))))
      await rmdir(join(folder, name)).catch(() => {})
  }
}

/** Whether what was restored with these media answers under its name by now. */
async function isLive(query: Query, noted: NotedMedia): Promise<boolean> {
  const { proof, database } = noted.note
  if (proof === null) return false
  if ('folders' in proof) return (await directionOf(noted)) === 'forward'
  try {
    if ('oid' in proof) return await isLiveDatabase(query, proof.oid, database)
    const sql = 'SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8) AS status'
    return (await query<{ status: string | null }>(sql, [proof.transaction]))[0]?.status === 'committed'
  } catch {
    // An oid or a transaction that the server never had.
    return false
  }
}

/** Whether the database that an undo had begun to put back is live, and this folder has not gone back with it. */
async function hasReturned(query: Query, { returns_with, database }: MediaNote): Promise<boolean> {
  return returns_with !== null && isLiveDatabase(query, returns_with, database)
}

async function isLiveDatabase(query: Query, oid: string, database: string): Promise<boolean> {
  const sql = 'SELECT datname::text AS name FROM pg_catalog.pg_database WHERE oid = $1::pg_catalog.oid'
  return (await query<{ name: string }>(sql, [oid]))[0]?.name === database
}

export async function readSystemIdentifier(query: Query): Promise<string> {
  const [row] = await query<{ system: string }>(
    'SELECT system_identifier::text AS system FROM pg_catalog.pg_control_system()',
  )
  return row?.system ?? ''
}
