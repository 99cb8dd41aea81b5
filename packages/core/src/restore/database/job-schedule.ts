import { createReadyJobs } from './ready-jobs.ts'

/** One piece of work of a restore and what has to be done before it. */
export interface Job<Session> {
  id: string
  /** Jobs that must have ended before; ids that are not among the jobs count as done. */
  dependsOn: readonly string[]
  /** What this job keeps to itself, and what it shares with others: else PostgreSQL would wait, or deadlock. */
  exclusiveLocks: readonly number[]
  sharedLocks: readonly number[]
  /** Heavier ready jobs begin earlier. */
  weight: number
  /** Of how many pieces it is, for progress; default 1. */
  items?: number
  run(session: Session): Promise<void>
}

/**
 * Runs jobs on sessions, each session one at a time, as soon as what they depend on is done. The first failure lets
 * running jobs end, starts no more, and is thrown. Jobs that wait for each other in a circle are run in the order
 * given, once nothing else is ready: what dependencies cannot say, PostgreSQL will.
 */
export async function runJobs<Session>(
  jobs: readonly Job<Session>[],
  sessions: readonly Session[],
  onDone?: (job: Job<Session>) => void,
): Promise<void> {
  const waitsFor = new Map<string, number>()
  const dependents = new Map<string, Job<Session>[]>()
  const ids = new Set(jobs.map(({ id }) => id))
  for (const job of jobs) {
    const open = [...new Set(job.dependsOn)].filter((id) => ids.has(id) && id !== job.id)
    waitsFor.set(job.id, open.length)
    for (const id of open) append(dependents, id, job)
  }
  const pending = new Set(jobs)
  const ready = createReadyJobs<Session>()
  for (const job of jobs) if (waitsFor.get(job.id) === 0) ready.add(job)
  /** How many running jobs share a lock; -1: one job has it to itself. */
  const locked = new Map<number, number>()
  const idle = [...sessions]
  let running = 0
  let failure: { error: unknown } | undefined

  await new Promise<void>((resolve, reject) => {
    const start = () => {
      while (!failure && idle.length > 0) {
        const job = choose()
        if (!job) break
        const session = idle.pop() as Session
        pending.delete(job)
        lock(job)
        running++
        job
          .run(session)
          .then(
            () => finish(job),
            (error: unknown) => {
              failure ??= { error }
            },
          )
          .then(() => {
            running--
            idle.push(session)
            unlock(job)
            start()
          })
      }
      if (running > 0) return
      if (failure) reject(failure.error)
      else resolve()
    }
    start()
  })

  function choose(): Job<Session> | undefined {
    const best = ready.take(isFree)
    if (best || running > 0 || ready.size > 0) return best
    return pending.values().next().value
  }

  function isFree({ exclusiveLocks, sharedLocks }: Job<Session>): boolean {
    return !exclusiveLocks.some((id) => locked.has(id)) && !sharedLocks.some((id) => locked.get(id) === -1)
  }

  function lock({ exclusiveLocks, sharedLocks }: Job<Session>): void {
    for (const id of sharedLocks) locked.set(id, (locked.get(id) ?? 0) + 1)
    for (const id of exclusiveLocks) locked.set(id, -1)
  }

  function unlock({ exclusiveLocks, sharedLocks }: Job<Session>): void {
    for (const id of exclusiveLocks) locked.delete(id)
    for (const id of sharedLocks) {
      const left = (locked.get(id) ?? 0) - 1
      if (left > 0) locked.set(id, left)
      else if (left === 0) locked.delete(id)
    }
  }

  function finish(job: Job<Session>): void {
    onDone?.(job)
    for (const dependent of dependents.get(job.id) ?? []) {
      const left = (waitsFor.get(dependent.id) ?? 0) - 1
      waitsFor.set(dependent.id, left)
      if (left === 0 && pending.has(dependent)) ready.add(dependent)
    }
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
