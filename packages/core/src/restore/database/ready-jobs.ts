import type { Job } from './job-schedule.ts'

/** Jobs that could begin now, heaviest first, of equally heavy ones the one that was added first. */
export interface ReadyJobs<Session> {
  readonly size: number
  add(job: Job<Session>): void
  /** Takes out the first that is free; undefined when none is. */
  take(isFree: (job: Job<Session>) => boolean): Job<Session> | undefined
}

/** A binary heap: with ten thousand tables, looking through all of them for each would be a hundred million looks. */
export function createReadyJobs<Session>(): ReadyJobs<Session> {
  const heap: { job: Job<Session>; turn: number }[] = []
  let turns = 0

  const isBefore = (a: number, b: number) => {
    const [one, other] = [heap[a]!, heap[b]!]
    return one.job.weight > other.job.weight || (one.job.weight === other.job.weight && one.turn < other.turn)
  }
  const swap = (a: number, b: number) => {
    ;[heap[a], heap[b]] = [heap[b]!, heap[a]!]
  }

  function push(entry: { job: Job<Session>; turn: number }): void {
    let at = heap.push(entry) - 1
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(at, parent); parent = (at - 1) >> 1) {
      swap(at, parent)
      at = parent
    }
  }

  function pop(): { job: Job<Session>; turn: number } | undefined {
    if (heap.length === 0) return undefined
    swap(0, heap.length - 1)
    const first = heap.pop()
    for (let at = 0; ; ) {
      let next = 2 * at + 1
      if (next >= heap.length) return first
      if (next + 1 < heap.length && isBefore(next + 1, next)) next++
      if (!isBefore(next, at)) return first
      swap(at, next)
      at = next
    }
  }

  return {
    get size() {
      return heap.length
    },
    add: (job) => push({ job, turn: turns++ }),
    take(isFree) {
      const passed: { job: Job<Session>; turn: number }[] = []
      let taken = pop()
      while (taken && !isFree(taken.job)) {
        passed.push(taken)
        taken = pop()
      }
      for (const entry of passed) push(entry)
      return taken?.job
    },
  }
}
