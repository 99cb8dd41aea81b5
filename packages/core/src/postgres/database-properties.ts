import type { Query } from './query.ts'

/** What belongs to the database itself, as opposed to what is in it. Field names are those of the stored record. */
export interface SourceDatabaseProperties {
  owner: string
  acl: string[] | null
  encoding: string
  collate: string
  ctype: string
  /** As in pg_database: `c` for libc, `i` for icu, `b` for builtin. */
  locale_provider: string
  /** ICU or builtin locale. */
  locale: string | null
  icu_rules: string | null
  collation_version: string | null
  connection_limit: number
  tablespace: string
  comment: string | null
  /** `name=value`; for one role, or for all (`role: null`). */
  settings: { role: string | null; setting: string }[]
  labels: { provider: string; label: string }[]
}

/** Properties of the database the query asks, or of another one of the same server. `null`: there is no such one. */
export async function readDatabaseProperties(query: Query): Promise<SourceDatabaseProperties>
export async function readDatabaseProperties(query: Query, database: string): Promise<SourceDatabaseProperties | null>
export async function readDatabaseProperties(
  query: Query,
  database?: string,
): Promise<SourceDatabaseProperties | null> {
  // The row as JSON, because its columns differ from version to version: datlocale was daticulocale before 17.
  const [row] = await query<SourceDatabaseProperties>(
    `SELECT pg_catalog.pg_get_userbyid(d.datdba) AS owner, d.datacl::text[] AS acl,
       pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
       d.datcollate AS collate, d.datctype AS ctype,
       COALESCE(j.columns ->> 'datlocprovider', 'c') AS locale_provider,
       COALESCE(j.columns ->> 'datlocale', j.columns ->> 'daticulocale') AS locale,
       j.columns ->> 'daticurules' AS icu_rules,
       j.columns ->> 'datcollversion' AS collation_version,
       d.datconnlimit AS connection_limit, t.spcname AS tablespace,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       COALESCE((SELECT pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('role', r.rolname, 'setting', c.setting) ORDER BY r.rolname NULLS FIRST, c.n)
         FROM pg_catalog.pg_db_role_setting s
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
         CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) WITH ORDINALITY AS c(setting, n)
         WHERE s.setdatabase = d.oid), '[]') AS settings,
       COALESCE((SELECT pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('provider', l.provider, 'label', l.label) ORDER BY l.provider)
         FROM pg_catalog.pg_shseclabel l
         WHERE l.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND l.objoid = d.oid), '[]') AS labels
     FROM pg_catalog.pg_database d
     JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
     CROSS JOIN LATERAL pg_catalog.to_jsonb(d) AS j(columns)
     WHERE d.datname = COALESCE($1, pg_catalog.current_database())`,
    [database ?? null],
  )
  return row ?? null
}
