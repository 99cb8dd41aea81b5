import { randomBytes } from 'node:crypto'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { mayBecome } from '../../postgres/role-rights.ts'
import { scramVerifier } from '../../postgres/scram-verifier.ts'
import type { Session } from '../../postgres/session.ts'

const prefix = 'lifeboat_steps_'
const iterations = 4096

const nameOf = (restoreId: string): string => `${prefix}${restoreId}`

/** Drops the role of a restore that died, where there is one: once its copy is gone, it owns nothing. */
export async function dropStepRole(query: Query, restoreId: string): Promise<void> {
  const there = await query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [nameOf(restoreId)])
  if (there.length > 0) await query(`DROP ROLE ${quoteIdentifier(nameOf(restoreId))}`)
}

/** A role that owns what lies in the copy, has no other right, and is gone afterwards. */
export interface StepRole {
  /** How to log in as it. */
  parameters: ConnectionParameters
  /** Once its session is there: nothing logs in as it again, although a step can set the password of its own role. */
  lockOut(): Promise<void>
  /** Gives everything back to its owners, what the steps made to our role, and drops the role. */
  giveBack(): Promise<void>
  /** Drops the role with all it owns in the copy: for a copy that is about to be dropped. */
  abandon(): Promise<void>
}

/**
 * Makes a role that logs in and hands the copy's tables, views, sequences, types, functions and schemas to it.
 *
 * It logs in, rather than being entered by SET ROLE from our session: from there a step gets back out, by RESET ROLE,
 * `set_config('role', ...)` or a trigger that fires at COMMIT. It owns the objects, rather than being a member of their owners:
 * as a member it could change what these own elsewhere, such as the settings of the live database. SECURITY DEFINER functions
 * keep their owners: with another body they would run with the rights of these. Until all is given back they run with those of
 * who calls them: what they find by name, and triggers of the tables they write to, are the step's.
 *
 * @param session of our role in the copy.
 */
export async function createStepRole(session: Session, restoreId: string): Promise<StepRole> {
  const { query, parameters, serverMajor } = session
  const name = nameOf(restoreId)
  const role = quoteIdentifier(name)
  const password = randomBytes(24).toString('base64url')
  const [self] = await query<{ superuser: boolean; until: string }>(
    `SELECT rolsuper AS superuser, (pg_catalog.now() + interval '1 day')::text AS until
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  )
  const options = `LOGIN NOINHERIT CONNECTION LIMIT 1 VALID UNTIL ${quoteLiteral(self?.until ?? '')}`
  await query(`CREATE ROLE ${role} ${options} PASSWORD ${quoteLiteral(scramVerifier(password, iterations))}`)
  // From 16 on the one who makes a role may only administer it, and `createrole_self_grant` can grant some of the rest.
  const granted = serverMajor >= 16 ? ' WITH INHERIT TRUE, SET TRUE' : ''
  if (!self?.superuser) await query(`GRANT ${role} TO CURRENT_USER${granted}`)
  let before: Owned[]
  let definers: Definer[]
  const drop = async () => {
    await query(`DROP OWNED BY ${role} CASCADE`)
    await query(`DROP ROLE ${role}`)
  }
  try {
    await letIn(session, name)
    before = await readOwned(session, { byName: null })
    definers = await readDefiners(session, null)
    await runAll(session, [
      ...before.map(({ alter }) => `${alter} ${role}`),
      ...definers.map(({ alter }) => `${alter} SECURITY INVOKER`),
    ])
  } catch (error) {
    // It owns nothing yet: all is handed over at once or nothing is.
    await drop().catch(() => {})
    throw error
  }
  const owners = new Map(before.map(({ key, owner }) => [key, owner]))
  const { passwordFile: _, options: __, ...server } = parameters
  return {
    parameters: { ...server, user: name, password, others: [] },
    lockOut: async () => void (await query(`ALTER ROLE ${role} NOLOGIN PASSWORD NULL`)),
    giveBack: () =>
      withoutEventTriggers(session, async () => {
        const now = await readOwned(session, { byName: name })
        const stillThere = await readDefiners(
          session,
          definers.map(({ oid }) => oid),
        )
        await runAll(session, [
          ...now
            .filter(({ key }) => owners.has(key))
            .map(({ key, alter }) => `${alter} ${quoteIdentifier(owners.get(key) ?? name)}`),
          ...stillThere.map(({ alter }) => `${alter} SECURITY DEFINER`),
        ])
        await query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`)
        await drop()
      }),
    abandon: () => withoutEventTriggers(session, drop),
  }
}

