import type { Readable } from './readable.ts'

/** One thing to be done on a worker's connection: read one segment, or count all rows. */
export type WorkItem<Of = Readable> = ReadItem<Of> | CountingItem<Of>

export interface ReadItem<Of = Readable> {
  kind: 'read'
  of: Of
  /** Index into the ranges of what is read. */
  segment: number
  /** Roughly the bytes of work; decides the order and how much goes into one job. */
  weight: number
  /** How many locks its table takes, about; default 1. */
  locks?: number
}

interface CountingItem<Of> {
  kind: 'count'
  of: Of
  weight: number
  locks?: number
}

/** The weight of what brings bytes: counting takes time, but says nothing of how much there is to read. */
export function weightOfRows(items: readonly WorkItem[]): number {
  return totalWeight(items.filter(({ kind }) => kind === 'read'))
}

export interface WorkQueue<Of> {
  /** The next job's items: never empty, `undefined` when all is handed out. */
  next(): WorkItem<Of>[] | undefined
  readonly remainingWeight: number
}

export interface WorkQueueOptions {
  workers: number
  /** Upper bound of a job's weight, unless a single item is heavier. */
  jobWeight?: number
  /** About how many locks a worker holds at once, at most. */
  jobLocks?: number
}

const mebibyte = 1 << 20

/**
 * Hands out work heaviest group first, in runs of neighbouring segments (the server reads ahead) that shrink towards
 * the end, so that all workers end together; an idle worker takes the next one. Small tables go many to a job: what
 * would cost each of 10,000 tables a round trip through the host's event loop is paid once per job.
 *
 * A group is what belongs together, in its order: the segments of a table, or a small table and its count.
 */
export function createWorkQueue<Of>(groups: readonly WorkItem<Of>[][], options: WorkQueueOptions): WorkQueue<Of> {
  const { workers, jobWeight = 64 * mebibyte, jobLocks = 64 } = options
  const order = groups
    .map((items) => ({ items, weight: totalWeight(items) }))
    .sort((a, b) => b.weight - a.weight)
    .flatMap((group) => group.items)
  let position = 0
  let remaining = totalWeight(order)
  return {
    get remainingWeight() {
      return remaining
    },
    next() {
      if (position >= order.length) return undefined
      const target = Math.min(jobWeight, remaining / (2 * workers))
      const job: WorkItem<Of>[] = []
      const tables = new Set<Of>()
      let weight = 0
      let locks = 0
      for (let item = order[position]; item !== undefined; item = order[position]) {
        if (job.length > 0 && weight + item.weight > target) break
        const added = tables.has(item.of) ? 0 : (item.locks ?? 1)
        if (job.length > 0 && locks + added > jobLocks) break
        job.push(item)
        tables.add(item.of)
        locks += added
        weight += item.weight
        position += 1
      }
      remaining -= weight
      return job
    },
  }
}

function totalWeight(items: readonly { weight: number }[]): number {
  return items.reduce((sum, item) => sum + item.weight, 0)
}
