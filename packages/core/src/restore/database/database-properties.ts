import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { DatabaseProperties } from '../../repository/documents/documents.ts'
import { grantStatements } from './acl.ts'

export interface PropertyOptions {
  noOwner: boolean
  noPrivileges: boolean
  roleMap: Record<string, string>
  exists(role: string): boolean
}

/**
 * Statements that give a new database the owner, grants, settings and labels of another: what is not copied when a
 * database is made. Comment and connection limit come with the swap. Pure.
 */
export function propertyStatements(name: string, properties: DatabaseProperties, options: PropertyOptions): string[] {
  const database = `DATABASE ${quoteIdentifier(name)}`
  const mapped = (role: string) => (Object.hasOwn(options.roleMap, role) ? (options.roleMap[role] ?? role) : role)
  const owner = mapped(properties.owner)
  const statements: string[] = []
  for (const { role, setting } of properties.settings) {
    const [parameter, value] = splitSetting(setting)
    if (parameter === undefined) continue
    if (role === null) statements.push(`ALTER ${database} SET ${parameter} TO ${value}`)
    else if (options.exists(mapped(role))) {
      statements.push(`ALTER ROLE ${quoteIdentifier(mapped(role))} IN ${database} SET ${parameter} TO ${value}`)
    }
  }
  for (const { provider, label } of properties.labels) {
    statements.push(`SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${database} IS ${quoteLiteral(label)}`)
  }
  if (!options.noOwner && options.exists(owner)) statements.push(`ALTER ${database} OWNER TO ${quoteIdentifier(owner)}`)
  if (!options.noPrivileges && !options.noOwner) {
    statements.push(...grantStatements(database, properties.acl, { ...options, owner: properties.owner }))
  }
  return statements
}

/** Parameters whose value is a list of names, each quoted on its own (GUC_LIST_QUOTE). */
const listParameters = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
  'oauth_validator_libraries',
])

/** `name=value` as pg_db_role_setting holds it, in the words of SET. */
function splitSetting(setting: string): [string | undefined, string] {
  const end = setting.indexOf('=')
  const name = setting.slice(0, end)
  // A parameter of an extension has a dot: each part is a name.
  if (end < 1) return [undefined, '']
  const parameter = name.split('.').map(quoteIdentifier).join('.')
  const value = setting.slice(end + 1)
  if (!listParameters.has(name.toLowerCase())) return [parameter, quoteLiteral(value)]
  return [parameter, splitNames(value).map(quoteLiteral).join(', ') || "''"]
}

/** A comma-separated list of names, some in double quotes. */
function splitNames(text: string): string[] {
  return [...text.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,\s"][^,]*?))\s*(?:,|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}
