import { EngineError, isEngineError } from '../errors.ts'
import { StorageObjectMissing } from './storage.ts'

/** What a failure of a remote storage means for the caller. */
export type RemoteFailure =
  /** The object is not there. */
  | 'missing'
  /** A put-if-absent found one. */
  | 'exists'
  /** The object is shorter than the range. */
  | 'range'
  /** Bucket, container or folder is not there. */
  | 'gone'
  | 'full'
  /** Credentials, rights or settings are wrong: trying again does not help. */
  | 'denied'
  /** The clocks of this machine and of the store differ too much for a signature to be accepted. */
  | 'clock'
  /** Anything that may be over soon: network, timeouts, 5xx, throttling. */
  | 'failed'

/** A failure that a driver knows the meaning of. */
export class RemoteError extends Error {
  readonly failure: RemoteFailure
  constructor(failure: RemoteFailure, message: string) {
    super(message)
    this.name = 'RemoteError'
    this.failure = failure
  }
}

/** An object that has more bytes than may be read. */
export class ObjectTooLong extends Error {
  readonly bytes: number
  constructor(bytes: number) {
    super(`${bytes} bytes are too many`)
    this.name = 'ObjectTooLong'
    this.bytes = bytes
  }
}

/** The meaning of an HTTP status, as far as all the object stores agree. */
export function failureOfStatus(status: number | undefined): RemoteFailure {
  switch (status) {
    case 404:
      return 'missing'
    case 412:
      return 'exists'
    case 416:
      return 'range'
    case 507:
      return 'full'
    case 301:
    case 307:
    case 400:
    case 401:
    case 403:
    case 405:
    case 501:
      return 'denied'
    default:
      return 'failed'
  }
}

/**
 * The error the storage contract promises. The SDK's own error is not handed on: it may carry the request, and with it
 * what was signed or sent as a credential. Its name and message are.
 */
export function remoteError(
  error: unknown,
  context: { failure: RemoteFailure; action: string; location: string; name: string },
): Error {
  if (isEngineError(error) || error instanceof StorageObjectMissing) return error
  const { failure, action, location, name } = context
  if (failure === 'missing') return new StorageObjectMissing(name, location)
  const said = describeRemote(error)
  const code = codes[failure] ?? 'STORAGE_FAILED'
  return new EngineError(code, `Could not ${action} in ${location}: ${said}`, { cause: new Error(said) })
}

const codes: Partial<Record<RemoteFailure, 'STORAGE_GONE' | 'STORAGE_FULL' | 'STORAGE_DENIED' | 'STORAGE_CLOCK'>> = {
  gone: 'STORAGE_GONE',
  full: 'STORAGE_FULL',
  denied: 'STORAGE_DENIED',
  clock: 'STORAGE_CLOCK',
}

function describeRemote(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed without saying why.'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const kind = error.name === 'Error' || error.name === 'RemoteError' ? code : error.name
  const message = withoutUrls(error.message.split('\n')[0] ?? '').slice(0, 300)
  const said = [kind, message].filter((part) => part !== '' && part !== 'UnknownError').join(': ')
  return /[.!?]$/.test(said) ? said : `${said || 'no reason was given'}.`
}

/** Signed URLs carry their signature in the query. */
function withoutUrls(message: string): string {
  return message.replace(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, '$1')
}
