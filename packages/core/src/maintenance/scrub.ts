import { isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { dayNumber, dueSlots, scrubCoverage, slotOf } from '../policy/scrub-rotation.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { isLoss } from '../repository/chunks/fetch-sealed.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests, type OpenedManifest } from '../repository/documents/manifests.ts'
import { listScrubs, recordScrub } from '../repository/documents/scrubs.ts'
import { recordVerification } from '../repository/documents/verifications.ts'
import { listPacks, loadChunkIndex } from '../repository/index/load-index.ts'
import { packObjectName } from '../repository/layout.ts'
import { checkPack } from '../repository/packs/pack-reader.ts'
import type { Repository } from '../repository/repository.ts'
import type { CheckProblem } from './check.ts'

export interface ScrubOptions {
  /** Everything is read once in so many days. */
  days: number
  /** Default: now. */
  now?: Date
  signal?: AbortSignal
  report?: Reporter
}

export interface ScrubReport {
  ok: boolean
  days: number
  /** The shares that were read now. */
  slots: number[]
  packs: number
  bytes: number
  problems: CheckProblem[]
  /** Names of the packs that are damaged or missing. */
  damaged: string[]
  /** The share of the rotation that was read within the last `days` days, 0 to 1. */
  coverage: number
}

/**
 * Reads the share of the packs whose turn it is, whole, and proves every byte; what was read is recorded in the
 * repository. Packs that are missing or cut are found whatever their share. Each backup that needs something damaged gets
 * a failed verification (`checksums`), so that it counts as good no more. Changes nothing else.
 */
export async function scrubRepository(repository: Repository, options: ScrubOptions): Promise<ScrubReport> {
  const { days, now = new Date(), signal, report } = options
  const today = dayNumber(now)
  const done = await listScrubs(repository, { signal })
  const slots = dueSlots(today, days, done)
  const index = await loadChunkIndex(repository, { signal })
  const stored = await listPacks(repository, signal)
  const share = [...stored].filter(([pack]) => slots.includes(slotOf(pack, days)))

  report?.({ type: 'phase', phase: 'data' })
  const bytesTotal = share.reduce((sum, [, size]) => sum + size, 0)
  const bad = new Map<string, string>()
  for (const { name, state } of index.packs())
    if (state === 'missing') bad.set(name, `${packObjectName(name)} is ${stored.has(name) ? 'cut' : 'missing'}.`)
  let bytes = 0
  for (const [pack, size] of share) {
    throwIfAborted(signal)
    try {
      if (!bad.has(pack)) await checkPack(repository, pack, { signal })
    } catch (error) {
      if (!isLoss(error)) throw error
      // One that is gone by now was deleted by a prune.
      if (isEngineError(error)) bad.set(pack, error.message)
    }
    bytes += size
    report?.({ type: 'progress', phase: 'data', bytes, bytesTotal, items: share.length })
  }

  const { problems, backups } = await concerned(repository, index, bad, signal)
  for (const { manifest, checksum, said } of backups)
    await recordVerification(repository, {
      ...{ backup: manifest.id, level: 'checksums', at: now.toISOString(), ok: false, checksum, problems: said },
    })
  for (const { message } of problems) log(report, 'error', message)
  const record = {
    at: now.toISOString(),
    day: today,
    days,
    slots,
    packs: share.length,
    bytes,
    problems: problems.length,
  }
  await recordScrub(repository, record, { forgetBefore: today - 2 * days, signal })
  const coverage = scrubCoverage(today, days, [...done, record])
  return {
    ...{ ok: problems.length === 0, days, slots, packs: share.length, bytes, problems },
    ...{ damaged: problems.length === 0 ? [] : [...bad.keys()], coverage },
  }
}

/** The problems among bad packs, and the backups they take. A bad pack that no backup needs any more is no problem if it is gone. */
async function concerned(
  repository: Repository,
  index: ChunkIndex,
  bad: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
) {
  const users = new Map([...bad.keys()].map((pack) => [pack, new Set<string>()]))
  const backups: (OpenedManifest & { said: string[] })[] = []
  if (bad.size === 0) return { problems: [], backups }
  const reader = createChunkReader(repository, index, { signal, useCopies: true })
  for await (const { manifest, checksum } of listManifests(repository, { signal })) {
    if (!manifest || !checksum) continue
    const needed = new Set<string>()
    try {
      for await (const id of manifestChunkIds(reader, manifest)) {
        const found = index.find(id)?.pack
        for (const pack of found === undefined ? index.findMissing(id) : [found]) if (bad.has(pack)) needed.add(pack)
      }
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
      const [object = ''] = Array.isArray(error.detail.objects) ? error.detail.objects.map(String) : []
      for (const pack of bad.keys()) if (packObjectName(pack) === object) needed.add(pack)
    }
    for (const pack of needed) users.get(pack)?.add(manifest.id)
    if (needed.size > 0) backups.push({ manifest, checksum, said: [...needed].map((pack) => bad.get(pack) ?? '') })
  }
  const problems = [...bad].flatMap(([pack, message]): CheckProblem[] => {
    const ids = [...(users.get(pack) ?? [])]
    const isGoing = index.pack(pack)?.state !== 'good'
    return ids.length === 0 && isGoing ? [] : [{ object: packObjectName(pack), message, backups: ids }]
  })
  return { problems, backups }
}
