import type { Catalog, JobRecord, LogLine } from '../catalog/catalog.ts'

export type JobUpdate = { type: 'log'; line: LogLine } | { type: 'job'; job: JobRecord }

/** Watchers of jobs: woken at once by this process's own changes, and once a second by a look at the catalog. */
export interface Watchers {
  notify(jobId: string): void
  watch(jobId: string, options: { after?: number; signal?: AbortSignal }): AsyncIterable<JobUpdate>
  watchAll(options: { signal?: AbortSignal }): AsyncIterable<JobRecord>
  /** Ends every watch. */
  close(): void
}

const lookMs = 1000

export function createWatchers(catalog: Pick<Catalog, 'jobs'>): Watchers {
  const listeners = new Set<(jobId: string) => void>()
  const waiting = new Set<() => void>()
  let changes = 0
  let closed = false

  /** Resolves when something has changed since `seen`, after a second, or when there is nothing more to wait for. */
  const change = (seen: number, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        waiting.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, lookMs)
      waiting.add(done)
      signal?.addEventListener('abort', done)
      if (seen !== changes || closed || signal?.aborted) done()
    })

  async function* watch(jobId: string, options: { after?: number; signal?: AbortSignal }): AsyncGenerator<JobUpdate> {
    const { signal } = options
    let after = options.after ?? 0
    let shown = ''
    while (!signal?.aborted) {
      const seen = changes
      const last = closed
      const job = await catalog.jobs.get(jobId)
      if (!job) return
      // Read after the record: a record that has ended has all its lines.
      const lines = await catalog.jobs.readLogs(jobId, after, 500)
      for (const line of lines) {
        yield { type: 'log', line }
        after = line.seq
      }
      if (shown !== stateOf(job)) {
        yield { type: 'job', job }
        shown = stateOf(job)
      }
      if (lines.length > 0) continue
      if (last || (job.status !== 'queued' && job.status !== 'running')) return
      await change(seen, signal)
    }
  }

  async function* watchAll({ signal }: { signal?: AbortSignal }): AsyncGenerator<JobRecord> {
    const shown = new Map<string, string>()
    const touched = new Set<string>()
    const listen = (jobId: string) => touched.add(jobId)
    listeners.add(listen)
    try {
      while (!signal?.aborted && !closed) {
        const seen = changes
        const open = await catalog.jobs.list({ statuses: ['queued', 'running'] })
        // What was open at the last look, or has changed since, and is not open now has ended.
        const known = new Set(open.map(({ id }) => id))
        const ids = [...new Set([...shown.keys(), ...touched])].filter((id) => !known.has(id))
        touched.clear()
        for (const id of ids) {
          shown.delete(id)
          const job = await catalog.jobs.get(id)
          if (job) yield job
        }
        for (const job of open) {
          if (shown.get(job.id) === stateOf(job)) continue
          shown.set(job.id, stateOf(job))
          yield job
        }
        await change(seen, signal)
      }
    } finally {
      listeners.delete(listen)
    }
  }

  const wakeAll = () => {
    changes++
    for (const wake of [...waiting]) wake()
  }
  return {
    notify(jobId) {
      for (const listener of listeners) listener(jobId)
      wakeAll()
    },
    watch,
    watchAll,
    close() {
      closed = true
      wakeAll()
    },
  }
}

const stateOf = (job: JobRecord) => JSON.stringify([job.status, job.progress, job.cancel_requested, job.position])
