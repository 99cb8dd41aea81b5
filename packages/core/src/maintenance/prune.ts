import { hostname } from 'node:os'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { atOnce, mapInOrder } from '../repository/concurrency.ts'
import { cleanNumbers } from '../repository/documents/numbers.ts'
import { writeIndexObjects } from '../repository/index/index-object.ts'
import { deleteMark, writeMark } from '../repository/index/marks.ts'
import { packObjectName } from '../repository/layout.ts'
import { acquireLease, type Lease } from '../repository/leases/lease.ts'
import type { Repository } from '../repository/repository.ts'
import { keepReserve, spendingReserve } from '../repository/reserve.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import { waitForOtherLeases } from './other-leases.ts'
import { gatherPruneFacts, type PruneFacts } from './prune-facts.ts'
import { type PackFacts, type PrunePlan, type PrunePlanOptions, prunePlan } from './prune-plan.ts'
import { repackChunks } from './repack.ts'
import { removeFromIndex } from './rewrite-index.ts'

const hourMs = 3_600_000

/** A backup that takes longer than this may be refused at its commit. */
export const defaultGraceMs = 26 * hourMs

/** Marks outlive their packs by this: a commit that was held up for days still meets them, and fails. */
const markAfterlifeMs = 7 * 24 * hourMs

/** Copies leave so much of what is free to leases, marks and the index. */
const roomBesideCopies = 256 * 1024

/** One marks, the next one deletes; on a full storage what that frees is copied into by the next. */
const mostPasses = 8

/** Over a network each delete is a round trip. */
const deletesAtOnce = 8

export interface PruneOptions {
  /** Only plan: nothing is written, no lease taken. */
  dryRun?: boolean
  /**
   * How long a pack must have been there before it is marked, and marked before it is deleted: longer than any backup
   * takes. Default 26 h. Anything shorter is allowed only while no backup holds a lease, and then marks and deletes in
   * one run.
   */
  graceMs?: number
  /** The same as a grace of 0: nothing waits. Only while no other lease is held, else `LEASE_HELD`. */
  now?: boolean
  /** Packs that no index object lists, such as those of a backup that failed, keep their grace in any case. */
  keepUnindexed?: boolean
  /** What is put aside once there is room, see `keepReserve`; the engine's option. */
  reserveBytes?: number
  /** Packs of which at least this share is unused are repacked. Default 0.3; 1 repacks none. */
  repackUnusedShare?: number
  /** At most so many bytes are copied in one run. Default 4 GiB. */
  maxRepackBytes?: number
  /** Size of the packs that repacking makes. */
  packBytes?: number
  /** Who prunes, for others that find it running. Default: host name and process id. */
  holder?: string
  /** How long this process's lease lasts without a sign of life. */
  leaseMs?: number
  signal?: AbortSignal
  report?: Reporter
}

export interface PruneResult {
  dryRun: boolean
  /** What was decided; of a prune in two passes, by the second one. */
  plan: PrunePlan
  packsDeleted: number
  bytesFreed: number
  packsMarked: number
  /** Bytes in packs that are marked and not deleted yet. */
  bytesWaiting: number
  bytesCopied: number
}

/**
 * Gives back the space of what no backup needs any more, beside running backups. In two phases: packs are marked, and
 * deleted by a later prune when they have been marked for longer than a backup may last and still no backup needs them.
 * Killed at any point it leaves a good repository, and the next prune goes on. On a full storage it gives up the reserve
 * first, and copies no more than there is room for.
 *
 * Throws `LEASE_HELD` while another prune runs; `REPOSITORY_DAMAGED` or `CHUNK_MISSING`, with nothing deleted, where it
 * cannot be known what backups need; `STORAGE_FULL` where not even a lease can be written.
 */
