import { EngineError, isEngineError } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import type { Query } from '../../postgres/query.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import type { RestoreSession } from './restore-session.ts'

/** How a restore deals with functions that name things without a schema. */
export interface OwnSearchPath {
  /** What is tried after the empty search_path, in this order. */
  searchPaths: readonly string[]
  /** The functions of the backup as `schema.name(arguments)`, for advice. */
  functions: readonly string[]
  /** The session is inside the one transaction of an in-place restore. */
  inTransaction: boolean
  report?: Reporter | undefined
}

/**
 * The search_paths that sessions of the backup's database had: its own setting, those of roles in it, those that its
 * roles have on this server, and what there is without any.
 */
export async function ownSearchPaths(query: Query, manifest: Manifest): Promise<string[]> {
  const roles = manifest.roles.map(({ name }) => name)
  const ofRoles = await query<{ setting: string }>(
    `SELECT setting FROM pg_catalog.pg_roles, pg_catalog.unnest(rolconfig) AS setting
     WHERE rolname = ANY ($1::text[]) ORDER BY rolname`,
    [roles],
  )
  const own = [...manifest.database_properties.settings].sort(
    (a, b) => Number(a.role !== null) - Number(b.role !== null),
  )
  const paths = [...own, ...ofRoles].flatMap(({ setting }) => /^search_path=(.*)$/s.exec(setting)?.[1] ?? [])
  return [...new Set([...paths, '"$user", public'])]
}

/**
 * Does `work` and, where it fails in a way that a search_path may mend, does it again under each of the database's own.
 * Stock pg_restore has only the empty one: with it, functions in constraints, indexes, generated columns and views fail
 * that worked in the application. Throws the first error, the one that pg_restore would report.
 */
export async function withOwnSearchPath<T>(
  session: Pick<RestoreSession, 'run'>,
  { searchPaths, inTransaction, report }: Omit<OwnSearchPath, 'functions'>,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  const run = (sql: string) => session.run([{ sql }])
  if (inTransaction) await run('SAVEPOINT own_search_path')
  try {
    const result = await work()
    if (inTransaction) await run('RELEASE SAVEPOINT own_search_path')
    return result
  } catch (first) {
    if (!searchPathMayHelp(first)) throw first
    const undo = inTransaction ? 'ROLLBACK TO SAVEPOINT own_search_path' : 'ROLLBACK'
    for (const path of searchPaths) {
      await run(undo)
      await setSearchPath(session, path)
      try {
        const result = await work()
        log(
          report,
          'info',
          `${doing} works only with search_path ${path}: a function in it names things without schema.`,
        )
        await setSearchPath(session, '')
        if (inTransaction) await run('RELEASE SAVEPOINT own_search_path')
        return result
      } catch (error) {
        if (!isEngineError(error) || isEngineError(error, 'ABORTED')) throw error
      }
    }
    await run(undo)
    await setSearchPath(session, '')
    throw first
  }
}

function setSearchPath(session: Pick<RestoreSession, 'run'>, path: string): Promise<void> {
  return session.run([{ sql: "SELECT pg_catalog.set_config('search_path', $1, false)", values: [path] }])
}

/** Not what is about keys, rights, resources, locks or the connection. Errors cross from the worker with their state. */
function searchPathMayHelp(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false
  const { sqlstate } = error.detail
  if (typeof sqlstate !== 'string') return false
  return !/^(08|25|28|40|53|54|55|57|58|XX|23503|23505|42501)/.test(sqlstate)
}
