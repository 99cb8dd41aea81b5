import { EngineError } from '../../errors.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession } from '../../postgres/session.ts'
import { parseTargetMark, type TargetMark } from './target-mark.ts'

/** A database as no address can hide it. */
export interface DatabaseIdentity {
  systemIdentifier: string
  oid: string
}

export interface MarkedDatabase extends DatabaseIdentity {
  comment: string | null
  mark: TargetMark | undefined
}

/** Asked on any database of the server; null where there is none of that name. */
export async function readMarked(query: Query, database: string): Promise<MarkedDatabase | null> {
  const [row] = await query<{ oid: string; system: string; comment: string | null }>(
    `SELECT oid::text AS oid, (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system,
       pg_catalog.shobj_description(oid, 'pg_database') AS comment
     FROM pg_catalog.pg_database WHERE datname = $1`,
    [database],
  )
  if (!row) return null
  return {
    systemIdentifier: row.system,
    oid: row.oid,
    comment: row.comment,
    mark: parseTargetMark(row.comment),
  }
}

/** A configured database that no target may be. */
export interface SourceIdentity {
  label: string
  /** Null where it does not answer now. */
  identity: DatabaseIdentity | null
  /** Whether it is written in the configuration as the target is. */
  isNamedAlike: boolean
}

/** A refresh must not wait for a production server that is away. */
const answerMs = 5_000

export async function readSources(
  sources: readonly { label: string; parameters: ConnectionParameters }[],
  target: ConnectionParameters,
): Promise<SourceIdentity[]> {
  return Promise.all(
    sources.map(async ({ label, parameters }) => ({
      label,
      identity: await identityOf(parameters),
      isNamedAlike:
        parameters.host === target.host && parameters.port === target.port && parameters.database === target.database,
    })),
  )
}

async function identityOf(parameters: ConnectionParameters): Promise<DatabaseIdentity | null> {
  try {
    const session = await openSession(parameters, { application: 'target check', connectTimeoutMs: answerMs })
    try {
      const [row] = await session.query<DatabaseIdentity>(
        `SELECT oid::text AS oid, (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS "systemIdentifier"
         FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
      )
      return row ?? null
    } finally {
      await session.close()
    }
  } catch {
    return null
  }
}

export const isSame = (one: DatabaseIdentity | null, other: DatabaseIdentity | null): boolean =>
  one !== null && other !== null && one.systemIdentifier === other.systemIdentifier && one.oid === other.oid

/** Why a database is not the marked one; null where it is. Pure. */
export function notMarked(
  found: MarkedDatabase | null,
  wanted: { target: string; repository: string; database: string },
): string | null {
  const name = JSON.stringify(wanted.database)
  if (!found) return `Database ${name} does not exist.`
  const { mark } = found
  if (!mark) return `Database ${name} is not marked as a target.`
  if (mark.oid !== found.oid || mark.system_identifier !== found.systemIdentifier)
    return `The mark of database ${name} is a copy: it was made for another database.`
  if (mark.target !== wanted.target) return `Database ${name} is the target ${JSON.stringify(mark.target)}.`
  if (mark.repository !== wanted.repository) return `Database ${name} is a target of another repository.`
  return null
}

/**
 * Looks again, in the transaction that renames, once it holds the lock on the database and others can neither rename nor
 * comment it. `committed` is another session: it sees the comment as it was.
 *
 * @throws EngineError `PLAN_CHANGED`.
 */
export async function requireMarked(
  committed: Query,
  wanted: { target: string; repository: string; database: string; oid: string },
): Promise<void> {
  const found = await readMarked(committed, wanted.database)
  const why =
    notMarked(found, wanted) ??
    (found?.oid === wanted.oid ? null : `Database "${wanted.database}" is another one than the one that was planned.`)
  if (why !== null) throw new EngineError('PLAN_CHANGED', `${why} Nothing was replaced.`)
}
