import { EngineError } from '../errors.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { schemaEntries } from '../postgres/archive/schema-entries.ts'
import { readBookkeepingSchemas } from '../postgres/bookkeeping.ts'
import { findClientTools } from '../postgres/client-tools.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import { dumpSchema } from '../postgres/dump-schema.ts'
import { readServerFacts } from '../postgres/server-facts.ts'
import { openSession } from '../postgres/session.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import type { SchemaSide } from '../schema/diff/diff-schemas.ts'

/** The definitions that a backup holds. */
export async function schemaOfBackup(
  repository: Repository,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<SchemaSide> {
  requireDatabase(manifest)
  const { streams, server_version_num } = manifest
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const reader = createChunkReader(repository, index, { signal })
  const archive = openArchive(await reader.readBytes(streams.schema))
  return { entries: schemaEntries(archive), majorVersion: Math.floor(server_version_num / 10_000) }
}

/** The definitions of a database, as pg_dump gives them now. */
export async function schemaOfDatabase(
  database: ConnectionParameters,
  options: {
    clientTools?: string | undefined
    exclude?: Manifest['exclusions']
    signal?: AbortSignal | undefined
  } = {},
): Promise<SchemaSide> {
  const { clientTools, exclude, signal } = options
  const session = await openSession(database, { application: 'schema', ...(signal ? { signal } : {}) })
  try {
    const { major } = await readServerFacts(session.query)
    const tools = await findClientTools(major, { binDirectory: clientTools })
    const bookkeeping = await readBookkeepingSchemas(session.query)
    const bytes = await dumpSchema(tools, database, {
      ...(exclude ? { exclude } : {}),
      encoding: session.encoding,
      bookkeeping,
      ...(signal ? { signal } : {}),
    })
    return { entries: schemaEntries(openArchive(bytes)), majorVersion: major }
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError('INTERNAL', `The schema could not be read: ${String(error)}`, { cause: error })
  } finally {
    await session.close()
  }
}
