import { EngineError } from '../../errors.ts'
import type { Query } from '../../postgres/query.ts'
import { foldersTogether, type NotedMedia, readMediaNotes } from '../media/media-note.ts'
import { NotTakenBack, putBackTogether } from '../media/place-together.ts'
import { foldersOf, readSystemIdentifier, settleMedia } from '../media/settle-media.ts'
import type { Running } from '../options.ts'
import { lockRestore } from '../restore-lock.ts'
import { keepUntil } from './kept-databases.ts'
import { serverTime } from './server-time.ts'
import { logReturned, type ReturnedMedia, requirePlaces } from './undo-media.ts'

/**
 * Puts back the folders that a restore of media alone replaced, all of them or none; what is there now is kept in its turn,
 * so that an undo can be undone. `targets`: folders to look for besides those that the restore wrote down.
 *
 * @throws EngineError `RESTORE_NOT_FOUND` where such a restore keeps nothing here, `MEDIA_NOT_IN_PLACE` where a folder cannot
 *   be put back; nothing has changed then.
 */
export async function undoMediaAlone(
  query: Query,
  restoreId: string,
  { targets, keepDays, report }: { targets: readonly string[]; keepDays: number; report: Running['report'] },
): Promise<{ media: ReturnedMedia[]; undone: boolean }> {
  const found = await notesOfMediaAlone(restoreId, targets)
  const folders = [...targets, ...found.flatMap(({ note }) => foldersTogether(note) ?? [])]
  await settleMedia(query, folders, { report, expire: false })
  await lockRestore(query, restoreId)
  const system = await readSystemIdentifier(query)
  const kept = (await notesOfMediaAlone(restoreId, folders)).filter(
    ({ note }) => note.state === 'kept' && note.system === system,
  )
  const [first] = kept
  if (!first) throw nothingOfMediaAlone(restoreId)
  requireAll(kept)
  await requirePlaces(kept)
  const now = await serverTime(query)
  const placed = await putBackTogether(kept, { now, keepUntil: keepUntil(now, keepDays) }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const advice =
      cause instanceof NotTakenBack
        ? 'Remove the cause and run {maintenance.cleanLeftovers}: it ends what was begun, with all folders.'
        : 'Nothing was undone: all folders are as they were. Remove the cause and undo again.'
    throw new EngineError('MEDIA_NOT_IN_PLACE', `The media could not be put back: ${why}`, { cause, advice })
  })
  const media = placed.map(({ noted: { folder }, kept: keptFolder }) => ({ folder, kept: keptFolder }))
  for (const one of media) logReturned(report, one)
  return { media, undone: !first.note.undone }
}

/** Throws `MEDIA_NOT_IN_PLACE` where one of the folders that keep something is not there: the others do not go back alone. */
function requireAll(kept: readonly NotedMedia[]): void {
  const names = new Set(kept.flatMap(({ note }) => foldersTogether(note) ?? []))
  const gone = [...names].find((folder) => !kept.some((one) => one.folder === folder))
  if (gone === undefined) return
  throw new EngineError('MEDIA_NOT_IN_PLACE', `The media folder ${gone} shows nothing that is kept of this restore.`, {
    advice: `Nothing was undone. Mount that folder and undo again. Where it does not come back: {maintenance.cleanLeftovers} with {without} ${JSON.stringify(gone)}, and then undo again, without it.`,
    detail: { target: gone },
  })
}

async function notesOfMediaAlone(restoreId: string, folders: readonly string[]): Promise<NotedMedia[]> {
  const noted = (await Promise.all((await foldersOf(folders)).map(readMediaNotes))).flat()
  return noted.filter(({ note }) => note.restore === restoreId && foldersTogether(note) !== null)
}

function nothingOfMediaAlone(restoreId: string): EngineError {
  return new EngineError(
    'RESTORE_NOT_FOUND',
    `No media folder here is kept of a restore "${restoreId}" of media alone.`,
    {
      advice: 'List what is kept with {restores.keptMedia}. With a database, media go back by {restores.undo}.',
    },
  )
}
