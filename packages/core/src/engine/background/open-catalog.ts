import { join, resolve } from 'node:path'
import type { Catalog } from '../../catalog/catalog.ts'
import { openPostgresCatalog } from '../../catalog/postgres.ts'
import { openSqliteCatalog } from '../../catalog/sqlite.ts'
import { EngineError } from '../../errors.ts'
import { type ConnectionParameters, describeConnection, resolveConnection } from '../../postgres/connection.ts'
import { openConnectionPool } from '../../postgres/connection-pool.ts'
import type { EngineParts } from '../parts.ts'
import { repositoryFolder } from '../repository-folder.ts'

/**
 * Opens the catalog the engine's options name: a schema of a configured database, a PostgreSQL URL, or the path of a
 * SQLite file; without one a file in the repository's folder, or in `.lifeboat/` where the repository is not a folder.
 */
export async function openCatalog(parts: EngineParts): Promise<Catalog> {
  const place = parts.settings.catalog
  if (place === undefined) return openSqliteCatalog(join(defaultFolder(parts), 'catalog.sqlite'))
  if (typeof place === 'object') return openInDatabase(parts.connection(place.database), place.schema)
  if (!/^postgres(ql)?:\/\//.test(place)) return openSqliteCatalog(place === ':memory:' ? place : resolve(place))
  const parameters = resolveConnection(place)
  for (const label of parts.labels()) {
    const { host, port, database } = parts.connection(label)
    if (database === parameters.database && host === parameters.host && port === parameters.port)
      throw new EngineError('CONFIG_INVALID', `The catalog lies in the database "${label}" that is backed up.`, {
        advice: 'Say `schema:lifeboat` to keep it there, or give it a database of its own.',
      })
  }
  const { pool } = await openPool(place)
  return openPostgresCatalog({ pool, location: describeConnection(parameters) })
}

/** By its name: after a swap the pool reaches the database that has it then, and the catalog in it. */
async function openInDatabase(parameters: ConnectionParameters, schema: string): Promise<Catalog> {
  const { pool } = await openPool(parameters)
  return openPostgresCatalog({ pool, schema, location: `${describeConnection(parameters)}, schema ${schema}` })
}

function openPool(database: string | ConnectionParameters) {
  return openConnectionPool(database, { application: 'catalog', signal: new AbortController().signal, max: 6 })
}

function defaultFolder({ settings }: EngineParts): string {
  const folder = repositoryFolder(settings)
  return folder === null ? resolve('.lifeboat') : join(folder, 'catalog')
}
