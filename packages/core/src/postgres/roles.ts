import type { Query } from './query.ts'

/** A role the database refers to; never its password. Field names are those of the stored record. */
export interface SourceRole {
  name: string
  superuser: boolean
  inherit: boolean
  create_role: boolean
  create_db: boolean
  login: boolean
  replication: boolean
  bypass_rls: boolean
  member_of: string[]
}

/**
 * The roles that what is in this database refers to: as owner, in grants, default privileges and policies, in settings
 * of the database, and as the owner of the database itself; with them, the roles those are members of. The server's own
 * (`pg_read_all_data`, ...) are left out: every server has them.
 *
 * pg_shdepend keeps no record of the role that initdb made, so what that one owns is looked for by itself.
 */
export async function readRoles(query: Query): Promise<SourceRole[]> {
  return query<SourceRole>(`
    WITH RECURSIVE here AS (SELECT oid, datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
    referred(oid) AS (
      SELECT datdba FROM here
      UNION SELECT d.refobjid FROM pg_catalog.pg_shdepend d, here
        WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
          AND (d.dbid = here.oid OR (d.dbid = 0 AND d.objid = here.oid
            AND d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass))
      UNION SELECT s.setrole FROM pg_catalog.pg_db_role_setting s, here WHERE s.setdatabase = here.oid
      UNION SELECT owned.owner FROM (
        SELECT relowner, oid FROM pg_catalog.pg_class
        UNION ALL SELECT proowner, oid FROM pg_catalog.pg_proc
        UNION ALL SELECT typowner, oid FROM pg_catalog.pg_type
        UNION ALL SELECT nspowner, oid FROM pg_catalog.pg_namespace
        UNION ALL SELECT lomowner, oid FROM pg_catalog.pg_largeobject_metadata
        UNION ALL SELECT extowner, oid FROM pg_catalog.pg_extension
        UNION ALL SELECT evtowner, oid FROM pg_catalog.pg_event_trigger
        UNION ALL SELECT pubowner, oid FROM pg_catalog.pg_publication
        UNION ALL SELECT srvowner, oid FROM pg_catalog.pg_foreign_server
        UNION ALL SELECT fdwowner, oid FROM pg_catalog.pg_foreign_data_wrapper
      ) owned(owner, oid) WHERE owned.owner = 10 AND owned.oid >= 16384
      UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN referred ON m.member = referred.oid
    )
    SELECT r.rolname AS name, r.rolsuper AS superuser, r.rolinherit AS inherit, r.rolcreaterole AS create_role,
      r.rolcreatedb AS create_db, r.rolcanlogin AS login, r.rolreplication AS replication, r.rolbypassrls AS bypass_rls,
      COALESCE((SELECT pg_catalog.array_agg(g.rolname::text ORDER BY g.rolname)
        FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
        WHERE m.member = r.oid), '{}') AS member_of
    FROM pg_catalog.pg_roles r
    WHERE r.oid IN (SELECT oid FROM referred) AND NOT pg_catalog.starts_with(r.rolname, 'pg_')
    ORDER BY r.rolname`)
}
