import type { CheckReport } from '../maintenance/check.ts'
import type { CopyResult } from '../maintenance/copy.ts'
import type { PruneResult } from '../maintenance/prune.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

/** Upkeep of the repository and of what restores leave on the server. */
export interface Maintenance {
  /** Frees what no backup needs any more; see `prune` for how it stays safe beside running backups. */
  prune(options?: Running & { dryRun?: boolean; graceMs?: number }): Promise<PruneResult>
  /** Looks whether everything stored is there and, with `readData`, is what was written. */
  check(options?: Running & { readData?: boolean }): Promise<CheckReport>
  /**
   * Brings a second storage up to date: see `copyRepository`. `to` is a path, a URL or a Storage; a folder that is not
   * there is made.
   */
  copy(to: string | Storage, options?: Running & { onlyNewer?: boolean }): Promise<CopyResult>
  /** Drops databases left behind by killed restores and kept ones whose time is over. */
  cleanLeftovers(options?: OfDatabase & Running): Promise<{ dropped: string[] }>
}

export function createMaintenance(parts: EngineParts): Maintenance {
  return {
    async prune(options) {
      const { prune } = await import('../maintenance/prune.ts')
      return prune(await parts.repository(), options)
    },
    async check(options) {
      const { checkRepository } = await import('../maintenance/check.ts')
      return checkRepository(await parts.repository(), options)
    },
    async copy(to, options) {
      const { copyRepository } = await import('../maintenance/copy.ts')
      const { throttle } = parts
      const storage = typeof to === 'string' ? openStorage(to, { create: true, throttle }) : to
      try {
        return await copyRepository(await parts.repository(), storage, options)
      } finally {
        if (typeof to === 'string') await storage.close?.()
      }
    },
    async cleanLeftovers({ database, signal, report } = {}) {
      const { cleanLeftovers } = await import('../restore/leftovers.ts')
      return cleanLeftovers(parts.connection(database), { signal, report })
    },
  }
}
