import { isEngineError } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import { withOwnSearchPath } from './own-search-path.ts'
import type { RestoreSession } from './restore-session.ts'
import { tableBatches } from './table-batches.ts'

const mostAtATime = 20

/** Gathers planner statistics, tables divided among the sessions; parents and views by a last ANALYZE of all. */
export async function analyzeTables(
  sessions: readonly RestoreSession[],
  tables: readonly TableRecord[],
  { searchPaths, report }: { searchPaths: readonly string[]; report?: Reporter | undefined },
): Promise<void> {
  const own = { searchPaths, inTransaction: false, report }
  /** Statistics are no reason to be without the data: what ANALYZE fails on is told. */
  const analyze = async (session: RestoreSession, names: readonly string[]): Promise<void> => {
    const sql = `ANALYZE ${names.join(', ')}`
    try {
      await withOwnSearchPath(session, own, sql.slice(0, 200), () => session.run([{ sql }]))
    } catch (error) {
      if (!isEngineError(error, 'DATABASE_ERROR')) throw error
      if (names.length > 1) for (const name of names) await analyze(session, [name])
      else log(report, 'warning', `${sql} failed: ${error.message}`)
    }
  }
  const filled = tables.filter(({ rows }) => rows > 0)
  const queue = tableBatches(filled, { sessions: sessions.length, most: mostAtATime })
  await Promise.all(
    sessions.map(async (session) => {
      for (let some = queue.shift(); some; some = queue.shift()) {
        await analyze(session, some.map(qualifiedName))
      }
    }),
  )
  const parents = await (sessions[0] as RestoreSession).query<{ name: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('p', 'm') AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
       -- With a foreign partition, ANALYZE would connect to wherever that is.
       AND (c.relkind = 'm' OR NOT EXISTS (
         SELECT FROM pg_catalog.pg_partition_tree(c.oid) leaf JOIN pg_catalog.pg_class f ON f.oid = leaf.relid
         WHERE f.relkind = 'f'))`,
  )
  for (const { name } of parents) await analyze(sessions[0] as RestoreSession, [name])
}
