import { constants, type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Header, Pax } from 'tar'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { MediaRecord } from '../repository/documents.ts'

/** What reading a folder found besides the bytes; complete once the iteration has ended. */
export interface MediaReading {
  files: number
  /** Bytes of file contents, without tar headers and padding. */
  bytes: number
  problems: MediaRecord['problems']
}

export interface MediaSource {
  /** An uncompressed tar stream in blocks that own their memory, so that they can be transferred to a worker. */
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>
  reading: MediaReading
}

const blockBytes = 1 << 20
const emptyBlock = 512

/**
 * Reads a folder as a tar stream that is a function of its contents: entries in byte order of their names below
 * `name/`, without owners, and with modification times of files in whole seconds, so that an unchanged folder gives
 * the same bytes and costs no new chunks.
 *
 * A file that changes, vanishes or cannot be read meanwhile is reported in `reading.problems`, not fatal: its entry is
 * padded with zeros or cut at the size its header promised. Symbolic links and special files are skipped and
 * reported. Hard links are stored as files of their own (their chunks are shared anyway).
 * @throws EngineError `MEDIA_FOLDER_MISSING` when the folder itself is not there, before or after.
 */
export function openMediaSource(folder: { name: string; path: string }, signal?: AbortSignal): MediaSource {
  const reading: MediaReading = { files: 0, bytes: 0, problems: [] }
  return { blocks: joined(tarStream(folder, reading, signal)), reading }
}

async function* tarStream(
  folder: { name: string; path: string },
  reading: MediaReading,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  await requireFolder(folder.path)
  yield* readFolder(folder.path, folder.name, '')
  // A folder that was unmounted meanwhile looks like one whose files all vanished: that is no backup of it.
  await requireFolder(folder.path)
  yield Buffer.alloc(2 * emptyBlock)

  async function* readFolder(path: string, entry: string, relative: string): AsyncGenerator<Uint8Array> {
    throwIfAborted(signal)
    const names = await listFolder(path)
    if (names === undefined) {
      reading.problems.push({ path: relative || '.', problem: await problemOf(path) })
      return
    }
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0o755
    yield* entryHeader({ path: `${entry}/`, mode: mode & 0o777, size: 0, type: 'Directory' })
    for (const child of names) {
      const below = relative ? `${relative}/${child.name}` : child.name
      if (!child.readable || !(child.entry.isFile() || child.entry.isDirectory())) {
        reading.problems.push({ path: below, problem: 'skipped' })
      } else if (child.entry.isDirectory()) {
        yield* readFolder(join(path, child.name), `${entry}/${child.name}`, below)
      } else {
        yield* readFile(join(path, child.name), `${entry}/${child.name}`, below)
      }
    }
  }

  async function* readFile(path: string, entry: string, relative: string): AsyncGenerator<Uint8Array> {
    throwIfAborted(signal)
    let file: FileHandle
    try {
      // A link or a pipe put in the file's place since the listing is neither followed nor waited for.
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch {
      reading.problems.push({ path: relative, problem: await problemOf(path) })
      return
    }
    try {
      const before = await file.stat()
      if (!before.isFile()) {
        reading.problems.push({ path: relative, problem: 'skipped' })
        return
      }
      const size = before.size
      yield* entryHeader({
        path: entry,
        mode: before.mode & 0o777,
        size,
        mtime: new Date(Math.floor(before.mtimeMs / 1000) * 1000),
        type: 'File',
      })
      let position = 0
      while (position < size) {
        throwIfAborted(signal)
        const buffer = new Uint8Array(Math.min(blockBytes, size - position))
        const read = await file.read(buffer, 0, buffer.length, position).catch(() => undefined)
        if (read === undefined || read.bytesRead === 0) break
        position += read.bytesRead
        yield buffer.subarray(0, read.bytesRead)
      }
      yield* zeros(size - position + padding(size))
      const after = await file.stat()
      const changed = position < size || after.size !== size || after.mtimeMs !== before.mtimeMs
      if (changed) reading.problems.push({ path: relative, problem: 'changed' })
      reading.files += 1
      reading.bytes += size
    } finally {
      await file.close()
    }
  }
}

interface EntryHeader {
  path: string
  mode: number
  size: number
  mtime?: Date
  type: 'File' | 'Directory'
}

function* entryHeader(entry: EntryHeader): Generator<Uint8Array> {
  const header = new Header(entry)
  const needsPax = header.encode()
  if (needsPax) yield new Pax({ path: entry.path, size: entry.size }).encode()
  if (header.block) yield header.block
}

function padding(size: number): number {
  return (emptyBlock - (size % emptyBlock)) % emptyBlock
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= blockBytes) yield new Uint8Array(Math.min(left, blockBytes))
}

/** Entries in byte order; a name that is not UTF-8 cannot be asked for by its text and is marked unreadable. */
async function listFolder(
  path: string,
): Promise<{ name: string; entry: Dirent<Buffer>; readable: boolean }[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' })
    entries.sort((a, b) => Buffer.compare(a.name, b.name))
    return entries.map((entry) => {
      const name = entry.name.toString('utf8')
      return { name, entry, readable: Buffer.from(name, 'utf8').equals(entry.name) }
    })
  } catch {
    return undefined
  }
}

async function problemOf(path: string): Promise<'vanished' | 'unreadable' | 'skipped'> {
  try {
    await stat(path)
    return 'unreadable'
  } catch {
    return 'vanished'
  }
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