/** Where PUBLIC cannot connect to the live database, it cannot connect to the copy either. */
async function letIn({ query, parameters: { database } }: Session, name: string): Promise<void> {
  const sql = "SELECT pg_catalog.has_database_privilege($1::name, $2::text, 'CONNECT') AS may"
  const [row] = await query<{ may: boolean }>(sql, [name, database])
  if (!row?.may) await query(`GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(name)}`)
}

/** What event triggers call would run with the rights of our session, and a step may have changed what that does. */
async function withoutEventTriggers(session: Session, work: () => Promise<void>): Promise<void> {
  const found = await session.query<{ alter: string; mode: string }>(
    `SELECT pg_catalog.format('ALTER EVENT TRIGGER %I', evtname) AS alter,
       CASE evtenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END AS mode
     FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' AND pg_catalog.pg_has_role(evtowner, 'USAGE')`,
  )
  await runAll(
    session,
    found.map(({ alter }) => `${alter} DISABLE`),
  )
  await work()
  await runAll(
    session,
    found.map(({ alter, mode }) => `${alter} ${mode}`),
  )
}

interface Definer {
  oid: string
  /** `ALTER ROUTINE public.f(integer)`. */
  alter: string
}

/** SECURITY DEFINER functions that our role may alter; with `oids`, those of them that are still there. */
async function readDefiners({ query }: Session, oids: readonly string[] | null): Promise<Definer[]> {
  return query<Definer>(
    `SELECT p.oid::text AS oid, pg_catalog.format('ALTER ROUTINE %I.%I(%s)', nspname, proname,
       pg_catalog.pg_get_function_identity_arguments(p.oid)) AS alter
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
     WHERE CASE WHEN $1::oid[] IS NULL
       THEN prosecdef AND p.oid >= 16384 AND pg_catalog.pg_has_role(proowner, 'USAGE') AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'
           AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
       ELSE p.oid = ANY ($1::oid[]) END`,
    [oids],
  )
}

interface Owned {
  /** Catalog and oid. */
  key: string
  owner: string
  /** `ALTER TABLE public.orders OWNER TO`. */
  alter: string
}

/** What a role owns in this database; `byName` null: what anyone does whose objects our role may give away. */
async function readOwned({ query, serverMajor }: Session, { byName }: { byName: string | null }): Promise<Owned[]> {
  return query<Owned>(
    `WITH object(class, oid, owner, alter) AS (
       SELECT 'namespace', oid, nspowner, pg_catalog.format('SCHEMA %I', nspname) FROM pg_catalog.pg_namespace
       UNION ALL
       SELECT 'class', c.oid, relowner, pg_catalog.format('TABLE %I.%I', nspname, relname)
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
           AND c.relkind = 'S' AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
       UNION ALL
       SELECT 'type', t.oid, typowner, pg_catalog.format('TYPE %I.%I', nspname, typname)
       FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
       WHERE typtype IN ('e', 'd', 'r')
          OR typtype = 'c' AND (SELECT relkind FROM pg_catalog.pg_class WHERE oid = typrelid) = 'c'
       UNION ALL
       SELECT 'proc', p.oid, proowner, pg_catalog.format('ROUTINE %I.%I(%s)', nspname, proname,
         pg_catalog.pg_get_function_identity_arguments(p.oid))
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
       -- Those of event triggers run in every session that changes definitions, ours among them.
       WHERE prokind IN ('f', 'p', 'w') AND NOT prosecdef
         AND prorettype <> 'pg_catalog.event_trigger'::pg_catalog.regtype
     )
     SELECT class || ' ' || object.oid AS key, rolname::text AS owner, 'ALTER ' || alter || ' OWNER TO' AS alter
     FROM object JOIN pg_catalog.pg_roles r ON r.oid = owner
     -- Not what the server itself is made of, nor what belongs to an extension.
     WHERE (object.oid >= 16384 OR class = 'namespace' AND alter = 'SCHEMA public')
       AND alter !~ '^[A-Z]+ "?(pg_(toast|temp)|information_schema\\M)'
       AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend d WHERE d.objid = object.oid AND d.deptype = 'e'
           AND d.classid = ('pg_catalog.pg_' || class)::pg_catalog.regclass)
       AND CASE WHEN $1::text IS NULL THEN ${mayBecome(serverMajor, 'r.oid')} ELSE rolname = $1 END
     ORDER BY class = 'namespace' DESC, 1`,
    [byName],
  )
}

/** All of them or none. */
async function runAll({ query }: Session, statements: readonly string[]): Promise<void> {
  if (statements.length > 0) await query(statements.join(';\n'))
}
