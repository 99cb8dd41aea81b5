import type { Stats } from 'node:fs'
import { chmod, chown, lstat, mkdir, readdir, rename, rmdir, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { keptDatabaseName } from '../names.ts'
import { isWorkFolder } from './media-names.ts'
import { type MediaNote, mediaPaths, type NotedMedia, removeNoted, writeMediaNote } from './media-note.ts'

/** When it happened, and how long what is replaced is kept. */
export interface Until {
  now: Date
  keepUntil: string | null
}

/** An exchange of which all is done but the end, so that others can join it. */
export interface BegunExchange {
  noted: NotedMedia
  /** Puts everything back as it was before, the note last. */
  takeBack(): Promise<void>
}

/**
 * Puts what lies in `fresh` into the place of the media folder; what was there is kept, and the note says until when.
 * A failure puts everything back, and the note as it was given. What dies on the way is finished by
 * {@link finishExchange}: the note is on the disk before the first step.
 */
export async function exchangeMedia(noted: NotedMedia, until: Until): Promise<{ kept: string | null }> {
  return settleExchange((await beginExchange(noted, until)).noted)
}

/** All of {@link exchangeMedia} but {@link settleExchange}. */
export async function beginExchange(
  noted: NotedMedia,
  { now, keepUntil, undone = false }: Until & { undone?: boolean },
): Promise<BegunExchange> {
  if (!(await isThere(noted.fresh))) throw new Error(`${noted.fresh} is not there any more`)
  const stamp = await freeStamp(noted, now)
  const begun = mediaPaths(noted.folder, {
    ...noted.note,
    ...{ state: 'exchanging', stamp, at: now.toISOString(), keep_until: keepUntil, undone, returns_with: null },
    former: noted.note.method === 'inside' || (await isThere(noted.folder)),
  })
  const takeBack = async () => {
    await revertExchange(begun)
    await writeMediaNote(noted)
  }
  await writeMediaNote(begun)
  try {
    await steps[begun.note.method](begun)
  } catch (error) {
    await takeBack()
    throw error
  }
  return { noted: begun, takeBack }
}

/** Goes on where an exchange was broken off, from any step. */
export async function finishExchange(noted: NotedMedia): Promise<{ kept: string | null }> {
  await resumeExchange(noted)
  return settleExchange(noted)
}

/** All of {@link finishExchange} but {@link settleExchange}. */
export async function resumeExchange(noted: NotedMedia): Promise<void> {
  await steps[noted.note.method](noted)
}

/** Puts back what was there, from any step; what was to come waits in `fresh` again. */
async function revertExchange(noted: NotedMedia): Promise<void> {
  const { folder, fresh, kept, note } = noted
  const moved = !note.former || (await isThere(kept))
  if (note.method === 'rename') {
    if (moved && !(await isThere(fresh)) && (await isThere(folder))) await rename(folder, fresh)
    if ((await isThere(kept)) && !(await isThere(folder))) await rename(kept, folder)
  } else {
    const coming = comingOf(noted)
    // After the last step neither is there, and what has come lies in the folder.
    if (moved && !(await isThere(fresh))) await mkdir(coming, { recursive: true, mode: 0o700 })
    if (await isThere(coming)) {
      await moveEntries(folder, coming)
      await rename(coming, fresh)
    }
    if (await isThere(kept)) {
      await moveEntries(kept, folder)
      await takeAttributes(kept, folder)
      await rmdir(kept)
    }
  }
}

/**
 * An undo, or the undo of one: what is kept comes back, and what is there now is kept in its turn. A failure leaves both
 * where they were.
 */
export async function putMediaBack(noted: NotedMedia, until: Until): Promise<{ kept: string | null }> {
  return settleExchange((await beginReturn(noted, until)).noted)
}

/** All of {@link putMediaBack} but {@link settleExchange}. */
export async function beginReturn(noted: NotedMedia, until: Until): Promise<BegunExchange> {
  const { folder, note, fresh, kept } = noted
  const returning = mediaPaths(folder, { ...note, state: 'returning' })
  await writeMediaNote(returning)
  // Where one died in this, it has been moved already.
  if (await isThere(kept)) await rename(kept, fresh)
  const stay = async () => {
    if (await isThere(fresh)) await rename(fresh, kept)
    await writeMediaNote(mediaPaths(folder, { ...note, state: 'kept', returns_with: null }))
  }
  try {
    const begun = await beginExchange(returning, { ...until, undone: !note.undone })
    return {
      noted: begun.noted,
      async takeBack() {
        await begun.takeBack()
        await stay()
      },
    }
  } catch (error) {
    await stay()
    throw error
  }
}

const steps: Record<MediaNote['method'], (noted: NotedMedia) => Promise<void>> = {
  async rename({ folder, fresh, kept }) {
    if (!(await isThere(fresh))) return
    if (await isThere(folder)) await rename(folder, kept)
    await rename(fresh, folder)
  },

  async inside(noted) {
    const { folder, fresh, kept } = noted
    const coming = comingOf(noted)
    if (await isThere(fresh)) {
      await mkdir(kept, { recursive: true, mode: 0o700 })
      await takeAttributes(folder, kept)
      await moveEntries(folder, kept)
      // From here on, what lies in the folder is what comes.
      await rename(fresh, coming)
    }
    if (!(await isThere(coming))) return
    const attributes = await stat(coming)
    await chmod(coming, 0o700)
    await moveEntries(coming, folder)
    await setAttributes(folder, attributes)
    await rmdir(coming)
  },
}

/** Where `fresh` is once everything that was there has been moved aside. */
function comingOf({ fresh }: NotedMedia): string {
  return join(dirname(fresh), 'coming')
}

/** The end of an exchange: from here on what was replaced is kept, where there was anything. */
export async function settleExchange(noted: NotedMedia): Promise<{ kept: string | null }> {
  const { note, folder, kept } = noted
  if (!(await keepsAnything(noted))) {
    await removeNoted(noted)
    return { kept: null }
  }
  await writeMediaNote(mediaPaths(folder, { ...note, state: 'kept' }))
  return { kept }
}

/** Whether anything was there that has been replaced. */
export async function keepsAnything({ note, kept }: NotedMedia): Promise<boolean> {
  return (await isThere(kept)) && (note.method === 'rename' || (await readdir(kept)).length > 0)
}

/** Until none is left: an application may write while they are moved. */
async function moveEntries(from: string, to: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const names = (await readdir(from)).filter((name) => !isWorkFolder(name))
    if (names.length === 0) return
    for (const name of names) await moveEntry(join(from, name), join(to, name))
  }
  throw new Error(`${from} is written to all the time`)
}

/** A folder that changes its parent is itself written to, which its mode may forbid to its owner. */
async function moveEntry(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    const found = await lstat(from)
    if (!found.isDirectory() || (found.mode & 0o200) !== 0) throw error
    await chmod(from, found.mode | 0o200)
    await rename(from, to)
    await chmod(to, found.mode)
  }
}

async function takeAttributes(from: string, to: string): Promise<void> {
  await setAttributes(to, await stat(from))
}

/** Owner, mode and time; where the folder is another user's they stay what they are. */
async function setAttributes(folder: string, { mode, uid, gid, atime, mtime }: Stats): Promise<void> {
  await chown(folder, uid, gid).catch(() => {})
  await chmod(folder, mode & 0o7777).catch(() => {})
  await utimes(folder, atime, mtime).catch(() => {})
}

async function freeStamp(noted: NotedMedia, now: Date): Promise<string> {
  for (let at = now.getTime(); ; at += 1000) {
    const stamp = keptDatabaseName('', new Date(at)).replace(/\D/g, '')
    if (noted.note.method === 'inside') return stamp
    if (!(await isThere(mediaPaths(noted.folder, { ...noted.note, stamp }).kept))) return stamp
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
