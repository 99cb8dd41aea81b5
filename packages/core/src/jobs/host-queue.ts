/**
 * A queue of the host's that brings jobs to its workers, so that they run there and are seen in its dashboard.
 *
 * It carries messages, not jobs: the catalog's record is the truth about a job, and a worker claims it there before it
 * runs. So a queue may deliver a message twice, late, or in another order, and may lose it: nothing runs twice, and what
 * stays queued in the catalog is brought again. What it must do is in `queueConformance` of `@lifeboat/core/testing`.
 */
export interface HostQueue {
  /** For people and logs, e.g. `BullMQ "lifeboat"`; no secret. */
  readonly name: string
  /**
   * Adds a message that is due now. One of the same task that waits already stays the only one, and is due now; one that
   * has ended does not stand in the way.
   */
  bring(message: JobMessage): Promise<void>
  /**
   * Begins to deliver, at most `concurrency` messages at a time in this process. `run` never throws, and takes as long as
   * the job does; its result says what becomes of the message. A process that only brings delivers none.
   */
  work(run: RunMessage, options: { concurrency: number }): Promise<void>
  /** Delivers nothing more and lets go of what it holds. Called again it does nothing. */
  close(): Promise<void>
}

/** All that a host's queue and its dashboard get to know of a job. */
export interface JobMessage {
  task_id: string
  /** e.g. `backup`, `restore`. */
  kind: string
  /** Label of the database. */
  label: string
}

/** `done`: the message has done its work, whatever became of the job. Else it is delivered again after that time. */
export type MessageEnd = 'done' | { laterMs: number }
export type RunMessage = (taskId: string) => Promise<MessageEnd>
