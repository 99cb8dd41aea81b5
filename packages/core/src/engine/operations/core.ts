import type { Catalog } from '../../catalog/catalog.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Backups } from '../backups.ts'
import type { Copies } from '../copies.ts'
import type { Maintenance } from '../maintenance.ts'
import type { EngineParts } from '../parts.ts'
import type { Restores } from '../restores.ts'
import type { RunTimeSettings } from './run-time-settings.ts'

/** The engine without its background: what jobs do. */
export interface EngineCore {
  parts: EngineParts
  backups: Backups
  restores: Restores
  maintenance: Maintenance
  copies: Copies
}

/** The background, once its catalog is open. */
export interface Background extends EngineCore {
  catalog: Catalog
  jobs: Jobs
  config: RunTimeSettings
}

/** The label that is meant where none is given; throws where it is not clear. */
export function labelOf(parts: EngineParts, label: string | undefined): string {
  // Asked for its errors: an unknown or missing label.
  parts.connection(label)
  if (label !== undefined) return label
  const labels = parts.labels()
  return labels.length === 1 ? (labels[0] as string) : 'default'
}

/** The label of the database a backup was made of, unless one is given: an id says enough. */
export function labelOfBackup(
  parts: EngineParts,
  backup: { database: string | null },
  label: string | undefined,
): string {
  if (label !== undefined) return labelOf(parts, label)
  const own = parts.labels().find((one) => parts.connection(one).database === backup.database)
  return own ?? labelOf(parts, undefined)
}

/** Opens once, at the first call; a failure is not kept. */
export function once<T>(open: () => Promise<T>): { get(): Promise<T>; opened(): Promise<T> | undefined } {
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
