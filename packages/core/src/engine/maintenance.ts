import { EngineError } from '../errors.ts'
import { log } from '../events.ts'
import type { CheckReport } from '../maintenance/check.ts'
import type { CopyResult } from '../maintenance/copy.ts'
import type { PruneOptions, PruneResult } from '../maintenance/prune.ts'
import type { RepairReport } from '../maintenance/repair.ts'
import type { ScrubReport } from '../maintenance/scrub.ts'
import { type ConnectionParameters, resolveConnection } from '../postgres/connection.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { findCopy } from './copy-places.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import type { Repaired } from './verify-repaired.ts'

/** Upkeep of the repository and of what restores leave on the server. */
export interface Maintenance {
  /** Frees what no backup needs any more; see `prune` for how it stays safe beside running backups. */
  prune(options?: Running & Pick<PruneOptions, 'dryRun' | 'graceMs' | 'now' | 'keepUnindexed'>): Promise<PruneResult>
  /**
   * Looks whether everything stored is there and, with `readData`, is what was written. Backups that cannot be restored
   * because of what is found count as good no more.
   */
  check(options?: Running & { readData?: boolean }): Promise<CheckReport>
  /**
   * Brings a second storage up to date: see `copyRepository`. `to` is a path, a URL or a Storage; a folder that is not
   * there is made.
   */
  copy(to: string | Storage, options?: Running & { onlyNewer?: boolean }): Promise<CopyResult>
  /**
   * Repairs what is missing or damaged from the configured copies, or from the one that `from` names (its name, a path,
   * a URL or a Storage): see `repairRepository`. Backups that a verification found bad are verified again afterwards.
   */
  repair(
    options?: Running & { from?: string | Storage; dryRun?: boolean; damaged?: ReadonlySet<string> },
  ): Promise<RepairReport & Repaired>
  /**
   * Reads again the share of what is stored whose turn it is today, of `days` shares: see `scrubRepository`. With `repair`
   * what is damaged is repaired from the configured copies.
   */
  scrub(options: Running & { days: number; repair?: boolean }): Promise<ScrubReport & { repaired: RepairReport | null }>
  /**
   * Drops databases left behind by killed restores and kept ones whose time is over. `without`: a media folder that does not
   * come back, and that the other folders of a restore of media alone wait for.
   */
  cleanLeftovers(options?: OfDatabase & Running & { without?: string | undefined }): Promise<{ dropped: string[] }>
  /** The databases that `cleanLeftovers` would drop now. */
  leftovers(options?: OfDatabase & Running): Promise<{ leftovers: string[]; expired: string[] }>
}

/** For each target whose backups are of the database that is meant. One that does not answer is passed over. */
async function eachTarget<T>(
  parts: EngineParts,
  { database, signal, report }: OfDatabase & Running,
  work: (parameters: ConnectionParameters) => Promise<T>,
): Promise<T[]> {
  const done: T[] = []
  for (const [name, settings] of Object.entries(parts.settings.targets)) {
    if (database !== undefined && settings.database !== undefined && settings.database !== database) continue
    try {
      done.push(await work(resolveConnection(settings.url)))
    } catch (error) {
      signal?.throwIfAborted()
      const why = error instanceof Error ? error.message : String(error)
      log(report, 'warning', `The target "${name}" could not be looked at: ${why}`)
    }
  }
  return done
}

export function createMaintenance(parts: EngineParts): Maintenance {
  const maintenance: Maintenance = {
    async prune(options) {
      const { prune } = await import('../maintenance/prune.ts')
      return prune(await parts.repository(), { ...options, reserveBytes: parts.settings.reserveBytes })
    },
    async check(options) {
      const [{ checkRepository }, { condemnBackups }] = await Promise.all([
        import('../maintenance/check.ts'),
        import('../maintenance/condemn-backups.ts'),
      ])
      const repository = await parts.repository()
      const found = await checkRepository(repository, options)
      // What was found is told also where nothing can be written: on a storage that is read only, or full.
      await condemnBackups(repository, found.problems).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        log(options?.report, 'warning', `It could not be recorded which backups are damaged: ${why}`)
      })
      return found
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
    async repair({ from, ...options } = {}) {
      const { repairRepository } = await import('../maintenance/repair.ts')
      const repository = await parts.repository()
      const run = async (copies: readonly Storage[]) => {
        const done = await repairRepository(repository, copies, options)
        const { verifyRepaired } = await import('./verify-repaired.ts')
        return { ...done, verified: await verifyRepaired(parts, done, options) }
      }
      if (from === undefined) return run(parts.copies.map(({ storage }) => storage))
      if (typeof from !== 'string') return run([from])
      if (parts.copies.some(({ name }) => name === from)) return run([findCopy(parts.copies, from).storage])
      const storage = openStorage(from, { throttle: parts.throttle })
      try {
        return await run([storage])
      } finally {
        await storage.close?.()
      }
    },
    async scrub({ days, repair = false, ...running }) {
      if (!Number.isInteger(days) || days < 1 || days > 3650)
        throw new EngineError('USAGE', 'The days of a scrub are a whole number from 1 to 3650.')
      const { scrubRepository } = await import('../maintenance/scrub.ts')
      const found = await scrubRepository(await parts.repository(), { days, ...running })
      if (found.ok || !repair || parts.copies.length === 0) return { ...found, repaired: null }
      const repaired = await maintenance.repair({ damaged: new Set(found.damaged), ...running })
      return { ...found, ok: repaired.ok, repaired }
    },
    cleanLeftovers: (options = {}) => cleanEverywhere(parts, options),
    leftovers: (options = {}) => leftoversEverywhere(parts, options),
  }
  return maintenance
}

async function cleanEverywhere(
  parts: EngineParts,
  { database, without, signal, report }: OfDatabase & Running & { without?: string | undefined },
) {
  const { cleanLeftovers } = await import('../restore/undo/leftovers.ts')
  const media = parts.mediaFolders().map(({ path }) => path)
  const { dropped } = await cleanLeftovers(parts.connection(database), { signal, report, media, without })
  const ofTargets = await eachTarget(parts, { database, signal, report }, async (parameters) => {
    return (await cleanLeftovers(parameters, { signal, report })).dropped
  })
  return { dropped: [...dropped, ...ofTargets.flat()] }
}

async function leftoversEverywhere(parts: EngineParts, { database, signal, report }: OfDatabase & Running) {
  const { listLeftovers } = await import('../restore/undo/leftovers.ts')
  const found = await listLeftovers(parts.connection(database), { signal })
  const ofTargets = await eachTarget(parts, { database, signal, report }, (one) => listLeftovers(one, { signal }))
  return {
    leftovers: [...new Set([found, ...ofTargets].flatMap(({ leftovers }) => leftovers))],
    expired: [...new Set([found, ...ofTargets].flatMap(({ expired }) => expired))],
  }
}
