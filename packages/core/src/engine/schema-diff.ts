import { schemaOfBackup, schemaOfDatabase } from '../backup/schema-sides.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import type { Repository } from '../repository/repository.ts'
import { diffSchemas, type SchemaDiff } from '../schema/diff/diff-schemas.ts'

/** The schema of one backup against that of another. Reads no rows, and no database. */
export async function diffBackups(
  repository: Repository,
  before: Manifest,
  after: Manifest,
  signal?: AbortSignal,
): Promise<SchemaDiff> {
  return diffSchemas(await schemaOfBackup(repository, before, signal), await schemaOfBackup(repository, after, signal))
}

/**
 * The schema of a backup against a database as it is now, without what the backup leaves out.
 *
 * @throws EngineError what connecting throws, `CLIENT_TOOLS_MISSING`, `CLIENT_TOOL_FAILED`, `ABORTED`.
 */
export async function diffWithDatabase(
  repository: Repository,
  before: Manifest,
  database: ConnectionParameters,
  { clientTools, signal }: { clientTools?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<SchemaDiff> {
  const { exclusions: exclude } = before
  return diffSchemas(
    await schemaOfBackup(repository, before, signal),
    await schemaOfDatabase(database, { clientTools, exclude, signal }),
  )
}
