import { join, resolve } from 'node:path'
import type { Catalog } from '../../catalog/catalog.ts'
import { openPostgresCatalog } from '../../catalog/postgres.ts'
import { openSqliteCatalog } from '../../catalog/sqlite.ts'
import { EngineError } from '../../errors.ts'
import { describeConnection, resolveConnection } from '../../postgres/connection.ts'
import { openConnectionPool } from '../../postgres/connection-pool.ts'
import type { EngineParts } from '../parts.ts'
import { repositoryFolder } from '../repository-folder.ts'

/**
 * Opens the catalog the engine's options name: a PostgreSQL URL, or the path of a SQLite file; without one a file in
 * the repository's folder, or in `.lifeboat/` where the repository is not a folder.
 */
export async function openCatalog(parts: EngineParts): Promise<Catalog> {
  const place = parts.settings.catalog
  if (place === undefined) return openSqliteCatalog(join(defaultFolder(parts), 'catalog.sqlite'))
  if (!/^postgres(ql)?:\/\//.test(place)) return openSqliteCatalog(place === ':memory:' ? place : resolve(place))
  const parameters = resolveConnection(place)
  for (const label of parts.labels()) {
    const { host, port, database } = parts.connection(label)
    if (database === parameters.database && host === parameters.host && port === parameters.port)
      throw new EngineError('CONFIG_INVALID', `The catalog lies in the database "${label}" that is backed up.`, {
        advice: 'Give the catalog a database of its own: a restore would take it back in time.',
      })
  }
  const ended = new AbortController()
  const { pool } = openConnectionPool(place, { application: 'catalog', signal: ended.signal, max: 6 })
  return openPostgresCatalog({ pool, location: describeConnection(parameters) })
}

function defaultFolder({ settings }: EngineParts): string {
  const folder = repositoryFolder(settings)
  return folder === null ? resolve('.lifeboat') : join(folder, 'catalog')
}
