/** The inspectors as a host uses them: each gets the doors to other libraries that it needs. */

import { EngineError } from './errors.ts'
import { createDrizzleInspector, type DrizzleInspectorOptions } from './migrations/drizzle.ts'
import type { MigrationInspector } from './migrations/inspector.ts'
import { createKnexInspector, type KnexInspectorOptions } from './migrations/knex.ts'
import { createKyselyInspector, type KyselyInspectorOptions, type OpenPool } from './migrations/kysely.ts'
import { createLedgerInspector, type LedgerInspectorOptions } from './migrations/ledger.ts'
import { createMikroOrmInspector, type MikroOrmInspectorOptions } from './migrations/mikro-orm.ts'
import { createNodePgMigrateInspector, type NodePgMigrateInspectorOptions } from './migrations/node-pg-migrate.ts'
import { createPresetInspector, type PresetOptions } from './migrations/presets/preset.ts'
import { type LedgerPresetName, ledgerPresets } from './migrations/presets/presets.ts'
import { createPrismaInspector, type PrismaInspectorOptions } from './migrations/prisma.ts'
import { createTypeOrmInspector, type TypeOrmInspectorOptions } from './migrations/typeorm.ts'
import { createUmzugInspector, type UmzugInspectorOptions } from './migrations/umzug.ts'
import { runCommand } from './postgres/run-command.ts'
import { toolDoors } from './postgres/tool-doors.ts'

/**
 * For applications that migrate with Kysely's `Migrator`.
 *
 * @example
 * createBackupEngine({ migrations: [kyselyInspector({ migrations: new URL('./migrations/', import.meta.url) })] })
 */
export function kyselyInspector(options: KyselyInspectorOptions): MigrationInspector {
  const openPool: OpenPool = async (...pool) => {
    const { openConnectionPool } = await import('./postgres/connection-pool.ts')
    return openConnectionPool(...pool)
  }
  return createKyselyInspector(options, openPool, toolDoors)
}

/** For applications that migrate with Prisma Migrate. */
export function prismaInspector(options: PrismaInspectorOptions = {}): MigrationInspector {
  return createPrismaInspector(options, runCommand)
}

/** For applications that migrate with Drizzle, 0.x and 1.x. Runs need the package `drizzle-orm`. */
export function drizzleInspector(options: DrizzleInspectorOptions): MigrationInspector {
  return createDrizzleInspector(options, toolDoors)
}

/** For applications that migrate with Knex. Runs need the package `knex`. */
export function knexInspector(options: KnexInspectorOptions): MigrationInspector {
  return createKnexInspector(options, toolDoors)
}

/** For applications that migrate with TypeORM. Runs need the package `typeorm`. */
export function typeOrmInspector(options: TypeOrmInspectorOptions): MigrationInspector {
  return createTypeOrmInspector(options, toolDoors)
}

/** For applications that migrate with MikroORM. Runs need `@mikro-orm/postgresql` and `@mikro-orm/migrations`. */
export function mikroOrmInspector(options: MikroOrmInspectorOptions): MigrationInspector {
  return createMikroOrmInspector(options, toolDoors)
}

/** For applications that migrate with Umzug or sequelize-cli. */
export function umzugInspector(options: UmzugInspectorOptions): MigrationInspector {
  return createUmzugInspector(options, toolDoors)
}

/** For applications that migrate with node-pg-migrate. Runs need the package `node-pg-migrate`. */
export function nodePgMigrateInspector(options: NodePgMigrateInspectorOptions): MigrationInspector {
  return createNodePgMigrateInspector(options, toolDoors)
}

/**
 * For tools outside of Node whose table is known by name.
 *
 * @example
 * ledgerPreset('dbmate', { migrations: './db/migrations', command: true })
 */
export function ledgerPreset(tool: LedgerPresetName, options: PresetOptions = {}): MigrationInspector {
  if (!Object.hasOwn(ledgerPresets, tool)) {
    const known = Object.keys(ledgerPresets).join(', ')
    throw new EngineError('CONFIG_INVALID', `There is no preset "${tool}". There are: ${known}.`)
  }
  return createPresetInspector(ledgerPresets[tool], { name: tool, ...options }, { runCommand, parts: toolDoors.parts })
}

/**
 * For every other tool that keeps a table of what it has applied and has a command that migrates.
 *
 * @example
 * ledgerInspector({
 *   table: 'schema_migrations',
 *   idColumn: 'version',
 *   known: () => readVersions('./db/migrations'),
 *   command: { file: 'dbmate', args: ['migrate'] },
 * })
 */
export function ledgerInspector(options: LedgerInspectorOptions): MigrationInspector {
  return createLedgerInspector(options, runCommand)
}
