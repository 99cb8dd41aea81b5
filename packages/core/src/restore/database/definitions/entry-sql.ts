import type { ReadableArchive, TocEntry } from '../../../postgres/archive/archive.ts'
import { utf8OrNull } from '../../../postgres/archive/archive-text.ts'
import { invalid } from '../../../postgres/archive/byte-reader.ts'
import { withoutServerOptions } from '../../../postgres/archive/server-options.ts'
import { quoteIdentifier } from '../../../postgres/identifiers.ts'
import type { DefinitionOptions } from './definition-steps.ts'
import { groupedLargeObjectSql, isLargeObjectGroup } from './large-object-groups.ts'
import { mapRoles } from './map-roles.ts'

/** The statements of one entry as one simple query; '' where there is nothing to run. */
export function entrySql(
  entry: TocEntry,
  archive: ReadableArchive,
  options: DefinitionOptions,
  text: (text: string) => string,
): string {
  if (isLargeObjectGroup(entry)) return groupedLargeObjectSql(entry, archive, options)
  if (entry.kind === 'SUBSCRIPTION' && !/\(connect = false/.test(entry.definition ?? ''))
    throw invalid(`the subscription ${entry.tag} would connect to its publisher`)
  const definition = mapRoles(withoutServerOptions(text(entry.definition ?? '')), entry.kind, options.roleMap)
  const before = [...tablespaceSql(entry, options, text), ...accessMethodSql(entry, text)]
  const after = [...ownerSql(entry, options, text), ...partitionedAccessMethodSql(entry, text)]
  if (after.length === 0 && isOnlyComment(definition)) return ''
  return [...before, definition, ...after].map((part) => part.trim()).join('\n')
}

/**
 * The same for an archive whose text is bytes in no encoding. A client can only send text, so what is no UTF-8 is sent as
 * hexadecimal digits, and the server makes the statement of them.
 */
export function rawEntrySql(entry: TocEntry, archive: ReadableArchive, options: DefinitionOptions): string {
  const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
  const roleMap = options.roleMap && mapEntries(options.roleMap, bytesOf)
  const sql = Buffer.from(
    entrySql(entry, archive, { ...options, ...(roleMap ? { roleMap } : {}) }, (text) => text),
    'latin1',
  )
  const text = utf8OrNull(sql)
  if (text !== null) return text
  const bytes = `pg_catalog.decode('${sql.toString('hex')}', 'hex')`
  return `DO $raw$BEGIN EXECUTE pg_catalog.convert_from(${bytes}, 'SQL_ASCII'); END$raw$;`
}

function mapEntries(map: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([from, to]) => [change(from), change(to)]))
}

/** The name a role has in the target. */
export function targetRole(role: string, options: DefinitionOptions): string {
  const { roleMap } = options
  return roleMap !== undefined && Object.hasOwn(roleMap, role) ? (roleMap[role] as string) : role
}

function tablespaceSql(entry: TocEntry, options: DefinitionOptions, text: (text: string) => string): string[] {
  if (options.noTablespaces || entry.tablespace === null) return []
  return [`SET default_tablespace = ${entry.tablespace === '' ? "''" : quoteIdentifier(text(entry.tablespace))};`]
}

function accessMethodSql(entry: TocEntry, text: (text: string) => string): string[] {
  if (entry.relkind === 'p' || entry.accessMethod === null || entry.accessMethod === '') return []
  return [`SET default_table_access_method = ${quoteIdentifier(text(entry.accessMethod))};`]
}

/** A partitioned table has no storage, so its access method (the default for new partitions) is set afterwards. */
function partitionedAccessMethodSql(entry: TocEntry, text: (text: string) => string): string[] {
  if (entry.relkind !== 'p' || entry.accessMethod === null || entry.accessMethod === '') return []
  return [`ALTER TABLE ${qualified(entry, text)} SET ACCESS METHOD ${quoteIdentifier(text(entry.accessMethod))};`]
}

/** What has no DROP statement is no object of its own, and has no owner. */
function ownerSql(entry: TocEntry, options: DefinitionOptions, text: (text: string) => string): string[] {
  if (options.noOwner || !entry.owner || !entry.dropStatement) return []
  const object = ownedObject(entry, text)
  return object === undefined
    ? []
    : [`ALTER ${object} OWNER TO ${quoteIdentifier(targetRole(text(entry.owner), options))};`]
}

function ownedObject(entry: TocEntry, text: (text: string) => string): string | undefined {
  const { kind } = entry
  if (namedKinds.has(kind)) return `${kind} ${qualified(entry, text)}`
  if (kind === 'BLOB') return `LARGE OBJECT ${largeObjectOid(entry)}`
  // The signature these need is exactly what follows the word DROP.
  if (signatureKinds.has(kind))
    return text(entry.dropStatement ?? '')
      .replace(/^DROP /, '')
      .replace(/[;\s]+$/, '')
  if (ownerlessKinds.has(kind)) return undefined
  throw invalid(`there is no known way to give an owner to "${kind}"`)
}

function qualified(entry: TocEntry, text: (text: string) => string): string {
  const name = quoteIdentifier(text(entry.tag ?? ''))
  return entry.schema ? `${quoteIdentifier(text(entry.schema))}.${name}` : name
}

function largeObjectOid(entry: TocEntry): string {
  if (!/^\d{1,10}$/.test(entry.tag ?? '')) throw invalid('a large object has no valid oid')
  return entry.tag as string
}

function isOnlyComment(sql: string): boolean {
  return sql.split('\n').every((line) => line.trim() === '' || line.startsWith('--'))
}

const namedKinds = new Set([
  'COLLATION',
  'CONVERSION',
  'DOMAIN',
  'FOREIGN TABLE',
  'MATERIALIZED VIEW',
  'SEQUENCE',
  'STATISTICS',
  'TABLE',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH CONFIGURATION',
  'TYPE',
  'VIEW',
  'PROCEDURAL LANGUAGE',
  'SCHEMA',
  'EVENT TRIGGER',
  'FOREIGN DATA WRAPPER',
  'SERVER',
  'PUBLICATION',
  'SUBSCRIPTION',
])

const signatureKinds = new Set(['AGGREGATE', 'FUNCTION', 'OPERATOR', 'OPERATOR CLASS', 'OPERATOR FAMILY', 'PROCEDURE'])

const ownerlessKinds = new Set([
  'ACCESS METHOD',
  'CAST',
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT',
  'EXTENSION',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'POLICY',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'ROW SECURITY',
  'RULE',
  'SHELL TYPE',
  'TABLE ATTACH',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'TRANSFORM',
  'TRIGGER',
  'USER MAPPING',
])
