import { qualifiedName } from '../postgres/identifiers.ts'
import type { TableRecord } from '../repository/documents.ts'
import type { RestoreSession } from './restore-session.ts'
import { tableBatches } from './table-batches.ts'

const mostAtATime = 20

/** Gathers planner statistics, tables divided among the sessions; parents and views by a last ANALYZE of all. */
export async function analyzeTables(
  sessions: readonly RestoreSession[],
  tables: readonly TableRecord[],
): Promise<void> {
  const filled = tables.filter(({ rows }) => rows > 0)
  const queue = tableBatches(filled, { sessions: sessions.length, most: mostAtATime })
  await Promise.all(
    sessions.map(async (session) => {
      for (let some = queue.shift(); some; some = queue.shift()) {
        await session.run([{ sql: `ANALYZE ${some.map(qualifiedName).join(', ')}` }])
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
  for (const { name } of parents) await (sessions[0] as RestoreSession).run([{ sql: `ANALYZE ${name}` }])
}
