import { fileURLToPath } from 'node:url'
import { EngineError } from '../errors.ts'
import { createLocalStorage, type LocalStorageOptions } from './local.ts'
import type { Storage } from './storage.ts'

/**
 * The storage at a location: a path or a `file://` URL. Throws `CONFIG_INVALID` for anything else; nothing is touched
 * before the first operation.
 */
export function openStorage(location: string, options: LocalStorageOptions = {}): Storage {
  if (location === '' || location.includes('\0'))
    throw new EngineError('CONFIG_INVALID', 'The location of the repository is empty or holds a NUL byte.')
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) return createLocalStorage(location, options)
  if (scheme === 'file') return createLocalStorage(pathOfFileUrl(location), options)
  throw new EngineError('CONFIG_INVALID', `There is no storage for ${scheme}:// locations.`, {
    advice: 'Give a path or a file:// URL.',
  })
}

function pathOfFileUrl(location: string): string {
  try {
    return fileURLToPath(location)
  } catch (cause) {
    throw new EngineError('CONFIG_INVALID', 'The file:// URL of the repository names no path of this host.', { cause })
  }
}
