import type { Reporter } from '../events.ts'
import { readCatalogSchemas } from '../postgres/bookkeeping.ts'
import { readDatabaseProperties } from '../postgres/database-properties.ts'
import { readExtensions } from '../postgres/extensions.ts'
import { readPopulatedViews } from '../postgres/populated-views.ts'
import type { Query } from '../postgres/query.ts'
import { readRoles } from '../postgres/roles.ts'
import { readTablespaces } from '../postgres/tablespaces.ts'
import type { DatabaseProperties, Manifest, RoleRecord } from '../repository/documents/documents.ts'
import type { BackupContext } from './backup-context.ts'
import { type MigrationState, readMigrationState } from './migration-state.ts'
import { recordDownSteps } from './record-down-steps.ts'
import { recordInvariants } from './record-invariants.ts'

/** What a backup records of the database besides its rows. */
export interface DatabaseFacts {
  properties: DatabaseProperties
  extensions: Manifest['extensions']
  roles: RoleRecord[]
  tablespaces: string[]
  populatedViews: NonNullable<Manifest['populated_views']>
  migrations: MigrationState
  invariants: NonNullable<Manifest['invariants']>
  downSteps: NonNullable<Manifest['down_steps']>
  catalogSchemas: string[]
}

/** Reads them one after the other on the session that holds the snapshot. */
export async function readDatabaseFacts(
  query: Query,
  { inspectors, invariants = [], downSteps }: Pick<BackupContext, 'inspectors' | 'invariants' | 'downSteps'>,
  report: Reporter | undefined,
): Promise<DatabaseFacts> {
  const migrations = await readMigrationState(inspectors, query, report)
  return {
    properties: await readDatabaseProperties(query),
    extensions: await readExtensions(query),
    roles: await readRoles(query),
    tablespaces: await readTablespaces(query),
    populatedViews: await readPopulatedViews(query),
    migrations,
    downSteps: downSteps ? await recordDownSteps(inspectors, migrations.migrations, downSteps, report) : [],
    invariants: await recordInvariants(query, invariants, report),
    catalogSchemas: await readCatalogSchemas(query),
  }
}
