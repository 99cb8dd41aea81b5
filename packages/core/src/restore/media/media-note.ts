import { randomBytes } from 'node:crypto'
import { chmod, lstat, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { cutBytes, isRestoreId } from '../names.ts'
import { isWorkFolder, workFolderName } from './media-names.ts'

/**
 * What a restore writes down beside a media folder that it replaces, before it does anything there. It is all that
 * undo, discard, expiry and the clean-up after a crash need. Paths are not in it: they follow from where it lies.
 */
const mediaNoteSchema = z.object({
  made_by: z.literal('lifeboat restore'),
  format: z.literal(1),
  restore: z.string().refine(isRestoreId),
  backup: z.string(),
  /** The backup's name for the folder. */
  name: z.string(),
  /** The database that was restored with it. */
  database: z.string(),
  /** The server of that database: another server does not know what became of the restore. */
  system: z.string(),
  method: z.enum(['rename', 'inside']),
  /**
   * `loading`: unpacked beside what is live. `exchanging`: on its way into place, which begins once its database is live.
   * `kept`: in place; what it replaced is kept. `returning`: an undo takes what is kept out to put it back.
   */
  state: z.enum(['loading', 'exchanging', 'kept', 'returning']),
  /** Of the kept folder's name (`rename`): digits of the moment. */
  stamp: z
    .string()
    .regex(/^\d{14}$/)
    .nullable(),
  at: z.iso.datetime(),
  /** When what is kept may be removed; null: only by hand. */
  keep_until: z.iso.datetime().nullable(),
  /** Whether what is kept is what the restore had put into place, and an undo has replaced. */
  undone: z.boolean(),
  /**
   * By which it is known whether the restore has gone live: the new database's oid and the in-place transaction are asked of
   * the server. Of media alone, by the notes of its folders: once one of them is on its way into place, all are.
   */
  proof: z
    .object({ oid: z.string().regex(/^\d+$/) })
    .or(z.object({ transaction: z.string().regex(/^\d+$/) }))
    .or(z.object({ folders: z.array(z.string().startsWith('/')).min(1) }))
    .nullable(),
  /** Whether there was a folder before. */
  former: z.boolean().default(true),
  /** The oid of the kept database that an undo has begun to put back: once that is live, this goes back too. */
  returns_with: z.string().regex(/^\d+$/).nullable().default(null),
})
export type MediaNote = z.infer<typeof mediaNoteSchema>

/** A note with the paths it stands for. */
export interface NotedMedia {
  note: MediaNote
  /** The media folder itself. */
  folder: string
  file: string
  /** Where what comes is unpacked, and what an undo brings back waits. */
  fresh: string
  /** Where what was replaced is kept. */
  kept: string
}

/** The paths of a restore's work on `folder`. Pure. */
export function mediaPaths(folder: string, note: MediaNote): NotedMedia {
  const parent = dirname(folder)
  const base = cutBytes(basename(folder), 200)
  const work = join(folder, workFolderName(note.restore))
  if (note.method === 'inside')
    return { note, folder, file: join(work, 'restore.json'), fresh: join(work, 'new'), kept: join(work, 'old') }
  return {
    note,
    folder,
    file: join(parent, `.${base}.lifeboat-${note.restore}.json`),
    fresh: join(parent, `${base}.restoring-${note.restore}`),
    kept: join(parent, `${base}_before_${note.stamp ?? '00000000000000'}`),
  }
}

/** Every note of a media folder, oldest first. What is not one of ours is passed over. */
export async function readMediaNotes(folder: string): Promise<NotedMedia[]> {
  const prefix = `.${cutBytes(basename(folder), 200)}.lifeboat-`
  const beside = (await names(dirname(folder)))
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .map((name) => ({ method: 'rename', file: join(dirname(folder), name) }))
  const inside = (await names(folder))
    .filter(isWorkFolder)
    .map((name) => ({ method: 'inside', file: join(folder, name, 'restore.json') }))
  const found: NotedMedia[] = []
  for (const { method, file } of [...beside, ...inside]) {
    const note = await readNote(file, folder)
    if (note?.method !== method) continue
    const noted = mediaPaths(folder, note)
    if (noted.file === file) found.push(noted)
  }
  return found.sort((a, b) => (a.note.at < b.note.at ? -1 : 1))
}

/** Notes of which only a part was written: they mean nothing, and the process that writes one may still run. */
export async function partialNotes(folder: string): Promise<{ file: string; restoreId: string }[]> {
  const prefix = `.${cutBytes(basename(folder), 200)}.lifeboat-`
  const partial = /^(.+)\.json\.[0-9a-f]{12}$/
  const beside = (await names(dirname(folder))).flatMap((name) => {
    const restoreId = name.startsWith(prefix) ? (partial.exec(name)?.[1] ?? '').slice(prefix.length) : ''
    return isRestoreId(restoreId) ? [{ file: join(dirname(folder), name), restoreId }] : []
  })
  const inside: { file: string; restoreId: string }[] = []
  for (const work of (await names(folder)).filter(isWorkFolder))
    for (const name of await names(join(folder, work)))
      if (partial.exec(name)?.[1] === 'restore')
        inside.push({ file: join(folder, work, name), restoreId: work.slice('.lifeboat-'.length) })
  return [...beside, ...inside]
}

/** Writes it whole or not at all, and has it on the disk when it resolves. */
export async function writeMediaNote({ note, file }: NotedMedia): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(partial, 'wx', 0o600)
    try {
      await handle.writeFile(JSON.stringify(note))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(file))
}

/** Of a restore of media alone: its folders, which come into place all or not at all. */
export function foldersTogether({ proof }: MediaNote): string[] | null {
  return proof !== null && 'folders' in proof ? proof.folders : null
}

/** Removes what is kept, or was unpacked, and then the note: a crash in between leaves the note, and all is done again. */
export async function removeNoted({ note, file, fresh, kept }: NotedMedia): Promise<void> {
  await removeTree(fresh)
  if (note.stamp !== null || note.method === 'inside') await removeTree(kept)
  await removeTree(note.method === 'inside' ? dirname(file) : file)
}

/** Also where folders are read-only, as they were in the backup. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch {
    await makeWritable(path)
    await rm(path, { recursive: true, force: true })
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => {})
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await makeWritable(join(folder, entry.name))
}

/** A user who can write to the parent of the media folder can have put anything there: a note counts if its owner has a say in the place. */
async function readNote(file: string, folder: string): Promise<MediaNote | undefined> {
  try {
    const found = await lstat(file)
    if (!found.isFile() || found.size > 65_536 || !(await hasSay(found.uid, folder))) return undefined
    return mediaNoteSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** This user, root, and the owners of the media folder and of the one it lies in. */
async function hasSay(user: number, folder: string): Promise<boolean> {
  if (user === 0 || user === process.geteuid?.()) return true
  const ownerOf = (path: string) =>
    stat(path).then(
      ({ uid }) => uid,
      () => null,
    )
  return (await Promise.all([folder, dirname(folder)].map(ownerOf))).includes(user)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
