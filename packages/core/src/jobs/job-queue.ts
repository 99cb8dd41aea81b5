/**
 * Brings the ids of queued jobs to a worker that runs them. It carries ids only: the catalog's record is the one truth
 * about a job's state, and whoever is brought an id claims it there first, so that bringing one twice does no harm.
 */
export interface JobQueue {
  /** Begins to deliver. At most `concurrency` deliveries run at a time, and one per writer. */
  start(deliver: (jobId: string) => Promise<void>): Promise<void>
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

export interface QueuedJob {
  id: string
  /** Lower is earlier. */
  position: number
  /** Jobs of one writer are delivered one at a time; null: beside anything. */
  writer: string | null
}
