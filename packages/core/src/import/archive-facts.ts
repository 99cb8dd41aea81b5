import type { Archive, TocEntry } from '../postgres/archive/archive.ts'
import { archiveEncoding } from '../postgres/archive/archive-text.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import type { DatabaseProperties, Finding, Manifest, RoleRecord } from '../repository/documents/documents.ts'
import { unquoteName, unquoteText } from './sql-text.ts'

/** What a manifest records of a database, as far as an archive says it. */
export interface ArchiveFacts {
  database: string
  postgresVersion: string
  serverVersion: number
  /** When pg_dump began, by its machine's clock taken as UTC; no later than now. */
  dumpedAt: Date
  properties: DatabaseProperties
  extensions: Manifest['extensions']
  roles: RoleRecord[]
  tablespaces: string[]
  populatedViews: NonNullable<Manifest['populated_views']>
}

export function archiveFacts(
  archive: Archive,
  text: (text: string) => string,
  findings: readonly Finding[],
): ArchiveFacts {
  const { header, entries } = archive
  const postgresVersion = header.serverVersion ?? ''
  const database = entries.find(({ kind }) => kind === 'DATABASE')
  const ofKind = (kind: string) => entries.filter((entry) => entry.kind === kind)
  const named = (entry: TocEntry) => ({ schema: text(entry.schema ?? ''), name: text(entry.tag ?? '') })
  return {
    database: text(header.database ?? database?.tag ?? '') || 'imported',
    postgresVersion,
    serverVersion: versionNumber(postgresVersion),
    dumpedAt: dumpTime(archive),
    properties: databaseProperties(database, archiveEncoding(archive), text),
    extensions: ofKind('EXTENSION').map((entry) => ({
      name: text(entry.tag ?? ''),
      version: '',
      schema: unquoteName(/ WITH SCHEMA ("(?:[^"]|"")+"|[^\s;]+)/.exec(text(entry.definition ?? ''))?.[1] ?? ''),
    })),
    roles: (findings.find(({ kind }) => kind === 'role')?.objects ?? []).map(roleNamed),
    tablespaces: [...new Set(entries.flatMap(({ tablespace }) => (tablespace ? [text(tablespace)] : [])))],
    populatedViews: ofKind('MATERIALIZED VIEW DATA').map(named),
  }
}

/** `15.4 (Debian 15.4-1)` is 150004. */
function versionNumber(version: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,3}))?/.exec(version)
  if (!match) throw invalid('it does not say which server it is of')
  return Number(match[1]) * 10_000 + Number(match[2] ?? 0)
}

function dumpTime({ header: { createdAt: at } }: Archive): Date {
  const said = new Date(Date.UTC(at.year + 1900, at.month, at.day, at.hour, at.minute, at.second))
  const isPlausible = at.year >= 70 && at.year < 8000 && said.getTime() <= Date.now()
  return isPlausible ? said : new Date()
}

/** From `CREATE DATABASE`. Settings, comment and rights of the database itself are not taken over. */
function databaseProperties(
  entry: TocEntry | undefined,
  encoding: string,
  text: (text: string) => string,
): DatabaseProperties {
  const definition = text(entry?.definition ?? '')
  const option = (name: string): string | null => {
    const value = new RegExp(` ${name} = (E?'(?:[^']|'')*'|[a-z]+)`).exec(definition)?.[1]
    if (value === undefined) return null
    return value.endsWith("'") ? unquoteText(value) : value
  }
  const own = option('ENCODING')
  if (own !== null && own.toUpperCase() !== encoding)
    throw invalid(
      `its text is in ${encoding} and its database in ${own}; make it in the encoding of the database, which is the default of pg_dump`,
    )
  const locale = option('LOCALE')
  const provider = { icu: 'i', builtin: 'b' }[option('LOCALE_PROVIDER') ?? ''] ?? 'c'
  return {
    owner: text(entry?.owner ?? ''),
    acl: null,
    encoding,
    collate: option('LC_COLLATE') ?? locale ?? 'C',
    ctype: option('LC_CTYPE') ?? locale ?? 'C',
    locale_provider: provider,
    locale: option('ICU_LOCALE') ?? option('BUILTIN_LOCALE'),
    icu_rules: option('ICU_RULES'),
    collation_version: null,
    connection_limit: -1,
    tablespace: entry?.tablespace ? text(entry.tablespace) : 'pg_default',
    comment: null,
    settings: [],
    labels: [],
  }
}

/** An archive has the names of roles alone. */
function roleNamed(name: string): RoleRecord {
  return {
    name,
    superuser: false,
    inherit: true,
    create_role: false,
    create_db: false,
    login: false,
    replication: false,
    bypass_rls: false,
    member_of: [],
  }
}
