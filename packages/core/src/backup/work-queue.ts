/** One thing to be done on a worker's connection: read one segment, or count the rows of one table. */
export interface WorkItem {
  kind: 'rows' | 'count' | 'large-objects' | 'large-object-count'
  /** Index into the list of tables; large objects are the one after the last. */
  table: number
  /** Index into the segments of the table, or of the large objects. */
  segment: number
  /** Roughly the bytes of work; decides the order and how much goes into one job. */
  weight: number
}

/** The weight of what brings bytes: counting takes time, but says nothing of how much there is to read. */
export function weightOfRows(items: readonly WorkItem[]): number {
  return totalWeight(items.filter(({ kind }) => kind === 'rows' || kind === 'large-objects'))
}

export interface WorkQueue {
  /** The next job's items: never empty, `undefined` when all is handed out. */
  next(): WorkItem[] | undefined
  readonly remainingWeight: number
}

export interface WorkQueueOptions {
  workers: number
  /** Upper bound of a job's weight, unless a single item is heavier. */
  jobWeight?: number
  /** Upper bound of different tables in a job: that many locks a worker holds at once. */
  jobTables?: number
}

const mebibyte = 1 << 20

/**
 * Hands out work heaviest group first, in runs of neighbouring segments (the server reads ahead) that shrink towards
 * the end, so that all workers end together; whoever is idle takes the next one. Small tables go many to a job: what
 * would cost each of 10,000 tables a round trip through the host's event loop is paid once per job.
 *
 * A group is what belongs together, in its order: the segments of a table, or a small table and its count.
 */
export function createWorkQueue(groups: WorkItem[][], options: WorkQueueOptions): WorkQueue {
  const { workers, jobWeight = 64 * mebibyte, jobTables = 16 } = options
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
      const job: WorkItem[] = []
      const tables = new Set<number>()
      let weight = 0
      for (let item = order[position]; item !== undefined; item = order[position]) {
        if (job.length > 0 && weight + item.weight > target) break
        if (tables.size >= jobTables && !tables.has(item.table)) break
        job.push(item)
        tables.add(item.table)
        weight += item.weight
        position += 1
      }
      remaining -= weight
      return job
    },
  }
}

function totalWeight(items: WorkItem[]): number {
  return items.reduce((sum, item) => sum + item.weight, 0)
}
