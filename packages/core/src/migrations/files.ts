import { createHash } from 'node:crypto'
import { glob, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../errors.ts'

/** A folder as a host names it: a path or a file URL. */
export type Folder = string | URL

export function folderPath(folder: Folder): string {
  return folder instanceof URL || folder.startsWith('file:') ? fileURLToPath(folder) : path.resolve(folder)
}

/** Names of the files in a folder; of folders in it where `directories` is set. */
export async function listFolder(folder: string, { directories = false } = {}): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() === directories).map(({ name }) => name)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('CONFIG_INVALID', `The migrations in ${folder} cannot be read: ${why}`, { cause })
  }
}

/** Files that match patterns (`src/migrations/*.js`), or lie where a plain path leads; by path, each once. */
export async function matchFiles(patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    for await (const file of glob(pattern)) if (!file.endsWith('.d.ts')) found.add(path.resolve(file))
  }
  return [...found].sort()
}

export async function hashFile(file: string): Promise<string> {
  return sha256(await readFile(file))
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/**
 * A hash of what SQL says: the same for other line ends, indentation and comments. Text in quotes and in dollar quotes
 * counts as it is.
 */
export function sqlHash(sql: string): string {
  const tokens = sql.replaceAll('\r\n', '\n').matchAll(sqlPiece)
  let text = ''
  for (const [piece, comment, space] of tokens) text += comment !== undefined || space !== undefined ? ' ' : piece
  return sha256(
    text
      .replace(/ {2,}/g, ' ')
      .replace(/ ?([,;()]) ?/g, '$1')
      .trim(),
  )
}

/** In turn: a comment, white space, a quoted piece, anything else. */
const sqlPiece =
  /(--[^\n]*|\/\*.*?\*\/)|(\s+)|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<dollar>\$[A-Za-z_]*\$).*?\k<dollar>|[^\s'"$/-]+|./gs
