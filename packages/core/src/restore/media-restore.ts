import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Parser, type ReadEntry } from 'tar'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { ChunkReader } from '../repository/chunk-reader.ts'
import type { MediaRecord } from '../repository/documents.ts'
import { mediaEntryParts } from './media-names.ts'
import { keptDatabaseName } from './names.ts'

/** A folder unpacked beside its target. */
export interface UnpackedMedia {
  name: string
  target: string
  fresh: string
}

const maxFolders = 1_000_000

/** The folder a restore unpacks into, beside the target. */
export function freshMediaFolder(target: string, restoreId: string): string {
  return `${resolve(target)}.restoring-${restoreId}`
}

/**
 * Unpacks a media folder of a backup into a fresh folder beside `target`: files and folders only, no links, never
 * outside, never more than the manifest says. On failure nothing is left.
 */
export async function unpackMedia(
  reader: ChunkReader,
  media: MediaRecord,
  target: string,
  { restoreId, signal, onBytes }: { restoreId: string; signal?: AbortSignal; onBytes?: (bytes: number) => void },
): Promise<UnpackedMedia> {
  const fresh = freshMediaFolder(target, restoreId)
  await requireParent(target)
  await mkdir(fresh, { mode: 0o700 })
  try {
    await unpack(reader, media, fresh, signal, onBytes)
    return { name: media.name, target: resolve(target), fresh }
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error
  }
}

/**
 * Puts an unpacked folder into place by renaming; what was there is kept under the name given back. A failure puts
 * the old folder back.
 */
export async function swapMedia({ target, fresh }: UnpackedMedia, now: Date): Promise<{ kept: string | null }> {
  const present = await stat(target).catch(() => null)
  if (!present) {
    await rename(fresh, target)
    return { kept: null }
  }
  const kept = keptMediaFolder(target, now)
  await rename(target, kept)
  try {
    await rename(fresh, target)
  } catch (error) {
    await rename(kept, target)
    throw error
  }
  return { kept }
}

export function keptMediaFolder(target: string, now: Date): string {
  return join(dirname(resolve(target)), `${resolve(target).split('/').at(-1)}${keptDatabaseName('', now)}`)
}

async function unpack(
  reader: ChunkReader,
  media: MediaRecord,
  folder: string,
  signal: AbortSignal | undefined,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<void> {
  let files = 0
  let folders = 0
  let bytes = 0
  let failure: unknown
  const writing = new Set<Promise<void>>()
  const fail = (error: unknown) => {
    failure ??= error
  }

  const handle = async (entry: ReadEntry): Promise<void> => {
    const parts = mediaEntryParts(entry.path, media.name)
    const path = join(folder, ...parts)
    const mode = (entry.mode ?? 0o644) & 0o777
    if (entry.type === 'Directory') {
      folders++
      if (folders > maxFolders) throw damaged(media, 'holds more folders than anybody has')
      entry.resume()
      await mkdir(path, { recursive: true, mode: mode | 0o700 })
      return
    }
    if (entry.type !== 'File' && entry.type !== 'OldFile') throw damaged(media, 'holds something that is no file')
    files++
    bytes += entry.size
    if (files > media.files || bytes > media.bytes) throw damaged(media, 'holds more than its manifest says')
    if (parts.length === 0) throw damaged(media, 'is a file')
    await mkdir(dirname(path), { recursive: true })
    // `wx`: a second entry of the same name, or one that only differs where the file system does not, is refused.
    const file = createWriteStream(path, { flags: 'wx', mode })
    const done = once(file, 'close')
    file.on('error', fail)
    entry.pipe(file)
    await done
  }

  const parser = new Parser({ strict: true })
  parser.on('entry', (entry: ReadEntry) => {
    const task = handle(entry).catch((error: unknown) => {
      fail(error)
      entry.resume()
    })
    writing.add(task)
    void task.finally(() => writing.delete(task))
  })
  parser.on('error', fail)
  for await (const piece of reader.readStream(media.tar)) {
    throwIfAborted(signal)
    if (failure) throw failure
    onBytes?.(piece.length)
    if (!parser.write(piece)) await drained(parser, () => failure !== undefined)
  }
  parser.end()
  while (writing.size > 0) await Promise.all(writing)
  if (failure) throw failure
  if (files !== media.files || bytes !== media.bytes) throw damaged(media, 'does not hold what its manifest says')
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

async function requireParent(target: string): Promise<void> {
  const parent = dirname(resolve(target))
  const found = await stat(parent).catch(() => null)
  if (found?.isDirectory()) return
  throw new EngineError(
    'MEDIA_FOLDER_MISSING',
    `The folder ${parent}, in which media are to be restored, is not there.`,
  )
}

function damaged(media: MediaRecord, what: string): EngineError {
  return new EngineError('REPOSITORY_DAMAGED', `Media "${media.name}" ${what}.`, { detail: { media: media.name } })
}
