import { EngineError } from '../errors.ts'
import type { Keyword } from './connection-keywords.ts'

// Not `URL`: it refuses an empty host beside credentials, which is how socket URLs are written.
const urlPattern = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i

/**
 * The parameters in a connection text, of either form that libpq knows: a URL
 * (`postgresql://user:password@host:port/database?sslmode=verify-full`) or keywords (`host=... dbname='a name'`). Those
 * of a URL's query come last, so that they hold where both say something.
 *
 * @throws EngineError `CONFIG_INVALID`; its message never repeats the text, which may hold a password.
 */
export function connectionKeywords(text: string): Keyword[] {
  const trimmed = text.trim()
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return keywordsOfUrl(trimmed)
  if (/^[a-z_]+\s*=/i.test(trimmed)) return keywordsOfString(trimmed)
  throw invalid('The database URL is not of the form postgresql://user:password@host:port/database.')
}

function keywordsOfUrl(url: string): Keyword[] {
  const parts = urlPattern.exec(url)
  if (!parts) throw invalid('The database URL is not of the form postgresql://user:password@host:port/database.')
  const [, credentials = '', authority = '', path = '', query = ''] = parts
  if (authority.includes(',')) throw severalHosts()
  const colon = credentials.indexOf(':')
  const hostPort = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority)
  if (!hostPort) throw invalid('The port in the database URL is not a number.')
  const given: [string, string | undefined][] = [
    ['host', decode(hostPort[1] ?? '').replace(/^\[(.*)\]$/, '$1')],
    ['port', hostPort[2]],
    ['user', decode(colon < 0 ? credentials : credentials.slice(0, colon))],
    ['password', colon < 0 ? '' : decode(credentials.slice(colon + 1))],
    ['dbname', decode(path)],
  ]
  const keywords = given.flatMap(([name, value]) => (value ? [{ name, value }] : []))
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    keywords.push({ name, value: equals < 0 ? '' : decode(pair.slice(equals + 1).replaceAll('+', ' ')) })
  }
  return checked(keywords)
}

/** `host=localhost port = 5432 password='it\'s'`, as libpq reads it. */
function keywordsOfString(text: string): Keyword[] {
  const keywords: Keyword[] = []
  const pattern = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/suy
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)
    if (!found) throw invalid('The database is not named by a URL, nor by pairs of the form keyword=value.')
    const [, name = '', quoted, plain = ''] = found
    keywords.push({ name, value: (quoted ?? plain).replace(/\\(.)/gsu, '$1') })
  }
  return checked(keywords)
}

function checked(keywords: Keyword[]): Keyword[] {
  for (const { name, value } of keywords) {
    if ((name === 'host' || name === 'port') && value.includes(',')) throw severalHosts()
    if (value.includes('\0')) throw invalid(`The value of ${name} holds a zero byte.`)
  }
  return keywords
}

/** A backup reads by several sessions, all of one server. */
function severalHosts(): EngineError {
  return new EngineError('CONFIG_INVALID', 'The database URL names more than one host.', {
    advice: 'Name the one server to back up, e.g. the primary; every session of a backup has to reach the same.',
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('The database URL has a "%" that does not begin an encoded character; write it as %25.')
  }
}

function invalid(message: string): EngineError {
  return new EngineError('CONFIG_INVALID', message)
}
