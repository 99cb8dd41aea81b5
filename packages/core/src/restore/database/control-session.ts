import { isEngineError } from '../../errors.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { openSession, type Session } from '../../postgres/session.ts'

/** The database that a role makes where there is no other one to work from. It stays: an undo needs it as well. */
export function ownControlDatabase(role: string): string {
  return `lifeboat_control_${role.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 40)}`
}

/**
 * A session on another database than `target`, from which databases can be made, renamed and dropped. Null where there
 * is none we may connect to; with `make` one is made then, where the role may. `template1` comes last: a session there
 * keeps others from creating databases.
 */
export async function openControlSession(
  parameters: ConnectionParameters,
  { target, signal, make = false }: { target: string; signal?: AbortSignal; make?: boolean },
): Promise<Session | null> {
  const found = await findControlSession(parameters, { target, signal })
  if (found || !make || !(await makeControlDatabase(parameters, signal))) return found
  return openSession(withDatabase(parameters, ownControlDatabase(parameters.user)), {
    application: 'restore control',
    signal,
  })
}

/** The same, or one on `target` itself: for what needs no more than the server's locks and its clock. */
export async function openControlOrOwn(
  parameters: ConnectionParameters,
  { target, signal, make = false }: { target: string; signal?: AbortSignal | undefined; make?: boolean },
): Promise<Session> {
  const options = signal ? { target, signal, make } : { target, make }
  return (
    (await openControlSession(parameters, options)) ??
    openSession(withDatabase(parameters, target), { application: 'restore control', signal })
  )
}

async function makeControlDatabase(
  parameters: ConnectionParameters,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const session = await connectIfPossible(parameters, signal)
  if (!session) return false
  try {
    const [role] = await session.query<{ may: boolean }>(
      'SELECT rolcreatedb OR rolsuper AS may FROM pg_catalog.pg_roles WHERE rolname = current_user',
    )
    if (!role?.may) return false
    const name = quoteIdentifier(ownControlDatabase(parameters.user))
    await session.query(`CREATE DATABASE ${name} TEMPLATE template0`)
    const comment = 'Lifeboat works from here while it renames databases. Empty; may be dropped when no restore runs.'
    await session.query(`COMMENT ON DATABASE ${name} IS ${quoteLiteral(comment)}`)
    await session.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`)
    return true
  } finally {
    await session.close()
  }
}

async function findControlSession(
  parameters: ConnectionParameters,
  { target, signal }: { target: string; signal?: AbortSignal },
): Promise<Session | null> {
  const tried = new Set([target])
  const connect = async (database: string) => {
    if (tried.has(database)) return undefined
    tried.add(database)
    return connectIfPossible(withDatabase(parameters, database), signal)
  }
  const preferred = await connect('postgres')
  if (preferred) return preferred
  for (const name of await otherDatabases(parameters, target, signal)) {
    const session = await connect(name)
    if (session) return session
  }
  return (await connect(parameters.database)) ?? (await connect('template1')) ?? null
}

async function otherDatabases(
  parameters: ConnectionParameters,
  target: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const session = await connectIfPossible(parameters, signal)
  if (!session) return []
  try {
    const rows = await session.query<{ name: string }>(
      `SELECT datname::text AS name FROM pg_catalog.pg_database
       WHERE datallowconn AND NOT datistemplate AND datname <> $1 AND datconnlimit <> -2
         AND datname !~ '_before_[0-9]{14}$' AND datname !~ '^lifeboat_copy_'
         AND pg_catalog.has_database_privilege(datname, 'CONNECT')
       ORDER BY datname`,
      [target],
    )
    return rows.map(({ name }) => name)
  } finally {
    await session.close()
  }
}

/** The session, or undefined where this one database cannot be had; a server that cannot be reached at all throws. */
async function connectIfPossible(
  parameters: ConnectionParameters,
  signal: AbortSignal | undefined,
): Promise<Session | undefined> {
  try {
    return await openSession(parameters, { application: 'restore control', signal })
  } catch (error) {
    const codes = ['DATABASE_NOT_FOUND', 'DATABASE_AUTH', 'DATABASE_RIGHTS', 'DATABASE_ERROR', 'DATABASE_BUSY'] as const
    if (codes.some((code) => isEngineError(error, code))) return undefined
    throw error
  }
}
