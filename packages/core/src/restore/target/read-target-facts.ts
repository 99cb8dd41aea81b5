import type { Query } from '../../postgres/query.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import type { RestoreContext } from '../options.ts'
import { splitTableName } from './carried-tables.ts'
import { readMarked, readSources } from './target-identity.ts'
import type { TargetFacts } from './target-plan.ts'

/** `inside` is a session on the target itself, where it is there. */
export async function readTargetFacts(
  { target, database }: RestoreContext,
  manifest: Manifest,
  { query, inside, name }: { query: Query; inside: Query | null; name: string },
): Promise<TargetFacts | undefined> {
  if (!target) return undefined
  const [found, sources] = await Promise.all([
    readMarked(query, name),
    readSources(target.sources, { ...database, database: name }),
  ])
  return {
    ...{ name: target.name, repository: target.repository, found, sources },
    backupOf: {
      systemIdentifier: manifest.snapshot.system_identifier,
      oid: String(manifest.snapshot.database_oid),
    },
    carryOver: await Promise.all(
      target.carryOver.map(async (table) => ({ table, missing: !(inside && (await isTable(inside, table))) })),
    ),
  }
}

async function isTable(inside: Query, table: string): Promise<boolean> {
  const { schema, name } = splitTableName(table)
  const rows = await inside(
    `SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [schema, name],
  )
  return rows.length > 0
}
