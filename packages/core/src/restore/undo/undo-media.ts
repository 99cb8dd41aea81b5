import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { Query } from '../../postgres/query.ts'
import { finishExchange, putMediaBack } from '../media/exchange-media.ts'
import { type NotedMedia, readMediaNotes, removeNoted, writeMediaNote } from '../media/media-note.ts'
import { findMediaPlace } from '../media/media-place.ts'
import { foldersOf, readSystemIdentifier } from '../media/settle-media.ts'
import type { Running } from '../options.ts'
import { type RestoreProblem, restoreProblem } from '../restore-result.ts'

/** A media folder that a restore replaced, and what is kept of it. */
export interface KeptMedia {
  restoreId: string
  backupId: string
  /** The backup's name for it. */
  name: string
  /** The database that was restored with it. */
  database: string
  folder: string
  kept: string
  replacedAt: string
  /** When it is removed; null: only by hand. */
  keepUntil: string | null
  /** Whether it is what the restore had put into place: an undo has put back what was before. */
  undone: boolean
}

/** What restores keep of these media folders, newest first; of the server that `query` asks. */
export async function listKeptMedia(query: Query, targets: readonly string[]): Promise<KeptMedia[]> {
  const noted = await keptNotes(targets)
  if (noted.length === 0) return []
  const system = await readSystemIdentifier(query)
  return noted
    .filter(({ note }) => note.system === system)
    .map(keptMedia)
    .reverse()
}

function keptMedia({ note, folder, kept }: NotedMedia): KeptMedia {
  return {
    restoreId: note.restore,
    backupId: note.backup,
    name: note.name,
    database: note.database,
    folder,
    kept,
    replacedAt: note.at,
    keepUntil: note.keep_until,
    undone: note.undone,
  }
}

/** Media that go back with a database, looked at before anything is moved. */
export interface ReturningMedia {
  /** Writes down that they go back once the kept database is live, for the process that cleans up after a crash. */
  promise(keptOid: string): Promise<void>
  /** Takes that back: the database has not gone back. */
  withdraw(): Promise<void>
  /** Puts all back that can be. */
  putBack(until: {
    now: Date
    keepUntil: string | null
  }): Promise<{ media: ReturnedMedia[]; problems: RestoreProblem[] }>
}

export interface ReturnedMedia {
  folder: string
  /** Where what was there until now is kept. */
  kept: string | null
}

/**
 * Looks at what a restore kept of its media folders. `replaced` are those the kept database's comment names, `targets`
 * those that are configured here. Throws `MEDIA_NOT_IN_PLACE` where one cannot be put back; nothing has changed then.
 */
export async function findReturningMedia(
  restoreId: string,
  { replaced, targets }: { replaced: readonly string[]; targets: readonly string[] },
  { report }: Running,
): Promise<ReturningMedia> {
  const folders = await foldersOf([...replaced, ...targets])
  let noted: NotedMedia[] = []
  for (const folder of folders)
    noted.push(...(await readMediaNotes(folder)).filter(({ note }) => note.restore === restoreId))
  await requirePlaces(noted)
  const elsewhere = (await foldersOf(replaced)).filter((folder) => !noted.some((one) => one.folder === folder))
  const mark = async (returns_with: string | null) => {
    noted = noted.map((one) => ({ ...one, note: { ...one.note, returns_with } }))
    for (const one of noted) if (one.note.state === 'kept') await writeMediaNote(one)
  }
  return {
    promise: mark,
    withdraw: () => mark(null).catch(() => {}),
    putBack: (until) => putAllBack({ noted, elsewhere, report }, until),
  }
}

/** Throws `MEDIA_NOT_IN_PLACE` where one cannot be put back. */
export async function requirePlaces(noted: readonly NotedMedia[]): Promise<void> {
  for (const { folder } of noted) {
    const { obstacle } = await findMediaPlace(folder)
    if (obstacle !== null)
      throw new EngineError('MEDIA_NOT_IN_PLACE', `The media folder ${folder} cannot be put back: ${obstacle}.`, {
        advice: 'Nothing was undone. Change that and undo again, where the media folder is.',
        detail: { target: folder },
      })
  }
}

async function putAllBack(
  { noted, elsewhere, report }: { noted: NotedMedia[]; elsewhere: string[]; report: Running['report'] },
  until: { now: Date; keepUntil: string | null },
): Promise<{ media: ReturnedMedia[]; problems: RestoreProblem[] }> {
  const media: ReturnedMedia[] = []
  const problems = elsewhere.map(notKeptHere)
  for (const one of noted) {
    try {
      const returned = await putOneBack(one, until)
      if (!returned) continue
      media.push(returned)
      logReturned(report, returned)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const text = `The database is as it was, but the media folder ${one.folder} could not be put back: ${why}`
      const advice = `What was in it is in ${one.kept}: remove the cause and move it into place.`
      problems.push(restoreProblem(new EngineError('MEDIA_NOT_IN_PLACE', text, { cause, advice })))
    }
  }
  for (const { text, advice } of problems) log(report, 'warning', `${text} ${advice}`)
  return { media, problems }
}

export function logReturned(report: Running['report'], { folder, kept }: ReturnedMedia): void {
  log(report, 'info', `Media folder ${folder} is as it was${kept ? `; what was there is kept in ${kept}` : ''}.`)
}

async function putOneBack(
  noted: NotedMedia,
  until: { now: Date; keepUntil: string | null },
): Promise<ReturnedMedia | null> {
  const { note, folder } = noted
  if (note.state === 'loading') {
    // It never came into place, and its database goes.
    await removeNoted(noted)
    return null
  }
  if (note.state === 'exchanging') {
    await finishExchange(noted)
    const [now] = (await readMediaNotes(folder)).filter((one) => one.note.restore === note.restore)
    return now === undefined ? null : { folder, ...(await putMediaBack(now, until)) }
  }
  return { folder, ...(await putMediaBack(noted, until)) }
}

function notKeptHere(folder: string): RestoreProblem {
  return {
    code: 'MEDIA_NOT_IN_PLACE',
    text: `Nothing is kept here of the media folder ${folder}, which the restore put there: it stays as it is.`,
    advice: 'Where it was made by the restore, remove it; where the restore ran on another machine, put it back there.',
  }
}

/** Removes what a restore keeps of these media folders; gives their paths. */
export async function discardKeptMedia(restoreId: string, targets: readonly string[]): Promise<string[]> {
  const noted = (await keptNotes(targets)).filter(({ note }) => note.restore === restoreId)
  for (const one of noted) await removeNoted(one)
  return noted.map(({ kept }) => kept)
}

async function keptNotes(targets: readonly string[]): Promise<NotedMedia[]> {
  const noted: NotedMedia[] = []
  for (const folder of await foldersOf(targets))
    noted.push(...(await readMediaNotes(folder)).filter(({ note }) => note.state === 'kept'))
  return noted.sort((a, b) => (a.note.at < b.note.at ? -1 : 1))
}
