import { isAbsolute } from 'node:path'
import { EngineError } from '../errors.ts'
import { formatLocation, parseLocationUrl } from './location-url.ts'
import { createRemoteStorage } from './remote-storage.ts'
import { createSftpDriver } from './sftp-driver.ts'
import type { SftpConnectionOptions } from './sftp-options.ts'
import { openSftpSession } from './sftp-session.ts'
import type { Storage } from './storage.ts'

/** The options of `createSftpStorage`. */
export interface SftpStorageOptions extends SftpConnectionOptions {
  /** Folder of the repository; a relative one begins at the home folder. */
  path: string
  /** Make the folder at the first put if it is not there. Without it, a missing folder is `STORAGE_GONE`. */
  create?: boolean
}

/**
 * A folder on a server reached over SSH. Needs the package `ssh2`.
 *
 * The server's key must be known: see `openSftpSession`. Folders are made 0700 and files 0600; bytes are flushed where
 * the server offers `fsync@openssh.com`. Folders cannot be flushed over SFTP: a crash of the *server* may take the last
 * seconds with it, whole files at a time.
 */
export function createSftpStorage(options: SftpStorageOptions): Storage {
  const { host, port, user, path, keyFile, hostKey, knownHostsFile, create = false } = options
  if (path === '') throw new EngineError('CONFIG_INVALID', 'The sftp:// location names no folder.')
  const at = `${user === undefined ? '' : `${encodeURIComponent(user)}@`}${host}${port === undefined ? '' : `:${port}`}`
  const location = formatLocation(`sftp://${at}${isAbsolute(path) ? path : `/~/${path}`}`, {
    key_file: keyFile,
    host_key: hostKey,
    known_hosts: knownHostsFile,
  })
  return createRemoteStorage({
    location,
    prefix: '',
    optional: ['freeBytes', 'sweepLeftovers'],
    open: async () => createSftpDriver({ root: path, create, connect: (signal) => openSftpSession(options, signal) }),
  })
}

const parameters = ['key_file', 'host_key', 'known_hosts']

/** `sftp://user@host:port/absolute/path` or `sftp://host/~/below/home`, with `?key_file=…&host_key=SHA256:…&known_hosts=…` */
export function sftpOptionsOf(location: string): SftpStorageOptions {
  const { host, port, user, path, parameter } = parseLocationUrl(location, parameters)
  const isHome = path === '~' || path.startsWith('~/')
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    user,
    path: isHome ? path.slice(2) || '.' : `/${path}`,
    keyFile: parameter('key_file'),
    // A "+" in a query is a blank to a browser; base64 has no blanks.
    hostKey: parameter('host_key')?.replaceAll(' ', '+'),
    knownHostsFile: parameter('known_hosts'),
  }
}
