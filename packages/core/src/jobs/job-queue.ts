import type { JobRecord } from '../catalog/catalog.ts'

/**
 * Brings the ids of queued jobs to a worker that runs them. It carries ids only: the catalog's record is the one truth
 * about a job's state, and a worker claims it there before it runs, so that bringing a job twice does no harm.
 */
export interface JobQueue {
  /** Begins to deliver. At most `concurrency` deliveries run at a time. */
  start(deliver: (jobId: string) => Promise<Delivery>): Promise<void>
  /** A job that is queued already keeps its place. */
  add(job: QueuedJob): Promise<void>
  /** Changes the place of a job that has not been delivered yet. */
  move(jobId: string, position: number): Promise<void>
  /** Delivers nothing more until {@link resume}; what runs goes on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Delivers nothing more and resolves when the running deliveries have ended. */
  stop(): Promise<void>
}

/** A job on its way: its id, its place (lower is earlier), its writer (null: it runs at the same time as any other), what it is. */
export type QueuedJob = Pick<JobRecord, 'id' | 'position' | 'writer' | 'kind' | 'database'>

/**
 * `done`: it was run to its end. `gone`: it is not to be run, because it runs elsewhere or has ended. The others leave it
 * queued: `busy`: another job of its writer runs; `paused`: nothing is to begin; `stopped`: not here any more.
 */
export type Delivery = 'done' | 'gone' | 'busy' | 'paused' | 'stopped'
