import { type BegunExchange, beginExchange, beginReturn, settleExchange, type Until } from './exchange-media.ts'
import { foldersTogether, type NotedMedia, readMediaNotes } from './media-note.ts'

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

async function allOrNone(
  all: readonly NotedMedia[],
  begin: (noted: NotedMedia) => Promise<BegunExchange>,
): Promise<Placed[]> {
  const begun: BegunExchange[] = []
  try {
    for (const noted of all) begun.push(await begin(noted))
  } catch (error) {
    for (const { takeBack } of begun.toReversed()) await takeBack()
    throw error
  }
  const placed: Placed[] = []
  for (const { noted } of begun) placed.push({ noted, ...(await settleExchange(noted)) })
  return placed
}

/**
 * What a folder of media alone is to become, as the notes of all its folders say: `forward` where one of them is under
 * way into place, `back` where one is on its way to what was before (or the other way round) and this one is not yet.
 */
export async function directionOf({ note }: NotedMedia): Promise<'forward' | 'return' | null> {
  const folders = foldersTogether(note) ?? []
  const all = (await Promise.all(folders.map(readMediaNotes))).flat()
  const underWay = all.filter(
    ({ note: other }) =>
      other.restore === note.restore &&
      other.system === note.system &&
      (other.state === 'exchanging' || other.state === 'returning'),
  )
  const [one] = underWay
  if (!one) return null
  const undone = one.note.state === 'returning' ? !one.note.undone : one.note.undone
  if (note.state === 'loading') return undone ? null : 'forward'
  return note.state === 'kept' && note.undone !== undone ? 'return' : null
}