export async function prune(given: Repository, asked: PruneOptions = {}): Promise<PruneResult> {
  const options = asked.now ? { ...asked, graceMs: 0 } : asked
  const { dryRun = false, graceMs = defaultGraceMs, report } = options
  const repository = spendingReserve(given)
  const result: PruneResult = {
    dryRun,
    plan: prunePlan([], planOptions(options, 0)),
    packsDeleted: 0,
    bytesFreed: 0,
    packsMarked: 0,
    bytesWaiting: 0,
    bytesCopied: 0,
  }
  if (dryRun) {
    const facts = await readFacts(repository, options)
    result.plan = await planWithLocks(repository, facts, planOptions(options, Date.now()), options)
    return { ...result, ...outlook(result.plan) }
  }
  const holder = options.holder ?? `${hostname()} (process ${process.pid})`
  const lease = await acquireLease(repository, {
    name: 'prune',
    holder,
    ttlMs: options.leaseMs,
    signal: options.signal,
  })
  const signal = AbortSignal.any([lease.lost, ...(options.signal ? [options.signal] : [])])
  const scoped = { ...options, signal }
  try {
    const atOnce = graceMs < defaultGraceMs
    if (atOnce) await waitForOtherLeases(repository, { except: 'prune', holder, signal })
    let marked = await prunePass(repository, lease, scoped, result)
    for (let pass = 2; atOnce && marked > 0 && pass <= mostPasses; pass++) {
      // A backup that begins from here on sees the marks; one that began before is waited for, and then among the backups.
      await waitForOtherLeases(repository, { except: 'prune', holder, signal })
      // What the passes before have freed may be room for copies that there was none for.
      marked = await prunePass(repository, lease, scoped, result)
    }
    await repository.storage.sweepLeftovers?.({ signal })
    await cleanNumbers(repository, { signal })
    await keepReserve(repository, options.reserveBytes, { signal })
  } catch (error) {
    // What this prune had listed is gone: another one is at work, and then the lease is lost.
    if (error instanceof StorageObjectMissing) await lease.assertHeld()
    throw lease.lost.aborted ? lease.lost.reason : error
  } finally {
    await lease.release()
  }
  const { locked } = result.plan
  if (locked.length > 0) {
    const until = new Date(Math.max(...locked.map((pack) => pack.until))).toISOString()
    log(report, 'info', `${locked.length} packs are held by an object lock, the last one until ${until}.`, { until })
  }
  log(report, 'info', `Deleted ${result.packsDeleted} packs, marked ${result.packsMarked}.`)
  return result
}

/** What a plan would come to. */
function outlook(plan: PrunePlan) {
  const bytes = (packs: { bytes: number }[]) => packs.reduce((sum, pack) => sum + pack.bytes, 0)
  return {
    packsDeleted: plan.delete.length,
    bytesFreed: bytes(plan.delete),
    packsMarked: plan.mark.length,
    bytesWaiting: bytes([...plan.wait, ...plan.locked, ...plan.mark]),
    bytesCopied: bytes(plan.repack),
  }
}

async function prunePass(
  repository: Repository,
  lease: Lease,
  options: PruneOptions,
  result: PruneResult,
): Promise<number> {
  const { signal, report } = options
  const now = await lease.storageTime()
  const facts = await readFacts(repository, options)
  const free = await repository.storage.freeBytes?.()
  const plan = await planWithLocks(repository, facts, planOptions(options, now, free), options)
  if (plan.missing.length > 0)
    throw new EngineError(
      'REPOSITORY_DAMAGED',
      `Backups need packs that are gone or cut short, so nothing was pruned.`,
      {
        detail: { objects: plan.missing.map(packObjectName) },
      },
    )
  const kept = await copyNeeded(repository, facts, plan, options, result).catch((error: unknown) => {
    if (!isEngineError(error, 'STORAGE_FULL')) throw error
    log(report, 'warning', 'The storage is full: nothing more is copied. What lies among needed data stays for now.')
    return new Set(plan.repack.map(({ pack }) => pack))
  })

  const mark = plan.mark.filter(({ pack }) => !kept.has(pack))
  if (mark.length > 0) {
    report?.({ type: 'phase', phase: 'mark' })
    await lease.assertHeld()
    await writeMark(
      repository,
      mark.map(({ pack }) => pack),
      { signal },
    )
    result.packsMarked += mark.length
  }

  const doomed = plan.delete.filter(({ pack }) => !kept.has(pack))
  if (doomed.length > 0) report?.({ type: 'phase', phase: 'delete' })
  const names = new Set(doomed.map(({ pack }) => pack))
  // Also where nothing goes: every backup adds an index object, and every backup and restore reads them all.
  const rewriteIndex = () => removeFromIndex(repository, names, { signal, beforeDelete: () => lease.assertHeld() })
  const isRewritten = await unlessFull(rewriteIndex)
  await deletePacks(repository, lease, doomed, options, result)
  // A pack that is gone and still listed harms nothing, so on a full storage the packs go first.
  if (!isRewritten && !(await unlessFull(rewriteIndex)))
    log(report, 'warning', 'The storage is full: the index could not be rewritten. The next prune does it.')

  const unmark = new Set(plan.unmark.filter((pack) => !kept.has(pack)))
  for (const entry of facts.marks)
    if (entry.packs.every((pack) => unmark.has(pack))) await deleteMark(repository, entry)
  Object.assign(result, { plan, bytesWaiting: outlook({ ...plan, mark }).bytesWaiting })
  return mark.length
}

