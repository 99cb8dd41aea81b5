import type { Query } from '../../postgres/query.ts'
import { type GrantWords, mayBecome, readGrantWords } from '../../postgres/role-rights.ts'
import type { NeededRights } from './needed-rights.ts'

/** What the role that restores may do of what is needed. Plain JSON. */
export interface RoleRights {
  superuser: boolean
  /** Roles it can give objects to and then still work on them, of those that need it. */
  becomes: string[]
  /** Superusers of those that need it: being granted one is being one. */
  superusers: string[]
  /** Extensions it can create in a new database, of those that are needed. */
  creates: string[]
  /** Extensions that are in the database to be replaced. */
  present: string[]
  /** Whether it may make subscriptions. */
  subscribes: boolean
  /** How a role is granted to it, in full. */
  grants: GrantWords
}

/**
 * Asks the server. `control` is any database, `inside` the one that is replaced. An extension can be created when it is
 * trusted, or ours already in the live database, or where the provider lets roles like ours have it: only a trial says
 * so, which is rolled back.
 */
export async function readRoleRights(
  control: Query,
  inside: Query | null,
  { needed, serverMajor }: { needed: NeededRights; serverMajor: number },
): Promise<RoleRights> {
  const names = async (query: Query, sql: string, values: unknown[]) =>
    (await query<{ name: string }>(sql, values)).map(({ name }) => name)
  const of = (kind: string) => needed.special.filter((need) => need.kind === kind).map(({ name }) => name)
  const roles = [...needed.owners.map(({ role }) => role), ...of('default-privileges')]
  const extensions = of('extension')
  const becomes = await names(
    control,
    `SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND ${mayBecome(serverMajor)}
       AND pg_catalog.pg_has_role(oid, 'USAGE') ORDER BY 1`,
    [roles],
  )
  const superusers = await names(
    control,
    'SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND rolsuper ORDER BY 1',
    [roles],
  )
  const trusted = await names(
    control,
    `SELECT DISTINCT name::text FROM pg_catalog.pg_available_extension_versions
     WHERE name = ANY ($1) AND (trusted OR NOT superuser) ORDER BY 1`,
    [extensions],
  )
  const [own, present] = inside
    ? [
        await names(
          inside,
          `SELECT extname::text AS name FROM pg_catalog.pg_extension
           WHERE extname = ANY ($1) AND pg_catalog.pg_has_role(extowner, 'USAGE') ORDER BY 1`,
          [extensions],
        ),
        await names(inside, 'SELECT extname::text AS name FROM pg_catalog.pg_extension ORDER BY 1', []),
      ]
    : [[], []]
  const sure = [...new Set([...trusted, ...own])]
  const others = extensions.filter((name) => !sure.includes(name))
  const allowed = others.length > 0 && (await isFavoured(control)) ? await tryExtensions(control, others) : []
  const [role] = await control<{ superuser: boolean; subscribes: boolean }>(
    `SELECT rolsuper AS superuser, rolsuper OR COALESCE(pg_catalog.pg_has_role(
       (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'pg_create_subscription'), 'USAGE'), false) AS subscribes
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  )
  return {
    superuser: role?.superuser ?? false,
    subscribes: role?.subscribes ?? false,
    becomes,
    superusers,
    creates: [...sure, ...allowed],
    present,
    grants: await readGrantWords(control, serverMajor),
  }
}

/** Whether this is a provider's server and ours the role that gets rights which PostgreSQL itself does not know. */
async function isFavoured(query: Query): Promise<boolean> {
  const [row] = await query<{ favoured: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND pg_catalog.pg_has_role(oid, 'MEMBER'))
       OR pg_catalog.current_setting('supautils.privileged_extensions', true) IS NOT NULL AS favoured`,
    [['rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser', 'azure_pg_admin', 'neon_superuser', 'doadmin']],
  )
  return row?.favoured ?? false
}

async function tryExtensions(query: Query, names: string[]): Promise<string[]> {
  const allowed: string[] = []
  for (const name of names) {
    await query('BEGIN')
    try {
      await query(`CREATE EXTENSION "${name.replaceAll('"', '""')}" CASCADE`)
      allowed.push(name)
    } catch {
      // What the trial fails of is not asked: the extension is not counted on.
    } finally {
      await query('ROLLBACK')
    }
  }
  return allowed
}
