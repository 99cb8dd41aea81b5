import type { Drill } from '../repository/documents/drills.ts'
import type { Backups } from './backups.ts'
import type { DrillTurn } from './drill-rotation.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

/** Who asks, and how the backup is read. Default: from the repository, as it is open. */
export interface AskedDrill extends Partial<Omit<DrillTurn, 'age'>> {
  by: string
}

/** Drills: restores on the side that prove what a backup is good for, and how long it takes. */
export interface Drills {
  /** Restores a backup on the side, looks at it, drops it, and records what was found. */
  run(reference: string, options: OfDatabase & Running & AskedDrill): Promise<Drill>
  /** What drills have found, newest first; of one database only where its label is given. */
  list(options?: OfDatabase & Running): Promise<Drill[]>
}

export function createDrills(parts: EngineParts, backups: Backups): Drills {
  return {
    async run(reference, options) {
      const { runDrill } = await import('./run-drill.ts')
      return runDrill(parts, backups, reference, options)
    },
    async list({ database, signal } = {}) {
      const name = database === undefined ? undefined : parts.connection(database).database
      const { readDrills } = await import('./read-drills.ts')
      const all = await readDrills(await parts.repository(), signal)
      return all.filter((one) => name === undefined || one.database === name).reverse()
    },
  }
}
