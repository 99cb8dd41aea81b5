import { join, resolve } from 'node:path'
import type { Catalog } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import { type ConnectionParameters, describeConnection, resolveConnection } from '../../postgres/connection.ts'
import type { EngineParts } from '../parts.ts'
import { repositoryFolder } from '../repository-folder.ts'

/**
 * Opens the catalog the engine's options name: a schema of a configured database, a PostgreSQL URL, or the path of a
 * SQLite file; without one a file in the repository's folder, or in `.lifeboat/` where the repository is not a folder.
 */
export async function openCatalog(parts: EngineParts): Promise<Catalog> {
  const place = parts.settings.catalog
  if (place === undefined) return openFile(join(defaultFolder(parts), 'catalog.sqlite'))
  if (typeof place === 'object') return openInDatabase(parts.connection(place.database), place.schema)
  if (!/^postgres(ql)?:\/\//.test(place)) return openFile(place === ':memory:' ? place : resolve(place))
  const parameters = resolveConnection(place)
  for (const label of parts.labels()) {
    const { host, port, database } = parts.connection(label)
    if (database === parameters.database && host === parameters.host && port === parameters.port)
      throw new EngineError('CONFIG_INVALID', `The catalog lies in the database "${label}" that is backed up.`, {
        advice: 'Say `schema:lifeboat` to keep it there, or give it a database of its own.',
      })
  }
  return openInServer(place, { location: describeConnection(parameters) })
}

/** Either dialect is loaded where it is used. */
async function openFile(path: string): Promise<Catalog> {
  const { openSqliteCatalog } = await import('../../catalog/sqlite.ts')
  return openSqliteCatalog(path)
}

/** By its name: after a swap the pool reaches the database that has it then, and the catalog in it. */
async function openInDatabase(parameters: ConnectionParameters, schema: string): Promise<Catalog> {
  return openInServer(parameters, { schema, location: `${describeConnection(parameters)}, schema ${schema}` })
}

async function openInServer(
  database: string | ConnectionParameters,
  catalog: { schema?: string; location: string },
): Promise<Catalog> {
  const [{ openPostgresCatalog }, { openConnectionPool }] = await Promise.all([
    import('../../catalog/postgres.ts'),
    import('../../postgres/connection-pool.ts'),
  ])
  const signal = new AbortController().signal
  const { pool } = await openConnectionPool(database, { application: 'catalog', signal, max: 6 })
  return openPostgresCatalog({ pool, ...catalog })
}

function defaultFolder({ settings }: EngineParts): string {
  const folder = repositoryFolder(settings)
  return folder === null ? resolve('.lifeboat') : join(folder, 'catalog')
}
