import { EngineError } from '../../errors.ts'
import { nearestName } from '../../nearest-name.ts'
import type { Query } from '../../postgres/query.ts'
import { isRestoreRunning } from '../restore-lock.ts'
import { foldersTogether, mediaPaths, type NotedMedia, writeMediaNote } from './media-note.ts'
import { resolveMediaFolder } from './media-place.ts'
import { missingFor } from './place-together.ts'
import { foldersOf, notesOf, readSystemIdentifier } from './settle-media.ts'

/**
 * Gives up a folder that does not come back: the notes of the folders that a restore of media alone took along with it name
 * it no more, so that those come to their end, or go back, without it. Should it come back, what it holds stays as it is until
 * the others are given up in their turn.
 *
 * @throws EngineError `USAGE` where no folder waits for it, or where it is there and can be waited for.
 */
export async function giveUpFolder(query: Query, targets: readonly string[], given: string): Promise<void> {
  const folder = await resolveMediaFolder(given)
  const system = await readSystemIdentifier(query)
  const waiting: NotedMedia[] = []
  const awaited = new Set<string>()
  for (const noted of await notesOf(await foldersOf(targets))) {
    if (noted.note.system !== system || (await isRestoreRunning(query, noted.note.restore))) continue
    const missing = await missingFor(noted)
    for (const name of missing) awaited.add(name)
    if (missing.includes(folder)) waiting.push(noted)
  }
  if (waiting.length === 0) throw notAwaited(folder, awaited)
  for (const { folder: own, note } of waiting) {
    const folders = (foldersTogether(note) ?? []).filter((name) => name !== folder)
    await writeMediaNote(mediaPaths(own, { ...note, proof: { folders: [...new Set([...folders, own])] } }))
  }
}

function notAwaited(folder: string, awaited: ReadonlySet<string>): EngineError {
  const nearest = nearestName(folder, awaited)
  const meant = nearest === undefined ? '' : ` Is ${nearest} meant?`
  return new EngineError('USAGE', `No media folder waits for ${folder}: there is nothing to give up.${meant}`, {
    advice: awaited.size === 0 ? 'Nothing is waited for.' : `Waited for: ${[...awaited].join(', ')}.`,
  })
}
