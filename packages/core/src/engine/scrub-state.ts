import { dayNumber, scrubCoverage } from '../policy/scrub-rotation.ts'
import { createOpenedObjects, type OpenedObjects } from '../repository/documents/opened-objects.ts'
import { listScrubs, type ScrubRecord } from '../repository/documents/scrubs.ts'
import type { Repository } from '../repository/repository.ts'

/** How much of what is stored was read again of late. */
export interface ScrubState {
  /** Everything is read in so many days. */
  days: number
  /** The share of the rotation that was read within so many days, 0 to 1. */
  coverage: number
  last_at: string
  /** Packs that the last one found damaged or missing. */
  last_problems: number
  /** One line for people. */
  message: string
}

/** By opened repository; records are written once. */
const remembered = new WeakMap<Repository, OpenedObjects<ScrubRecord>>()

/** By what scrubs have recorded in the repository; null where there was none. */
export async function readScrubState(
  repository: Repository,
  { signal, now = new Date() }: { signal?: AbortSignal; now?: Date } = {},
): Promise<ScrubState | null> {
  const opened = remembered.get(repository) ?? createOpenedObjects({ maxBytes: 4 << 20 })
  remembered.set(repository, opened)
  return scrubState(await listScrubs(repository, { signal, opened }), now)
}

/** Pure. Records are oldest first. */
export function scrubState(records: readonly ScrubRecord[], now: Date): ScrubState | null {
  const last = records.at(-1)
  if (!last) return null
  const { days, at, problems } = last
  const coverage = scrubCoverage(dayNumber(now), days, records)
  const read = `${Math.round(coverage * 100)} % of the packs were read again within ${days} days, last on ${at.slice(0, 10)}`
  const found = problems > 0 ? `; ${problems} were damaged or missing` : ''
  return { days, coverage, last_at: at, last_problems: problems, message: `${read}${found}.` }
}
