import { bookkeepingNamespaces } from '../../postgres/bookkeeping.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { refuseUnreadableNames } from '../../postgres/unreadable-names.ts'
import type { RestoreSession } from './restore-session.ts'

/**
 * Drops every user object of the database the session is in, inside the caller's transaction. What the role does not own
 * stays: extensions with their members, objects in schemas of others, schemas that hold such, event triggers,
 * publications. The schema `public` stays, emptied and with the grants of a new database.
 */
export async function clearDatabase(session: RestoreSession): Promise<{ keptExtensions: string[] }> {
  const { query } = session
  const run = async (statements: string[]) => session.run(statements.map((sql) => ({ sql })))
  const [encoding] = await query<{ name: string; client: string }>(
    "SELECT pg_catalog.current_setting('server_encoding') AS name, pg_catalog.current_setting('client_encoding') AS client",
  )
  if (encoding?.name === 'SQL_ASCII') {
    // Else names come as other bytes than they have. Inside of a transaction, and only for this.
    await run(["SET LOCAL client_encoding = 'SQL_ASCII'"])
    await refuseUnreadableNames(query, { everyName: true })
    await run([`SET LOCAL client_encoding = ${quoteLiteral(encoding.client)}`])
  }
  await run(await dropsBefore(query))
  await run(await schemaDrops(query))
  // What CASCADE took along is gone by now, so each list is read after the one before has run.
  await run(await leftInSchemas(query))
  await run(await dropsAfter(query))
  await session.query(
    `SELECT pg_catalog.count(pg_catalog.lo_unlink(oid)) FROM pg_catalog.pg_largeobject_metadata WHERE ${owned('lomowner')}`,
  )
  await run(await publicGrants(query))
  await run(await defaultPrivileges(query))
  const kept = await query<{ name: string }>('SELECT extname::text AS name FROM pg_catalog.pg_extension')
  return { keptExtensions: kept.map(({ name }) => name) }
}

const owned = (column: string) => `pg_catalog.pg_has_role(${column}, 'USAGE')`
/** What has no owner only a superuser drops. */
const ownedOrSuperuser = (column: string) =>
  `COALESCE(${owned(column)}, (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))`
