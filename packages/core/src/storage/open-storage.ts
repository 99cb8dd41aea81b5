import { fileURLToPath } from 'node:url'
import { EngineError } from '../errors.ts'
import { azureOptionsOf, createAzureStorage } from './azure.ts'
import { createGcsStorage, gcsOptionsOf } from './gcs.ts'
import { createLocalStorage, type LocalStorageOptions } from './local.ts'
import { withRetry } from './retry.ts'
import { createS3Storage, s3OptionsOf } from './s3.ts'
import { schemeOf } from './scheme.ts'
import { createSftpStorage, sftpOptionsOf } from './sftp.ts'
import type { Storage } from './storage.ts'
import { type Throttle, withThrottle } from './throttle.ts'

export interface OpenStorageOptions extends LocalStorageOptions {
  /** Keeps what is moved below its limits. */
  throttle?: Throttle
}

/** A storage over a network, by the scheme of its URL. Its SDK is loaded at the first operation. */
const remoteStorages: Record<string, (location: string, options: LocalStorageOptions) => Storage> = {
  azure: (location) => createAzureStorage(azureOptionsOf(location)),
  gs: (location) => createGcsStorage(gcsOptionsOf(location)),
  s3: (location) => createS3Storage(s3OptionsOf(location)),
  sftp: (location, { create }) => createSftpStorage({ ...sftpOptionsOf(location), create }),
}

/**
 * The storage at a location: a path, a `file://` URL, or the URL of a remote storage, which then tries again what failed
 * for the moment (`withRetry`). Throws `CONFIG_INVALID` for anything else; nothing is touched before the first operation.
 */
export function openStorage(location: string, options: OpenStorageOptions = {}): Storage {
  if (location === '' || location.includes('\0'))
    throw new EngineError('CONFIG_INVALID', 'The location of the repository is empty or holds a NUL byte.')
  const throttled = (storage: Storage) => (options.throttle ? withThrottle(storage, options.throttle) : storage)
  const scheme = schemeOf(location)
  if (scheme === undefined && looksLikeUrl(location))
    throw new EngineError('CONFIG_INVALID', 'The location looks like a URL and is none.', {
      advice: 'A URL has two slashes after its colon (s3://bucket/prefix). A folder of such a name: put ./ before it.',
    })
  if (scheme === undefined) return throttled(createLocalStorage(location, options))
  if (scheme === 'file') return throttled(createLocalStorage(pathOfFileUrl(location), options))
  const open = Object.hasOwn(remoteStorages, scheme) ? remoteStorages[scheme] : undefined
  if (open) return withRetry(throttled(open(location, options)))
  throw new EngineError('CONFIG_INVALID', `There is no storage for ${scheme}:// locations.`, {
    advice: `Give a path, or a URL of one of these: ${['file', ...Object.keys(remoteStorages)].map((name) => `${name}://`).join(', ')}.`,
  })
}

/** `s3:/key:secret@bucket` is a slip, and would be shown as the name of a folder. */
function looksLikeUrl(location: string): boolean {
  return Object.keys(remoteStorages).some((scheme) => location.toLowerCase().startsWith(`${scheme}:`))
}

function pathOfFileUrl(location: string): string {
  try {
    const url = new URL(location)
    if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return fileURLToPath(url)
  } catch {
    // An error of the URL's parser carries the whole URL.
  }
  throw new EngineError('CONFIG_INVALID', 'The file:// URL of the repository names no path of this host.', {
    advice: 'It is file:///path, without host, user and parameters.',
  })
}
