import { EngineError } from '../../errors.ts'
import { cutBytes, isRestoreId } from '../names.ts'

/**
 * The path of a tar entry below the folder it is unpacked in, as parts; none for the folder itself. Everything in a
 * backup is hostile: absolute paths, `..`, drive letters, NUL and whatever is not below `name/` is refused. Pure.
 *
 * Throws `REPOSITORY_DAMAGED`.
 */
export function mediaEntryParts(path: string, name: string): string[] {
  const parts = path.replace(/\/+$/, '').split('/')
  const hostile =
    path.includes('\0') ||
    path.startsWith('/') ||
    parts[0] !== name ||
    parts.some((part) => part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > 255) ||
    // On other systems than Windows a file may well be called "a: b".
    (process.platform === 'win32' && /^[A-Za-z]:/.test(parts[1] ?? '')) ||
    isWorkFolder(parts[1] ?? '') ||
    Buffer.byteLength(path) > 4096
  if (hostile) {
    throw new EngineError('REPOSITORY_DAMAGED', `Media "${name}" holds an entry with a name that is not allowed.`, {
      detail: { media: name, path: path.slice(0, 200) },
    })
  }
  return parts.slice(1)
}

/** The folder within a media folder in which a restore works where it cannot rename the media folder itself. */
export function workFolderName(restoreId: string): string {
  return `.lifeboat-${restoreId}`
}

export function isWorkFolder(name: string): boolean {
  return name.startsWith('.lifeboat-') && isRestoreId(name.slice('.lifeboat-'.length))
}

/** Where a media folder of a backup goes. */
export interface MediaTarget {
  /** The backup's name for it. */
  name: string
  /** Null: it was not said where. */
  target: string | null
  /** Whether what is there is replaced; else there must be nothing. */
  replaces: boolean
}

/**
 * Where media folders go, by the backup's names for them. With `true` each goes to the configured folder of its name;
 * where the restored database is not the configured one (`beside` is its name), into a folder beside that one, because
 * the application goes on with its own. Paths that are given are taken as they are. Pure.
 *
 * Throws `REPOSITORY_DAMAGED` for a name that would lead out of the folder it is put in.
 */
export function mediaTargets(
  names: readonly string[],
  target: true | string | Record<string, string> | undefined,
  configured: readonly { name: string; path: string }[],
  { beside, replaces }: { beside: string | null; replaces: boolean },
): MediaTarget[] {
  if (target === undefined) return []
  for (const name of names)
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new EngineError('REPOSITORY_DAMAGED', `The backup calls a media folder ${JSON.stringify(name)}.`)
  if (typeof target === 'object')
    return names
      .filter((name) => Object.hasOwn(target, name))
      .map((name) => ({ name, target: target[name] ?? null, replaces }))
  if (typeof target === 'string')
    return names.map((name) => ({
      name,
      target: names.length === 1 ? target : `${target.replace(/\/+$/, '')}/${name}`,
      replaces,
    }))
  return names.map((name) => {
    const path = configured.find((folder) => folder.name === name)?.path
    if (path === undefined) return { name, target: null, replaces: false }
    return beside === null
      ? { name, target: path, replaces }
      : { name, target: besideFolder(path, beside), replaces: false }
  })
}

/** `/srv/uploads_shop_copy` for `/srv/uploads` and a database `shop_copy`. */
function besideFolder(path: string, database: string): string {
  return `${path.replace(/\/+$/, '')}_${cutBytes(database.replaceAll(/[/\0]/g, '_'), 63)}`
}
