import { EngineError } from '../errors.ts'

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
    // Elsewhere than on Windows people may well call a file "a: b".
    (process.platform === 'win32' && /^[A-Za-z]:/.test(parts[1] ?? '')) ||
    Buffer.byteLength(path) > 4096
  if (hostile) {
    throw new EngineError('REPOSITORY_DAMAGED', `Media "${name}" holds an entry with a name that is not allowed.`, {
      detail: { media: name, path: path.slice(0, 200) },
    })
  }
  return parts.slice(1)
}

/**
 * Where media folders go, by the backup's names for them. `null`: nobody said. Pure.
 *
 * Throws `REPOSITORY_DAMAGED` for a name that would lead out of the folder it is put in.
 */
export function mediaTargets(
  names: readonly string[],
  target: true | string | Record<string, string> | undefined,
  configured: readonly { name: string; path: string }[],
): { name: string; target: string | null }[] {
  if (target === undefined) return []
  for (const name of names)
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new EngineError('REPOSITORY_DAMAGED', `The backup calls a media folder ${JSON.stringify(name)}.`)
  if (typeof target === 'object') {
    return names.filter((name) => Object.hasOwn(target, name)).map((name) => ({ name, target: target[name] ?? null }))
  }
  return names.map((name) => {
    if (target === true) return { name, target: configured.find((folder) => folder.name === name)?.path ?? null }
    return { name, target: names.length === 1 ? target : `${target.replace(/\/+$/, '')}/${name}` }
  })
}
