import { EngineError } from '../errors.ts'
import type { MigrationComparison } from '../migrations/compare.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Rehearsal } from '../migrations/rehearsal/rehearsal.ts'
import type { InspectorProof } from '../restore/rehearse/prove-inspectors.ts'
import type { RehearsalOptions } from '../restore/rehearse/rehearse-migrations.ts'
import type { Backups } from './backups.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

/** How the live database stands to the code, by each configured inspector. */
export interface LiveMigrations {
  database: string
  inspectors: { inspector: string; can_go_back: boolean; comparison: MigrationComparison }[]
}

/** What became of each configured inspector on an empty database. */
export interface MigrationCheck {
  database: string
  /** False where no inspector is configured. */
  ok: boolean
  inspectors: InspectorProof[]
}

/** Migrations: compared with the live database, tried on a restored copy, watched while they run on the live one. */
export interface Migrations {
  state(options?: OfDatabase & Running): Promise<LiveMigrations>
  /** Proves the configured inspectors on an empty database that is dropped again. */
  check(options?: OfDatabase & Running): Promise<MigrationCheck>
  /** Tries what is pending on a copy that is dropped again; `from` is a folder with other migrations. */
  rehearse(
    backup: string,
    options: RehearsalOptions & OfDatabase & Running & { from?: string | undefined },
  ): Promise<Rehearsal>
}

export function createMigrations(parts: EngineParts, backups: Backups): Migrations {
  return {
    async state({ database, signal } = {}) {
      const { readState } = await import('../restore/database/run-inspector.ts')
      const parameters = parts.connection(database)
      const inspectors: LiveMigrations['inspectors'] = []
      for (const inspector of parts.settings.migrations) {
        const { comparison } = await readState(inspector, { parameters, signal })
        inspectors.push({ inspector: inspector.name, can_go_back: inspector.rollback !== undefined, comparison })
      }
      return { database: parameters.database, inspectors }
    },

    async check({ database, signal, report } = {}) {
      const { proveInspectors } = await import('../restore/rehearse/prove-inspectors.ts')
      const parameters = parts.connection(database)
      const configured = parts.settings.migrations
      const running = { ...(signal ? { signal } : {}), ...(report ? { report } : {}) }
      const inspectors = configured.length > 0 ? await proveInspectors(parameters, configured, running) : []
      return {
        database: parameters.database,
        ok: inspectors.length > 0 && inspectors.every(({ ok }) => ok),
        inspectors,
      }
    },

    async rehearse(reference, { database, from, signal, report, ...options }) {
      const [{ rehearseMigrations }, context, { id }] = await Promise.all([
        import('../restore/rehearse/rehearse-migrations.ts'),
        parts.backupContext(database),
        backups.get(reference, { database, signal }),
      ])
      const { validators, dataMigrations } = parts.settings
      const inspectors = from === undefined ? context.inspectors : otherFolder(context.inspectors, from)
      return rehearseMigrations({ ...context, inspectors, validators, dataMigrations }, id, options, { signal, report })
    },
  }
}

/** The one inspector that can read another folder reads it. */
function otherFolder(inspectors: readonly MigrationInspector[], folder: string): readonly MigrationInspector[] {
  const able = inspectors.filter((inspector) => inspector.from !== undefined)
  const [only] = able
  if (!only || able.length > 1) {
    const text = only
      ? `Several inspectors could read ${folder}: ${able.map(({ name }) => name).join(', ')}.`
      : 'No configured inspector can read its migrations from another folder.'
    throw new EngineError('USAGE', text, { advice: 'Rehearse in a checkout of that branch, with its configuration.' })
  }
  return inspectors.map((inspector) => (inspector === only && only.from ? only.from(folder) : inspector))
}
