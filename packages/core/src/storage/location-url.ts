import { EngineError } from '../errors.ts'
import { isObjectName } from './names.ts'

/** The parts of a storage URL such as `s3://bucket/prefix?region=eu-west-1`. */
export interface LocationUrl {
  /** Bucket, container, or host. */
  host: string
  port: number | undefined
  user: string | undefined
  /** Without slashes around it; `''` is the top. */
  path: string
  /** The value of a parameter; an empty one counts as absent. */
  parameter(name: string): string | undefined
}

/**
 * Takes a storage URL apart. Secrets do not belong into URLs, which end up in logs, process lists and shell histories: a
 * password is refused, and so is every parameter not named in `known`. Messages never repeat a value.
 */
export function parseLocationUrl(location: string, known: readonly string[]): LocationUrl {
  let url: URL
  try {
    url = new URL(location)
  } catch {
    throw invalid('The URL of the storage cannot be read.')
  }
  const scheme = url.protocol.slice(0, -1)
  if (url.password !== '')
    throw invalid(`A ${scheme}:// URL must not hold a password or key.`, 'See docs/storage.md for where secrets go.')
  if (url.hash !== '') throw invalid(`A ${scheme}:// URL has no part after "#".`)
  if (url.hostname === '') throw invalid(`The ${scheme}:// URL names no host or bucket.`)
  for (const [name, value] of url.searchParams)
    if (!known.includes(name))
      throw invalid(
        // Without a value it may itself be one, e.g. a token after a question mark.
        value === ''
          ? `A ${scheme}:// URL has parameters it does not know.`
          : `A ${scheme}:// URL has no parameter ${JSON.stringify(name)}.`,
        `It may have: ${known.join(', ') || 'none'}.`,
      )
  return {
    host: url.hostname,
    port: url.port === '' ? undefined : Number(url.port),
    user: url.username === '' ? undefined : decode(url.username),
    path: decode(url.pathname).replace(/^\/+|\/+$/g, ''),
    parameter: (name) => url.searchParams.get(name) || undefined,
  }
}

/** The prefix of all keys, `''` or with a slash at its end. Throws `CONFIG_INVALID` for one that object names cannot have. */
export function keyPrefix(path: string | undefined): string {
  const trimmed = (path ?? '').replace(/^\/+|\/+$/g, '')
  if (trimmed === '') return ''
  if (!isObjectName(trimmed)) throw invalid(`${JSON.stringify(trimmed)} is not a prefix that objects can have.`)
  return `${trimmed}/`
}

/** `1`, `true`, `yes` or `0`, `false`, `no`. */
export function parseFlag(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (/^(1|true|yes)$/i.test(value)) return true
  if (/^(0|false|no)$/i.test(value)) return false
  throw invalid(`The parameter ${name} is 1 or 0.`)
}

/** An http or https address without credentials, as it may be shown. */
export function parseEndpoint(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw invalid('The endpoint is not an http:// or https:// URL.')
  if (url.username !== '' || url.password !== '') throw invalid('The endpoint must not hold a user or password.')
  if (url.search !== '' || url.hash !== '')
    throw invalid('The endpoint has nothing after "?" or "#".', 'See docs/storage.md for where tokens and keys go.')
  return value.replace(/\/+$/, '')
}

/** Puts a URL together again, for people: parameters that are undefined are left out. */
export function formatLocation(base: string, parameters: Record<string, string | undefined>): string {
  const query = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')}`)
  return query.length === 0 ? base : `${base}?${query.join('&')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('The URL of the storage cannot be read: a "%" in it is not followed by two hex digits.')
  }
}

function invalid(message: string, advice?: string): EngineError {
  return new EngineError('CONFIG_INVALID', message, { advice })
}
