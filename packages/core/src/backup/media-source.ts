import { constants, type Dirent, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { createMediaReading, type MediaReading } from './media-reading.ts'
import { isMountPoint } from './mount-point.ts'
import { entryHeader, tarEnd, tarPadding } from './tar-entries.ts'

export interface MediaSource {
  /** An uncompressed tar stream in blocks that own their memory, so that they can be transferred to a worker. */
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>
  reading: MediaReading
}

const blockBytes = 1 << 20
/** Where a restore works that cannot rename the folder itself; see restore/media/media-place.ts. */
const workFolder = /^\.lifeboat-(r[0-9a-hjkmnp-tv-z]{15}|probe-[0-9a-f]{12})$/

/**
 * Reads a folder as a tar stream that is a function of its contents: entries in byte order of their names below
 * `name/`, with mode, owner and time of last change (ms), so that an unchanged folder gives the same bytes and costs
 * no new chunks.
 *
 * A file that changes, vanishes or cannot be read is reported in `reading`, not fatal: its entry is left out, or padded
 * with zeros or cut at the size its header promised. Symbolic links and special files are skipped and reported. Hard
 * links are stored as files of their own (their chunks are shared anyway).
 * @throws EngineError `MEDIA_FOLDER_MISSING` when the folder itself is not there, before or after.
 */
export function openMediaSource(folder: { name: string; path: string }, signal?: AbortSignal): MediaSource {
  const found = createMediaReading()
  return { blocks: joined(tarStream(folder, found, signal)), reading: found.reading }
}

type Found = ReturnType<typeof createMediaReading>

async function* tarStream(
  folder: { name: string; path: string },
  found: Found,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  await requireFolder(folder.path)
  found.reading.mounted = await isMountPoint(folder.path).catch(() => false)
  yield* readFolder({ path: folder.path, entry: folder.name, relative: '' }, found, signal)
  // A folder that was unmounted since the start looks like one whose files all vanished: that is no backup of it.
  await requireFolder(folder.path)
  if (found.reading.mounted && !(await isMountPoint(folder.path).catch(() => false)))
    throw new EngineError('MEDIA_FOLDER_MISSING', `The media folder ${folder.path} was unmounted during the backup.`)
  found.finish()
  yield tarEnd
}

interface Place {
  /** On disk. */
  path: string
  /** In the tar. */
  entry: string
  /** In reports: below the media folder, '' for the folder itself. */
  relative: string
}

function below({ path, entry, relative }: Place, name: string): Place {
  return { path: join(path, name), entry: `${entry}/${name}`, relative: relative ? `${relative}/${name}` : name }
}

async function* readFolder(place: Place, found: Found, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal)
  const isRoot = place.relative === ''
  let children: Child[]
  let facts: Stats
  try {
    // The media folder itself may be a link; one put in the place of a folder below is not followed.
    facts = await (isRoot ? stat(place.path) : lstat(place.path))
    if (!facts.isDirectory()) return found.problem(place.relative, 'skipped')
    children = await listFolder(place.path)
  } catch (error) {
    return found.problem(place.relative || '.', problemOf(error))
  }
  found.owner(facts)
  yield* entryHeader({ ...attributes(facts), path: `${place.entry}/`, size: 0, type: 'Directory' })
  for (const { name, entry, isReadable } of children) {
    if (isRoot && entry.isDirectory() && workFolder.test(name)) continue
    const child = below(place, name)
    if (!entry.isFile() && !entry.isDirectory()) found.problem(child.relative, 'skipped')
    else if (!isReadable) found.problem(child.relative, 'unreadable')
    else if (entry.isDirectory()) yield* readFolder(child, found, signal)
    else yield* readFile(child, found, signal)
  }
}

async function* readFile(place: Place, found: Found, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal)
  let file: FileHandle
  try {
    // A link or a pipe put in the file's place since the listing is neither followed nor waited for.
    file = await open(place.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return found.problem(place.relative, problemOf(error))
  }
  try {
    const before = await file.stat()
    if (!before.isFile()) return found.problem(place.relative, 'skipped')
    const { size } = before
    found.owner(before)
    yield* entryHeader({ ...attributes(before), path: place.entry, size, type: 'File' })
    let position = 0
    let failed = false
    while (position < size) {
      throwIfAborted(signal)
      const buffer = new Uint8Array(Math.min(blockBytes, size - position))
      const read = await file.read(buffer, 0, buffer.length, position).catch(() => undefined)
      failed = read === undefined
      if (read === undefined || read.bytesRead === 0) break
      position += read.bytesRead
      yield buffer.subarray(0, read.bytesRead)
    }
    yield* zeros(size - position + tarPadding(size))
    const after = await file.stat()
    const changed = position < size || after.size !== size || after.mtimeMs !== before.mtimeMs
    if (failed) found.problem(place.relative, 'unreadable')
    else if (changed) found.problem(place.relative, 'changed')
    found.reading.files += 1
    found.reading.bytes += size
  } finally {
    await file.close()
  }
}

function attributes({ mode, uid, gid, mtimeMs }: Stats) {
  return { mode: mode & 0o7777, uid, gid, mtimeMs }
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= blockBytes) yield new Uint8Array(Math.min(left, blockBytes))
}

interface Child {
  name: string
  entry: Dirent<Buffer>
  /** A name that is not UTF-8 cannot be asked for by its text. */
  isReadable: boolean
}

/** Entries in byte order. */
async function listFolder(path: string): Promise<Child[]> {
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' })
  entries.sort((a, b) => Buffer.compare(a.name, b.name))
  return entries.map((entry) => {
    const name = entry.name.toString('utf8')
    return { name, entry, isReadable: Buffer.from(name, 'utf8').equals(entry.name) }
  })
}

function problemOf(error: unknown): 'vanished' | 'unreadable' | 'skipped' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'vanished'
  // What is a link, a socket or a device without a driver by now.
  return code === 'ELOOP' || code === 'ENXIO' ? 'skipped' : 'unreadable'
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory())
    throw new EngineError('MEDIA_FOLDER_MISSING', `The media folder ${path} is not there, or is not a folder.`, {
      detail: { path },
    })
}

/** Gathers small pieces (headers, small files) into blocks, so that a folder of many small files is cheap to hand over. */
async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(blockBytes)
  let used = 0
  for await (const piece of pieces) {
    for (let offset = 0; offset < piece.length; ) {
      const taken = Math.min(piece.length - offset, block.length - used)
      block.set(piece.subarray(offset, offset + taken), used)
      used += taken
      offset += taken
      if (used === block.length) {
        yield block
        block = new Uint8Array(blockBytes)
        used = 0
      }
    }
  }
  if (used > 0) yield block.slice(0, used)
}