/** Whether there was room for it. */
async function unlessFull(write: () => Promise<void>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (!isEngineError(error, 'STORAGE_FULL')) throw error
    return false
  }
}

/** Only of packs that would be deleted is it asked whether a lock holds them. */
async function planWithLocks(
  { storage }: Repository,
  { packs }: PruneFacts,
  planned: PrunePlanOptions,
  { signal }: PruneOptions,
): Promise<PrunePlan> {
  const plan = prunePlan(packs, planned)
  const { objectLock } = storage
  if (!objectLock || plan.delete.length === 0) return plan
  const doomed = new Set(plan.delete.map(({ pack }) => pack))
  const withLock = async (pack: PackFacts) => {
    if (!doomed.has(pack.name)) return pack
    const until = await objectLock.lockedUntil(packObjectName(pack.name), { signal })
    return { ...pack, lockedUntil: until?.getTime() ?? null }
  }
  const known: PackFacts[] = []
  for await (const pack of mapInOrder(packs, 16, withLock)) known.push(pack)
  return prunePlan(known, planned)
}

async function readFacts(repository: Repository, options: PruneOptions): Promise<PruneFacts> {
  options.report?.({ type: 'phase', phase: 'read' })
  return gatherPruneFacts(repository, { signal: options.signal })
}

/**
 * Makes what is needed independent of the packs that go: copies it, and indexes the copies and every needed pack that a
 * dead backup left unindexed. Gives the packs that must stay because they could not be read.
 */
async function copyNeeded(
  repository: Repository,
  { index, usage }: PruneFacts,
  plan: PrunePlan,
  options: PruneOptions,
  result: PruneResult,
): Promise<Set<string>> {
  if (plan.repack.length > 0) options.report?.({ type: 'phase', phase: 'repack' })
  const sources = plan.repack.map(({ pack }) => ({ pack, ids: usage.get(pack)?.needed() ?? [] }))
  const { tables, unreadable, bytes } = await repackChunks(repository, index, sources, options)
  const orphans = index.unindexed.filter((pack) => (usage.get(pack)?.neededBytes ?? 0) > 0)
  const orphanTables = orphans.flatMap((pack) => index.packTable(pack) ?? [])
  await writeIndexObjects(repository, [...tables, ...orphanTables], { signal: options.signal })
  result.bytesCopied += bytes
  return unreadable
}

async function deletePacks(
  repository: Repository,
  lease: Lease,
  packs: { pack: string; bytes: number }[],
  { signal, report }: PruneOptions,
  result: PruneResult,
): Promise<void> {
  let assertedAt = Number.NEGATIVE_INFINITY
  let done = 0
  await atOnce(packs, deletesAtOnce, async ({ pack, bytes }) => {
    throwIfAborted(signal)
    if (performance.now() - assertedAt > 5_000) {
      await lease.assertHeld()
      assertedAt = performance.now()
    }
    await repository.storage.delete(packObjectName(pack), { signal })
    result.packsDeleted++
    result.bytesFreed += bytes
    report?.({ type: 'progress', phase: 'delete', bytes: result.bytesFreed, items: ++done, itemsTotal: packs.length })
  })
}

function planOptions(options: PruneOptions, now: number, free = Number.POSITIVE_INFINITY) {
  const { graceMs = defaultGraceMs, repackUnusedShare = 0.3, maxRepackBytes = 4 * 1024 ** 3 } = options
  return {
    now,
    graceMs,
    markMs: Math.max(graceMs, defaultGraceMs) + markAfterlifeMs,
    repackUnusedShare: repackUnusedShare >= 1 ? Number.POSITIVE_INFINITY : repackUnusedShare,
    smallPackBytes: 1024 * 1024,
    smallPackCount: 64,
    maxRepackBytes: Math.min(maxRepackBytes, Math.max(0, free - roomBesideCopies)),
    unindexedGraceMs: options.keepUnindexed ? Math.max(graceMs, defaultGraceMs) : graceMs,
  }
}
