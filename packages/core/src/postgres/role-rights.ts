import type { Query } from './query.ts'

/**
 * SQL: whether our role may SET ROLE to the one in a row of pg_roles, and so give it objects. From version 16 on
 * membership alone does not say so.
 */
export function mayBecome(serverMajor: number, oid = 'oid'): string {
  return `pg_catalog.pg_has_role(${oid}, '${serverMajor >= 16 ? 'SET' : 'MEMBER'}')`
}

/** What stands around a GRANT of a role, so that our role has the rights of what it is granted. */
export interface GrantWords {
  before: string
  after: string
}

/**
 * A role can be a member without having the rights: NOINHERIT, or from version 16 on by an option of the membership, which
 * a plain GRANT leaves as it is.
 */
export async function readGrantWords(query: Query, serverMajor: number): Promise<GrantWords> {
  const short =
    serverMajor >= 16
      ? `EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid AND NOT (m.inherit_option AND m.set_option))`
      : 'false'
  const [role] = await query<{ name: string; inherits: boolean; short: boolean }>(
    `SELECT pg_catalog.quote_ident(rolname) AS name, rolinherit AS inherits, ${short} AS short
     FROM pg_catalog.pg_roles r WHERE rolname = current_user`,
  )
  if (!role || (role.inherits && !role.short)) return { before: '', after: '' }
  return serverMajor >= 16
    ? { before: '', after: ' WITH INHERIT TRUE, SET TRUE' }
    : { before: `ALTER ROLE ${role.name} INHERIT; `, after: '' }
}
