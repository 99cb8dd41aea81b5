import type { Catalog } from '../../catalog/catalog.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Backups } from '../backups.ts'
import type { Copies } from '../copies.ts'
import type { Drills } from '../drills.ts'
import type { Maintenance } from '../maintenance.ts'
import type { MaskingRoom } from '../masking.ts'
import type { Migrations } from '../migrations.ts'
import type { EngineParts } from '../parts.ts'
import type { Restores } from '../restores.ts'
import type { Rows } from '../rows.ts'
import type { TargetsRoom } from '../targets.ts'
import type { Notifier } from './notify/notifier.ts'
import type { RunTimeSettings } from './run-time-settings.ts'
import type { createUnfinishedBackups } from './unfinished-backups.ts'

/** The engine without its background: what jobs do. */
export interface EngineCore {
  parts: EngineParts
  backups: Backups
  restores: Restores
  maintenance: Maintenance
  copies: Copies
  rows: Rows
  migrations: Migrations
  drills: Drills
  masking: MaskingRoom
  targets: TargetsRoom
}

/** The background, once its catalog is open. */
export interface Background extends EngineCore {
  catalog: Catalog
  jobs: Jobs
  config: RunTimeSettings
  /** Reads the backups that are known by their jobs alone. */
  unfinished: ReturnType<typeof createUnfinishedBackups>
  /** Null where no channel is configured. */
  notifier: Notifier | null
}

/** The label that is meant where none is given; throws where it is not clear. */
export function labelOf(parts: Pick<EngineParts, 'connection' | 'labels'>, label: string | undefined): string {
  // Asked for its errors: an unknown or missing label.
  parts.connection(label)
  if (label !== undefined) return label
  const labels = parts.labels()
  return labels.length === 1 ? (labels[0] as string) : 'default'
}

/**
 * The label of the database a backup was made of, unless one is given. Undefined where none that is configured is that
 * database: an id says enough for everything that works on the repository alone.
 */
export function labelOfBackup(
  parts: EngineParts,
  backup: { database: string | null },
  label: string | undefined,
): string | undefined {
  if (label !== undefined) return labelOf(parts, label)
  return parts.labels().find((one) => parts.connection(one).database === backup.database)
}

/** Opens once, at the first call; a failure is not kept. */
export interface Once<T> {
  get(): Promise<T>
  opened(): Promise<T> | undefined
}

export function once<T>(open: () => Promise<T>): Once<T> {
  let value: Promise<T> | undefined
  return {
    get() {
      value ??= open().catch((error: unknown) => {
        value = undefined
        throw error
      })
      return value
    },
    opened: () => value,
  }
}
