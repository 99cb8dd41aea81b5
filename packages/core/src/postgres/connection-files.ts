import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import { nearestName } from '../nearest-name.ts'
import type { Keyword } from './connection-keywords.ts'

/**
 * The parameters of a service, from the files where libpq looks for it: `PGSERVICEFILE`, else `~/.pg_service.conf`;
 * then `pg_service.conf` in `PGSYSCONFDIR`.
 *
 * @throws EngineError `CONFIG_INVALID` when no file has it, with the nearest name that one has.
 */
export function readService(service: string): Keyword[] {
  const { env } = process
  const files = [
    env.PGSERVICEFILE || join(homedir(), '.pg_service.conf'),
    join(env.PGSYSCONFDIR || '/etc/postgresql-common', 'pg_service.conf'),
  ]
  const names: string[] = []
  for (const file of files) {
    const sections = serviceSections(readIfThere(file))
    const found = sections.get(service)
    if (found) return found
    names.push(...sections.keys())
  }
  const near = nearestName(service, names)
  throw new EngineError('CONFIG_INVALID', `The service "${service}" is not in ${files.join(' or ')}.`, {
    advice: near === undefined ? 'Set PGSERVICEFILE to the file that has it.' : `Is "${near}" meant?`,
  })
}

function serviceSections(text: string): Map<string, Keyword[]> {
  const sections = new Map<string, Keyword[]>()
  let current: Keyword[] | undefined
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const heading = /^\[(.*)\]$/.exec(line)
    if (heading) {
      current = []
      // As for libpq, the first of a name is the one.
      if (!sections.has(heading[1]!)) sections.set(heading[1]!, current)
      continue
    }
    const equals = line.indexOf('=')
    if (equals > 0) current?.push({ name: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim() })
  }
  return sections
}

/** Where passwords are looked up: `passfile`, `PGPASSFILE`, or `~/.pgpass`. */
export function passwordFile(given: string | undefined): string {
  return given || process.env.PGPASSFILE || join(homedir(), '.pgpass')
}

/**
 * The password that a file in the format of `~/.pgpass` has for a connection; `undefined` where it has none.
 *
 * @throws EngineError `CONFIG_INVALID` for a file that others may read, which libpq ignores.
 */
export function readPassword(
  file: string,
  wanted: { host: string; port: number; database: string; user: string },
): string | undefined {
  const text = readIfThere(file)
  if (text === '') return undefined
  const host = wanted.host.startsWith('/') ? [wanted.host, 'localhost'] : [wanted.host]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = [...line.matchAll(/((?:[^:\\]|\\.)*)(?::|$)/gu)].map(([, field = '']) => field)
    const [ofHost = '', ofPort = '', ofDatabase = '', ofUser = '', password] = fields
    const fits = (pattern: string, values: string[]) => pattern === '*' || values.includes(unescaped(pattern))
    if (
      password !== undefined &&
      fits(ofHost, host) &&
      fits(ofPort, [String(wanted.port)]) &&
      fits(ofDatabase, [wanted.database]) &&
      fits(ofUser, [wanted.user])
    ) {
      if ((statSync(file).mode & 0o077) !== 0)
        throw new EngineError('CONFIG_INVALID', `The password file ${file} can be read by others.`, {
          advice: `chmod 600 ${file}`,
        })
      return unescaped(password)
    }
  }
  return undefined
}

const unescaped = (text: string) => text.replace(/\\(.)/gu, '$1')

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw new EngineError('CONFIG_INVALID', `${file} cannot be read: ${code}.`)
  }
}
