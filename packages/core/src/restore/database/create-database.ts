import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { DatabaseProperties } from '../../repository/documents/documents.ts'

/** `CREATE DATABASE` from template0 with encoding and locale as given: what cannot be changed afterwards. Pure. */
export function createDatabaseSql(
  name: string,
  properties: DatabaseProperties,
  options: { tablespace: string | null; owner: string | null },
): string {
  const provider = providers[properties.locale_provider] ?? properties.locale_provider
  const clauses = [
    ...(options.owner === null ? [] : [`OWNER ${quoteIdentifier(options.owner)}`]),
    'TEMPLATE template0',
    `ENCODING ${quoteLiteral(properties.encoding)}`,
    `LC_COLLATE ${quoteLiteral(properties.collate)}`,
    `LC_CTYPE ${quoteLiteral(properties.ctype)}`,
    `LOCALE_PROVIDER ${quoteIdentifier(provider)}`,
  ]
  if (properties.locale !== null && provider === 'icu') clauses.push(`ICU_LOCALE ${quoteLiteral(properties.locale)}`)
  if (properties.locale !== null && provider === 'builtin') {
    clauses.push(`BUILTIN_LOCALE ${quoteLiteral(properties.locale)}`)
  }
  if (properties.icu_rules) clauses.push(`ICU_RULES ${quoteLiteral(properties.icu_rules)}`)
  if (options.tablespace !== null) clauses.push(`TABLESPACE ${quoteIdentifier(options.tablespace)}`)
  return `CREATE DATABASE ${quoteIdentifier(name)} ${clauses.join(' ')}`
}

/** pg_database.datlocprovider. */
const providers: Record<string, string> = { c: 'libc', i: 'icu', b: 'builtin' }
