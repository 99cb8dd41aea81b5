/**
 * SQL: whether our role may SET ROLE to the one in a row of pg_roles, and so give it objects. From version 16 on
 * membership alone does not say so.
 */
export function mayBecome(serverMajor: number, oid = 'oid'): string {
  return `pg_catalog.pg_has_role(${oid}, '${serverMajor >= 16 ? 'SET' : 'MEMBER'}')`
}
