/** What is known of one pack when prune decides. Times are in ms, all by the storage's own clock. */
export interface PackFacts {
  name: string
  /** Whether an index object lists it. */
  indexed: boolean
  /** The object in storage, or null where there is none. */
  stored: { bytes: number; modifiedAt: number } | null
  /** When a prune marked it, or null. */
  markedAt: number | null
  /** Until when its storage does not let it go; absent or null where nothing holds it. */
  lockedUntil?: number | null
  /** Bytes of all its chunks. */
  chunkBytes: number
  /** Bytes of the chunks that backups refer to and that no better pack holds; see pack-usage.ts. */
  neededBytes: number
}

export interface PrunePlanOptions {
  now: number
  /** How long a pack must have been there before it is marked, and marked before it is deleted. */
  graceMs: number
  /** The same for packs that no index object lists. Default: `graceMs`. */
  unindexedGraceMs?: number
  /** Marks stay at least this long, so that every backup that may still use the pack meets the mark at its commit. */
  markMs: number
  /** A pack is repacked when at least this share of its chunks' bytes is unused. */
  repackUnusedShare: number
  /** Packs below this size are put together once there are {@link smallPackCount} of them. */
  smallPackBytes: number
  smallPackCount: number
  /** At most so many bytes are copied in one run, except for what must be copied. */
  maxRepackBytes: number
}

export type PackReason = 'unused' | 'orphan' | 'partly-used' | 'small' | 'needed-again'

export interface PrunePlan {
  /** Needed chunks of these are copied to new packs. */
  repack: { pack: string; bytes: number; reason: PackReason }[]
  /** These are marked: no new backup uses them from then on. */
  mark: { pack: string; bytes: number; reason: PackReason }[]
  /** Marked for longer than the grace and needed by no backup, or copied by this run. */
  delete: { pack: string; bytes: number }[]
  /** Marked, and not to be deleted before `until`. */
  wait: { pack: string; bytes: number; until: number }[]
  /** To be deleted, but for an object lock that holds until `until`: a later run deletes them. */
  locked: { pack: string; bytes: number; until: number }[]
  /** Marks that have outlived their pack and their purpose. */
  unmark: string[]
  /** Packs a backup needs that are not in storage. Nothing may be pruned while there are any. */
  missing: string[]
  kept: { packs: number; bytes: number; unusedBytes: number }
}

/**
 * What a prune does, as a pure function of what is there. Marked packs are doomed: what turns out to be needed of them
 * is copied, never unmarked, so that a prune that was paused and goes on with an old plan deletes nothing of worth.
 */
export function prunePlan(packs: readonly PackFacts[], options: PrunePlanOptions): PrunePlan {
  const plan: PrunePlan = {
    repack: [],
    mark: [],
    delete: [],
    wait: [],
    locked: [],
    unmark: [],
    missing: [],
    kept: { packs: 0, bytes: 0, unusedBytes: 0 },
  }
  const candidates: { pack: PackFacts; reason: PackReason }[] = []
  for (const pack of [...packs].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (pack.neededBytes > 0 && pack.stored === null) plan.missing.push(pack.name)
    else if (pack.markedAt !== null) decideMarked(plan, pack, pack.markedAt, options)
    else if (pack.stored !== null && options.now - pack.stored.modifiedAt < graceOf(pack, options)) keep(plan, pack)
    else if (pack.neededBytes === 0)
      plan.mark.push({ pack: pack.name, bytes: sizeOf(pack), reason: pack.indexed ? 'unused' : 'orphan' })
    else if (pack.chunkBytes - pack.neededBytes >= pack.chunkBytes * options.repackUnusedShare)
      candidates.push({ pack, reason: 'partly-used' })
    else if (sizeOf(pack) < options.smallPackBytes) candidates.push({ pack, reason: 'small' })
    else keep(plan, pack)
  }
  chooseRepacks(plan, candidates, options)
  return plan
}

function graceOf({ indexed }: PackFacts, { graceMs, unindexedGraceMs = graceMs }: PrunePlanOptions): number {
  return indexed ? graceMs : unindexedGraceMs
}

function decideMarked(plan: PrunePlan, pack: PackFacts, markedAt: number, options: PrunePlanOptions): void {
  const age = options.now - markedAt
  const bytes = sizeOf(pack)
  if (pack.neededBytes > 0) plan.repack.push({ pack: pack.name, bytes: pack.neededBytes, reason: 'needed-again' })
  const isGone = pack.stored === null && !pack.indexed
  if (isGone && age >= options.markMs) plan.unmark.push(pack.name)
  else if (isGone) plan.wait.push({ pack: pack.name, bytes, until: markedAt + options.markMs })
  else if (age < options.graceMs) plan.wait.push({ pack: pack.name, bytes, until: markedAt + options.graceMs })
  else if ((pack.lockedUntil ?? 0) > options.now)
    plan.locked.push({ pack: pack.name, bytes, until: pack.lockedUntil ?? 0 })
  else {
    plan.delete.push({ pack: pack.name, bytes })
    if (age >= options.markMs) plan.unmark.push(pack.name)
  }
}

/** The packs with the largest unused share first, up to the bound; a single small pack has nothing to be put with. */
function chooseRepacks(
  plan: PrunePlan,
  candidates: { pack: PackFacts; reason: PackReason }[],
  options: PrunePlanOptions,
): void {
  const enoughSmall = candidates.filter(({ reason }) => reason === 'small').length >= options.smallPackCount
  const unusedShare = ({ pack }: { pack: PackFacts }) => 1 - pack.neededBytes / pack.chunkBytes
  let copied = 0
  for (const { pack, reason } of candidates.sort((a, b) => unusedShare(b) - unusedShare(a))) {
    const fits = copied + pack.neededBytes <= options.maxRepackBytes
    if (!fits || (reason === 'small' && !enoughSmall)) {
      keep(plan, pack)
      continue
    }
    copied += pack.neededBytes
    plan.repack.push({ pack: pack.name, bytes: pack.neededBytes, reason })
    plan.mark.push({ pack: pack.name, bytes: sizeOf(pack), reason })
  }
}

function keep(plan: PrunePlan, pack: PackFacts): void {
  plan.kept.packs++
  plan.kept.bytes += sizeOf(pack)
  plan.kept.unusedBytes += pack.chunkBytes - pack.neededBytes
}

function sizeOf(pack: PackFacts): number {
  return pack.stored?.bytes ?? 0
}
