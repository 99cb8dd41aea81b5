import type { Query } from '../postgres/query.ts'
import type { DatabaseProperties } from '../repository/documents.ts'

/** The properties of a database as they are now; null where there is none of that name. Asked from any database. */
export async function readLiveProperties(query: Query, name: string): Promise<DatabaseProperties | null> {
  const [facts] = await query<{ unified: boolean; rules: boolean }>(
    `SELECT pg_catalog.current_setting('server_version_num')::int >= 170000 AS unified,
       pg_catalog.current_setting('server_version_num')::int >= 160000 AS rules`,
  )
  const [row] = await query<Omit<DatabaseProperties, 'settings' | 'labels'> & { id: string }>(
    `SELECT d.oid::text AS id, pg_catalog.pg_get_userbyid(datdba)::text AS owner, datacl::text[] AS acl,
       pg_catalog.pg_encoding_to_char(encoding)::text AS encoding, datcollate AS collate, datctype AS ctype,
       datlocprovider::text AS locale_provider, ${facts?.unified ? 'datlocale' : 'daticulocale'} AS locale,
       ${facts?.rules ? 'daticurules' : 'NULL::text'} AS icu_rules, datcollversion AS collation_version,
       datconnlimit AS connection_limit, t.spcname::text AS tablespace,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
     FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
     WHERE datname = $1`,
    [name],
  )
  if (!row) return null
  const { id, ...properties } = row
  return {
    ...properties,
    settings: await query(
      `SELECT CASE WHEN setrole = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(setrole)::text END AS role, setting
       FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) AS setting
       WHERE setdatabase = $1::pg_catalog.oid ORDER BY 1 NULLS FIRST, 2`,
      [id],
    ),
    labels: await query(
      `SELECT provider, label FROM pg_catalog.pg_shseclabel
       WHERE classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND objoid = $1::pg_catalog.oid`,
      [id],
    ),
  }
}
