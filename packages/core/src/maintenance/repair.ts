import { hostname } from 'node:os'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { decodeConfig } from '../repository/config.ts'
import { configName, prefixes } from '../repository/layout.ts'
import { acquireLease } from '../repository/leases/lease.ts'
import type { Repository } from '../repository/repository.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { repairDocuments } from './repair-documents.ts'
import { repairIndex } from './repair-index.ts'
import { repairPacks } from './repair-packs.ts'
import { repairStray } from './repair-stray.ts'

export interface RepairOptions {
  /** Only say what would be done: nothing is written, no lease taken. */
  dryRun?: boolean
  /** Packs that are known to be damaged. Default: every pack is read, to find out. */
  damaged?: ReadonlySet<string>
  /** Who repairs, for a prune that finds it running. Default: host name and process id. */
  holder?: string
  signal?: AbortSignal
  report?: Reporter
}

/**
 * What became of something that was missing or damaged. `replaced`: a copy had it, whole. `rebuilt`: made again from
 * what is good elsewhere. `set_aside`: no backup needs it, and the next prunes delete it. `removed`: it carries no
 * data, and is gone. `lost`: no copy has it.
 */
export type RepairOutcome = 'replaced' | 'rebuilt' | 'set_aside' | 'removed' | 'lost'

export interface RepairItem {
  /** Name of the object. */
  object: string
  /** What is wrong with it, in one sentence. */
  message: string
  outcome: RepairOutcome
  /** Location of the copy it came from. */
  from: string | null
  /** Ids of the backups that need it. */
  backups: string[]
}

export interface RepairReport {
  /** Whether every backup is whole now; of a dry run: whether it would be. */
  ok: boolean
  dry_run: boolean
  items: RepairItem[]
  /** Bytes written. */
  bytes: number
}

/** What the steps of one repair share. */
export interface Repairing {
  repository: Repository
  /** Copies that answer. */
  copies: readonly Storage[]
  options: RepairOptions
  items: RepairItem[]
  /** Writes and reads back; throws where something else comes back. In a dry run it only counts. */
  store(name: string, data: Buffer): Promise<void>
}

/**
 * Repairs a repository from its copies: index objects, manifests, small documents and packs that are missing or
 * damaged. Only what authenticates under the repository's key is written, each thing is read back, and nothing that was
 * there is deleted before what takes its place has been. A pack that no copy has under its name is made again chunk by
 * chunk, from whatever pack of whatever copy has it, also from what is still good of it; without any copy that is all
 * that can be done.
 *
 * Killed at any point it leaves the repository no worse, and the next run goes on. Holds the lease of a prune
 * (`LEASE_HELD`). What is lost is in the report and no error. Throws `CONFIG_INVALID` for a storage that is no copy of this
 * repository, and the error of a copy when none answers.
 */
export async function repairRepository(
  repository: Repository,
  copies: readonly Storage[],
  options: RepairOptions = {},
): Promise<RepairReport> {
  const answering = await copiesThatAnswer(repository, copies, options)
  if (options.dryRun) return repairAll({ ...repository, copies: answering }, options)
  const holder = options.holder ?? `${hostname()} (process ${process.pid})`
  const lease = await acquireLease(repository, { name: 'prune', holder, signal: options.signal })
  const signal = AbortSignal.any([lease.lost, ...(options.signal ? [options.signal] : [])])
  try {
    return await repairAll({ ...repository, copies: answering }, { ...options, signal })
  } catch (error) {
    throw lease.lost.aborted ? lease.lost.reason : error
  } finally {
    await lease.release()
  }
}

async function repairAll(repository: Repository, options: RepairOptions): Promise<RepairReport> {
  const { dryRun = false, signal, report } = options
  let bytes = 0
  const items: RepairItem[] = []
  // In a dry run documents are read as they would be: they tell which packs are needed.
  const mended = new Map<string, Buffer>()
  const storage = wrapStorage(repository.storage, {
    get: async (name, options) => mended.get(name) ?? repository.storage.get(name, options),
  })
  const repairing: Repairing = {
    repository: dryRun ? { ...repository, storage } : repository,
    copies: repository.copies ?? [],
    options,
    items,
    async store(name, data) {
      bytes += data.length
      report?.({ type: 'progress', phase: 'repair', bytes })
      if (dryRun) {
        if (!name.startsWith(prefixes.packs)) mended.set(name, data)
        return
      }
      throwIfAborted(signal)
      await repository.storage.put(name, data, { signal })
      if (!(await repository.storage.get(name, { signal })).equals(data))
        throw new EngineError('STORAGE_FAILED', `${name} reads back as something else than what was written.`)
    },
  }
  report?.({ type: 'phase', phase: 'documents' })
  await repairDocuments(repairing)
  await repairStray(repairing)
  await repairIndex(repairing)
  await repairPacks(repairing)
  for (const { object, message, outcome, from } of items)
    log(report, outcome === 'lost' ? 'error' : 'info', `${object}: ${outcome.replace('_', ' ')}. ${message}`, { from })
  return { ok: items.every(({ outcome }) => outcome !== 'lost'), dry_run: dryRun, items, bytes }
}

/** Copies of this repository that can be read now. */
async function copiesThatAnswer(
  repository: Repository,
  copies: readonly Storage[],
  { signal, report }: RepairOptions,
): Promise<Storage[]> {
  const config = await repository.storage.get(configName, { signal }).catch((error: unknown) => {
    if (error instanceof StorageObjectMissing) return null
    throw error
  })
  const answering: Storage[] = []
  const failures: unknown[] = []
  for (const storage of copies) {
    try {
      const other = await storage.get(configName, { signal })
      if (!config?.equals(other) && !isOurConfig(repository, other))
        throw new EngineError('CONFIG_INVALID', `In ${storage.location} is no copy of this repository.`)
      answering.push(storage)
    } catch (error) {
      if (signal?.aborted || isEngineError(error, 'CONFIG_INVALID')) throw error
      failures.push(asError(error, storage))
      log(report, 'warning', `The copy in ${storage.location} does not answer.`, { error: String(error) })
    }
  }
  if (answering.length === 0 && failures.length > 0) throw failures[0]
  return answering
}

/** Ours may be the damaged one. */
function isOurConfig(repository: Repository, data: Buffer): boolean {
  try {
    const { config, isAuthentic } = decodeConfig(data)
    return config.id === repository.id && isAuthentic(repository.keys)
  } catch {
    return false
  }
}

function asError(error: unknown, storage: Storage): unknown {
  if (!(error instanceof StorageObjectMissing)) return error
  return new EngineError('NOT_A_REPOSITORY', `There is no repository in ${storage.location}.`, { cause: error })
}