const notOfExtension = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass
     AND e.objid = ${oid} AND e.objsubid = 0 AND e.deptype IN ('e', 'i'))`

/** Things that would get in the way of drops, or belong to no schema. */
async function dropsBefore(query: Query): Promise<string[]> {
  const named = async (sql: string, drop: (name: string) => string) =>
    (await query<{ name: string }>(sql)).map(({ name }) => drop(quoteIdentifier(name)))
  return [
    ...(await named(
      `SELECT evtname::text AS name FROM pg_catalog.pg_event_trigger t
       WHERE ${owned('evtowner')} AND ${notOfExtension('pg_event_trigger', 't.oid')}`,
      (name) => `DROP EVENT TRIGGER ${name}`,
    )),
    ...(await named(
      `SELECT pubname::text AS name FROM pg_catalog.pg_publication WHERE ${owned('pubowner')}`,
      (name) => `DROP PUBLICATION ${name}`,
    )),
    ...(await named(
      `SELECT extname::text AS name FROM pg_catalog.pg_extension WHERE oid >= 16384 AND ${owned('extowner')}`,
      (name) => `DROP EXTENSION IF EXISTS ${name} CASCADE`,
    )),
  ]
}

async function schemaDrops(query: Query): Promise<string[]> {
  const schemas = await query<{ name: string }>(
    `SELECT nspname::text AS name FROM pg_catalog.pg_namespace n
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') AND n.oid NOT IN (${bookkeepingNamespaces})
       AND ${owned('nspowner')} AND NOT EXISTS (${othersInSchema})
       AND ${notOfExtension('pg_namespace', 'n.oid')}
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE x.extnamespace = n.oid)`,
  )
  return schemas.map(({ name }) => `DROP SCHEMA ${quoteIdentifier(name)} CASCADE`)
}

/** What others own in schema `n`: CASCADE would take it along, and it could not be made again. */
const othersInSchema = [
  ['pg_class', 'relnamespace', 'relowner'],
  ['pg_proc', 'pronamespace', 'proowner'],
  ['pg_type', 'typnamespace', 'typowner'],
]
  .map(
    ([catalog, namespace, owner]) =>
      `SELECT 1 FROM pg_catalog.${catalog} WHERE ${namespace} = n.oid AND NOT ${owned(String(owner))}`,
  )
  .join(' UNION ALL ')

/** Objects in schemas that stay: `public`, and where an extension lives that is not ours to drop. */
async function leftInSchemas(query: Query): Promise<string[]> {
  const objects = await query<{ type: string; identity: string }>(
    `SELECT o.type, o.identity
     FROM (
       SELECT 1 AS rank, 'pg_catalog.pg_class'::pg_catalog.regclass AS catalog, oid, relnamespace AS namespace, relowner AS owner
         FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
       UNION ALL SELECT 2, 'pg_catalog.pg_class'::pg_catalog.regclass, oid, relnamespace, relowner
         FROM pg_catalog.pg_class WHERE relkind = 'S'
       UNION ALL SELECT 3, 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcnamespace, opcowner FROM pg_catalog.pg_opclass
       UNION ALL SELECT 4, 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfnamespace, opfowner FROM pg_catalog.pg_opfamily
       UNION ALL SELECT 5, 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace, oprowner FROM pg_catalog.pg_operator
       UNION ALL SELECT 6, 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace, typowner
         FROM pg_catalog.pg_type WHERE typrelid = 0 AND typelem = 0 OR typtype IN ('d', 'e', 'r')
           OR typrelid IN (SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'c')
       UNION ALL SELECT 7, 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace, proowner FROM pg_catalog.pg_proc
       UNION ALL SELECT 8, 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collnamespace, collowner FROM pg_catalog.pg_collation
       UNION ALL SELECT 9, 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, connamespace, conowner FROM pg_catalog.pg_conversion
       UNION ALL SELECT 10, 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgnamespace, cfgowner FROM pg_catalog.pg_ts_config
       UNION ALL SELECT 11, 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictnamespace, dictowner FROM pg_catalog.pg_ts_dict
       UNION ALL SELECT 12, 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid, tmplnamespace, NULL FROM pg_catalog.pg_ts_template
       UNION ALL SELECT 13, 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid, prsnamespace, NULL FROM pg_catalog.pg_ts_parser
       UNION ALL SELECT 14, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxnamespace, stxowner FROM pg_catalog.pg_statistic_ext
     ) AS candidate
     JOIN pg_catalog.pg_namespace n ON n.oid = namespace
     CROSS JOIN LATERAL pg_catalog.pg_identify_object(catalog, candidate.oid, 0) AS o
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.oid NOT IN (${bookkeepingNamespaces})
       AND candidate.oid >= 16384 AND ${ownedOrSuperuser('candidate.owner')}
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
         WHERE e.classid = catalog AND e.objid = candidate.oid AND e.objsubid = 0 AND e.deptype IN ('e', 'i'))
     ORDER BY rank, candidate.oid`,
  )
  return objects.map(
    ({ type, identity }) => `DROP ${dropKinds[type] ?? type.toUpperCase()} IF EXISTS ${identity} CASCADE`,
  )
}

/** Where pg_identify_object and DROP call a kind by different names. */
const dropKinds: Record<string, string> = {
  function: 'ROUTINE',
  aggregate: 'ROUTINE',
  procedure: 'ROUTINE',
  'composite type': 'TYPE',
  'statistics object': 'STATISTICS',
}

/** What no schema holds and no drop so far took along. */
async function dropsAfter(query: Query): Promise<string[]> {
  const objects = await query<{ type: string; identity: string }>(
    `SELECT o.type, o.identity
     FROM (
       SELECT 1 AS rank, 'pg_catalog.pg_cast'::pg_catalog.regclass AS catalog, oid, NULL::pg_catalog.oid AS owner FROM pg_catalog.pg_cast
       UNION ALL SELECT 2, 'pg_catalog.pg_transform'::pg_catalog.regclass, oid, NULL FROM pg_catalog.pg_transform
       UNION ALL SELECT 3, 'pg_catalog.pg_language'::pg_catalog.regclass, oid, lanowner FROM pg_catalog.pg_language
       UNION ALL SELECT 4, 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, fdwowner FROM pg_catalog.pg_foreign_data_wrapper
       UNION ALL SELECT 5, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, srvowner FROM pg_catalog.pg_foreign_server
       UNION ALL SELECT 6, 'pg_catalog.pg_am'::pg_catalog.regclass, oid, NULL FROM pg_catalog.pg_am
     ) AS candidate
     CROSS JOIN LATERAL pg_catalog.pg_identify_object(catalog, oid, 0) AS o
     WHERE oid >= 16384 AND ${ownedOrSuperuser('owner')} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
       WHERE e.classid = catalog AND e.objid = candidate.oid AND e.objsubid = 0 AND e.deptype IN ('e', 'i'))
     ORDER BY rank, oid`,
  )
  return objects.map(({ type, identity }) => {
    const kind = type.toUpperCase().replaceAll('-', ' ')
    // `(a AS b)` and `FOR type LANGUAGE name` are written by the server as DROP wants them.
    const name = type === 'transform' ? identity.replace(/^for (.*) on language /i, 'FOR $1 LANGUAGE ') : identity
    return `DROP ${kind} IF EXISTS ${name} CASCADE`
  })
}

/** `public` as template0 has it, so that the backup's own grants start from where pg_dump thinks they do. */
async function publicGrants(query: Query): Promise<string[]> {
  const rows = await query<{ grantee: string | null }>(
    `SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END AS grantee
     FROM pg_catalog.pg_namespace n
     LEFT JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a ON true
     WHERE n.nspname = 'public' AND ${owned('n.nspowner')}
       AND n.nspacl::text[] IS DISTINCT FROM ARRAY['pg_database_owner=UC/pg_database_owner', '=U/pg_database_owner']`,
  )
  if (rows.length === 0) {
    const [present] = await query<{ present: boolean }>(
      `SELECT pg_catalog.to_regnamespace('public') IS NOT NULL AS present`,
    )
    return present?.present ? [] : ['CREATE SCHEMA public AUTHORIZATION pg_database_owner', ...publicDefaults]
  }
  return [
    'ALTER SCHEMA public OWNER TO pg_database_owner',
    ...rows
      .filter(({ grantee }) => grantee !== null)
      .map(({ grantee }) => `REVOKE ALL ON SCHEMA public FROM ${grantee}`),
    ...publicDefaults,
  ]
}

const publicDefaults = [
  'GRANT ALL ON SCHEMA public TO pg_database_owner',
  'GRANT USAGE ON SCHEMA public TO PUBLIC',
  `COMMENT ON SCHEMA public IS 'standard public schema'`,
]

/** Default privileges outlive the objects they were for; each entry is brought back to what a new database has. */
async function defaultPrivileges(query: Query): Promise<string[]> {
  const entries = await query<{ role: string; schema: string | null; kind: string; grantees: string[] }>(
    `SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(defaclrole)) AS role,
       pg_catalog.quote_ident(n.nspname) AS schema, defaclobjtype::text AS kind,
       ARRAY(SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
         FROM pg_catalog.aclexplode(defaclacl) AS a) AS grantees
     FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
     WHERE ${owned('defaclrole')} AND (n.oid IS NULL OR n.oid NOT IN (${bookkeepingNamespaces}))`,
  )
  return entries.flatMap(({ role, schema, kind, grantees }) => {
    const objects = defaultKinds[kind]
    if (objects === undefined) return []
    const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}${schema === null ? '' : ` IN SCHEMA ${schema}`}`
    const revokes = grantees.map((grantee) => `${alter} REVOKE ALL ON ${objects} FROM ${grantee}`)
    // An entry of a schema adds to the global one, so nothing at all is its default.
    if (schema !== null) return revokes
    const usable = kind === 'f' ? ['EXECUTE'] : kind === 'T' ? ['USAGE'] : []
    return [
      ...revokes,
      `${alter} GRANT ALL ON ${objects} TO ${role}`,
      ...usable.map((privilege) => `${alter} GRANT ${privilege} ON ${objects} TO PUBLIC`),
    ]
  })
}

/** pg_default_acl.defaclobjtype. */
const defaultKinds: Record<string, string> = { r: 'TABLES', S: 'SEQUENCES', f: 'FUNCTIONS', T: 'TYPES', n: 'SCHEMAS' }
