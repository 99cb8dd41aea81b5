import { log } from '../../events.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import type { RestoreOptions, Running } from '../options.ts'

export async function readRoleNames(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>('SELECT rolname::text AS name FROM pg_catalog.pg_roles')
  return rows.map(({ name }) => name)
}

/**
 * Creates the roles the backup refers to and the server lacks: without login, without any right of their own. Our own
 * role becomes a member where it is no superuser, so that it can hand objects over. Gives the names.
 */
export async function createMissingRoles(
  query: Query,
  manifest: Manifest,
  options: RestoreOptions,
  { report }: Running,
): Promise<string[]> {
  const there = new Set(await readRoleNames(query))
  const wanted = manifest.roles.map(({ name }) =>
    Object.hasOwn(options.roleMap, name) ? (options.roleMap[name] ?? name) : name,
  )
  const missing = [...new Set(wanted)].filter((name) => !there.has(name) && !name.startsWith('pg_'))
  const [self] = await query<{ superuser: boolean }>(
    'SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user',
  )
  for (const name of missing) {
    await query(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN`)
    if (!self?.superuser) await query(`GRANT ${quoteIdentifier(name)} TO CURRENT_USER`)
    log(report, 'info', `Created role "${name}", which cannot log in.`)
  }
  return missing
}
