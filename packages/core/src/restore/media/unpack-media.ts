import { chmod, chown, type FileHandle, mkdir, open, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Parser, type ReadEntry } from 'tar'
import { EngineError, throwIfAborted } from '../../errors.ts'
import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { MediaRecord } from '../../repository/documents/documents.ts'
import { mediaEntryParts } from './media-names.ts'
import { removeTree } from './media-note.ts'

const maxFolders = 1_000_000

export interface UnpackResult {
  /**
   * Files and folders that belong to another user or group than in the backup, because this process cannot change the
   * owner of files.
   */
  ownersNotKept: number
}

/**
 * Unpacks a media folder of a backup into the new folder `fresh`: files and folders only, no links, never outside, never
 * more than the manifest says. Mode and time of last change are as in the backup, the owner where this process may set
 * it; set-user-id and set-group-id of files are left out. Runs of zeros become holes. On failure nothing is left.
 */
export async function unpackMedia(
  reader: ChunkReader,
  media: MediaRecord,
  fresh: string,
  running: { signal?: AbortSignal; onBytes?: (bytes: number) => void } = {},
): Promise<UnpackResult> {
  await mkdir(fresh, { mode: 0o700 })
  try {
    return await unpack(reader, media, fresh, running)
  } catch (error) {
    await removeTree(fresh)
    throw error
  }
}

async function unpack(
  reader: ChunkReader,
  media: MediaRecord,
  fresh: string,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void },
): Promise<UnpackResult> {
  const writer = createTreeWriter(media, fresh)
  let failure: unknown
  let last = Promise.resolve()
  const parser = new Parser({ strict: true })
  parser.on('error', (error) => {
    failure ??= error
  })
  // One after the other: a folder gets its time when nothing is put into it any more.
  parser.on('entry', (entry: ReadEntry) => {
    last = last.then(async () => {
      try {
        if (failure === undefined) await writer.write(entry)
      } catch (error) {
        failure ??= error
      }
      entry.resume()
    })
  })
  for await (const piece of reader.readStream(media.tar)) {
    throwIfAborted(signal)
    if (failure) throw failure
    onBytes?.(piece.length)
    if (!parser.write(piece)) await drained(parser, () => failure !== undefined)
  }
  parser.end()
  await last
  if (failure) throw failure
  return writer.finish()
}

/** Waits until the parser wants more, or until an entry has failed. */
async function drained(parser: Parser, failed: () => boolean): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((done) => {
    parser.once('drain', () => done())
    timer = setInterval(() => failed() && done(), 50)
  })
  clearInterval(timer)
}

interface Attributes {
  mode: number
  uid: number | undefined
  gid: number | undefined
  mtime: Date | undefined
}

/** Writes entries as they come, and gives folders their attributes once something outside them comes. */
function createTreeWriter(media: MediaRecord, root: string) {
  const open: { parts: string[]; attributes: Attributes }[] = []
  const count = { files: 0, folders: 0, bytes: 0 }
  const result: UnpackResult = { ownersNotKept: 0 }

  const leave = async (parts: readonly string[]) => {
    for (let top = open.at(-1); top !== undefined && !isBelow(parts, top.parts); top = open.at(-1)) {
      open.pop()
      if (!(await setAttributes(join(root, ...top.parts), top.attributes))) result.ownersNotKept++
    }
  }

  return {
    async write(entry: ReadEntry): Promise<void> {
      const parts = mediaEntryParts(entry.path, media.name)
      const path = join(root, ...parts)
      await leave(parts)
      if (entry.type === 'Directory') {
        if (++count.folders > maxFolders) throw damaged(media, 'holds more folders than anybody has')
        await mkdir(path, { recursive: true, mode: 0o700 })
        open.push({ parts, attributes: attributesOf(entry, 0o3777) })
        return
      }
      if (entry.type !== 'File' && entry.type !== 'OldFile') throw damaged(media, 'holds something that is no file')
      count.files++
      count.bytes += entry.size
      if (count.files > media.files || count.bytes > media.bytes)
        throw damaged(media, 'holds more than its manifest says')
      if (parts.length === 0) throw damaged(media, 'is a file')
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      if (!(await writeFile(path, entry))) result.ownersNotKept++
    },

    async finish(): Promise<UnpackResult> {
      await leave(['/'])
      const { files, bytes } = count
      if (files !== media.files || bytes !== media.bytes) throw damaged(media, 'does not hold what its manifest says')
      return result
    },
  }
}

