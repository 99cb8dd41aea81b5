import {
  type BegunExchange,
  beginExchange,
  beginReturn,
  keepsAnything,
  settleExchange,
  type Until,
} from './exchange-media.ts'
import { foldersTogether, mediaPaths, type NotedMedia, readMediaNotes, writeMediaNote } from './media-note.ts'

/** A folder that is in place, and where what was there until now is kept. */
export interface Placed {
  noted: NotedMedia
  kept: string | null
}

/**
 * Puts the folders of a restore of media alone into place, all of them or none. The notes are the journal: as long as one
 * of them is under way the others follow, after a crash too; a failure puts everything back.
 */
export async function placeTogether(waiting: readonly NotedMedia[], until: Until): Promise<Placed[]> {
  return allOrNone(waiting, (noted) => beginExchange(noted, until))
}

/** The undo of such a restore, or the undo of one: every folder goes back, or none. */
export async function putBackTogether(kept: readonly NotedMedia[], until: Until): Promise<Placed[]> {
  return allOrNone(kept, (noted) => beginReturn(noted, until))
}

/** A failure after which some folders could not be put back either: the clean-up ends what their notes say. */
export class NotTakenBack extends Error {
  override name = 'NotTakenBack'
}

async function allOrNone(
  all: readonly NotedMedia[],
  begin: (noted: NotedMedia) => Promise<BegunExchange>,
): Promise<Placed[]> {
  const begun: BegunExchange[] = []
  let inPlace: NotedMedia[]
  try {
    for (const noted of all) begun.push(await begin(noted))
    inPlace = await nameKeepers(begun.map(({ noted }) => noted))
  } catch (error) {
    const stuck: string[] = []
    for (const { noted, takeBack } of begun.toReversed())
      await takeBack().catch((cause: unknown) => stuck.push(`${noted.folder}: ${messageOf(cause)}`))
    if (stuck.length === 0) throw error
    throw new NotTakenBack(`${messageOf(error)}. Not put back: ${stuck.join('; ')}`, { cause: error })
  }
  const placed: Placed[] = []
  for (const noted of inPlace) {
    // It is in place. Where its note cannot be written now, the clean-up does it.
    const kept = noted.note.former ? noted.kept : null
    placed.push({ noted, ...(await settleExchange(noted).catch(() => ({ kept }))) })
  }
  return placed
}

/**
 * Writes into the notes of folders that are all in place which of them keep something: from then on each folder that a note
 * names has a note of its own, and one that lacks it is not there now (not mounted).
 */
async function nameKeepers(all: readonly NotedMedia[]): Promise<NotedMedia[]> {
  const keepers: string[] = []
  for (const one of all) if (one.note.state === 'kept' || (await keepsAnything(one))) keepers.push(one.folder)
  const named = all.map(({ folder, note }) =>
    mediaPaths(folder, { ...note, proof: { folders: [...new Set([...keepers, folder])] } }),
  )
  for (const one of named) if (one.note.state === 'exchanging') await writeMediaNote(one)
  return named
}

/** The notes of one restore of media alone, and the folders of it that have none, or cannot be seen now. */
export async function readTogether({ note }: NotedMedia): Promise<{ notes: NotedMedia[]; missing: string[] }> {
  const folders = foldersTogether(note) ?? []
  const notes = (await Promise.all(folders.map(readMediaNotes)))
    .flat()
    .filter(({ note: other }) => other.restore === note.restore && other.system === note.system)
  return { notes, missing: folders.filter((folder) => !notes.some((one) => one.folder === folder)) }
}

/** The folders of the same restore of media alone that show nothing of it. */
export async function missingFor(noted: NotedMedia): Promise<string[]> {
  return foldersTogether(noted.note) === null ? [] : (await readTogether(noted)).missing
}

/**
 * Ends the exchange of a folder of media alone, once every other one has come as far. Throws where one has not: the note then
 * goes on saying where all of them go.
 */
export async function settleTogether(noted: NotedMedia): Promise<void> {
  const { notes, missing } = await readTogether(noted)
  const own = notes.find(({ file }) => file === noted.file) ?? noted
  const names = foldersTogether(own.note) ?? []
  const [gone] = missing.filter((folder) => names.includes(folder))
  if (gone !== undefined) throw new Error(notThere(gone))
  const behind = notes.find(
    ({ note }) => note.state !== 'exchanging' && !(note.state === 'kept' && note.undone === own.note.undone),
  )
  if (behind) throw new Error(`${behind.folder}, which belongs to it, has not come as far`)
  const named = await nameKeepers(notes)
  await settleExchange(named.find(({ file }) => file === noted.file) ?? noted)
}

/** What the log says of a folder that the others wait for, with the way out. */
export const notThere = (folder: string): string =>
  `${folder}, which belongs to it, shows nothing of this restore: is it mounted? Where it does not come back, doctor names what ends the others without it`

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * What a folder of media alone is to become, as the notes of all its folders say: `forward` where one of them is under
 * way into place, `back` where one is on its way to what was before (or the other way round) and this one is not yet.
 */
export async function directionOf(noted: NotedMedia): Promise<'forward' | 'return' | null> {
  const { note } = noted
  const { notes } = await readTogether(noted)
  const one = notes.find(({ note: { state } }) => state === 'exchanging' || state === 'returning')
  if (!one) return null
  const undone = one.note.state === 'returning' ? !one.note.undone : one.note.undone
  if (note.state === 'loading') return undone ? null : 'forward'
  return note.state === 'kept' && note.undone !== undone ? 'return' : null
}