function isBelow(parts: readonly string[], folder: readonly string[]): boolean {
  return parts[0] !== '/' && folder.every((part, index) => parts[index] === part)
}

/** Whether its owner could be kept. `wx`: a second entry of the same name is refused, however the file system compares names. */
async function writeFile(path: string, entry: ReadEntry): Promise<boolean> {
  const file = await open(path, 'wx', 0o600)
  try {
    let position = 0
    let end = 0
    for await (const piece of entry) {
      end = Math.max(end, await writeFilled(file, piece as Buffer, position))
      position += piece.length
    }
    if (end < position) await file.truncate(position)
    const { mode, uid, gid, mtime } = attributesOf(entry, 0o777)
    const isKept = await given(uid, gid, () => file.chown(uid ?? -1, gid ?? -1))
    await file.chmod(mode)
    if (mtime) await file.utimes(seconds(mtime), seconds(mtime))
    return isKept
  } finally {
    await file.close()
  }
}

const page = 4096
const emptyPage = Buffer.alloc(page)

/** Writes all but the pages of zeros, which stay holes. Gives the position behind what was written. */
async function writeFilled(file: FileHandle, piece: Buffer, position: number): Promise<number> {
  let end = 0
  for (let at = 0; at < piece.length; ) {
    const from = nextPage(piece, at, position, (isEmpty) => !isEmpty)
    at = nextPage(piece, from, position, (isEmpty) => isEmpty)
    for (let done = from; done < at; ) {
      const { bytesWritten } = await file.write(piece, done, at - done, position + done)
      done += bytesWritten
    }
    if (at > from) end = position + at
  }
  return end
}

/** Where the next page, counted from the beginning of the file, begins that is wanted; else the end of the piece. */
function nextPage(piece: Buffer, from: number, position: number, isWanted: (isEmpty: boolean) => boolean): number {
  for (let at = from; at < piece.length; ) {
    const next = Math.min(piece.length, at + page - ((position + at) % page))
    if (isWanted(piece[at] === 0 && emptyPage.compare(piece, at, next, 0, next - at) === 0)) return at
    at = next
  }
  return piece.length
}

function attributesOf({ mode = 0o644, uid, gid, mtime }: ReadEntry, kept: number): Attributes {
  return { mode: mode & kept, uid, gid, mtime }
}

/** Whether its owner could be kept. */
async function setAttributes(path: string, { mode, uid, gid, mtime }: Attributes): Promise<boolean> {
  const isKept = await given(uid, gid, () => chown(path, uid ?? -1, gid ?? -1))
  await chmod(path, mode)
  if (mtime) await utimes(path, seconds(mtime), seconds(mtime))
  return isKept
}

/** Gives a file to its owner, where it is not this process's own already. */
async function given(uid: number | undefined, gid: number | undefined, give: () => Promise<void>): Promise<boolean> {
  if (process.geteuid === undefined || (uid === undefined && gid === undefined)) return true
  if (uid === process.geteuid() && gid === process.getegid?.()) return true
  return give().then(
    () => true,
    () => false,
  )
}

/** Half a microsecond more: as a fraction the millisecond may come out a little short, and be cut to the one before. */
function seconds(time: Date): number {
  return time.getTime() / 1000 + 5e-7
}

function damaged(media: MediaRecord, what: string): EngineError {
  return new EngineError('REPOSITORY_DAMAGED', `Media "${media.name}" ${what}.`, { detail: { media: media.name } })
}
