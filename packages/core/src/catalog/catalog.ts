/**
 * What the engine remembers beside the repository: jobs and their logs, restores, configuration, audit, schedule.
 *
 * The repository is the truth about completed backups; losing the catalog loses none. Everything here passes
 * `catalogConformance` on SQLite and PostgreSQL. The contract:
 *
 * - Every method is one transaction: when it resolves it has happened whole, and survives the process dying; or it has
 *   not happened at all.
 * - Times are ISO 8601 in UTC with milliseconds, so that they sort as text. The caller gives them; nothing here asks a
 *   clock.
 * - State changes of a job compare before they set: of several processes that try the same change one gets `true`.
 * - At most one job per `writer` is running, whatever the number of processes.
 */
export interface Catalog {
  /** For people and logs: where this is, without any secret. */
  readonly location: string
  readonly jobs: JobTable
  readonly restores: RestoreTable
  readonly configuration: ConfigurationTable
  readonly audit: AuditTable
  readonly schedule: ScheduleTable
  readonly workers: WorkerTable
  /**
   * Calls back soon after anybody has added a job, where the database can tell; sometimes without a cause, sometimes not
   * at all. Stopped by `close` at the latest.
   */
  listen?(onHint: () => void): { stop(): void }
  close(): Promise<void>
}

export const jobStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
export type JobStatus = (typeof jobStatuses)[number]

/** Plain JSON objects. */
export type Json = Record<string, unknown>

export interface JobRecord {
  id: string
  /** What is to be done, e.g. `backup`, `restore`. */
  kind: string
  /** The backup or restore it is about. */
  subject_id: string | null
  /** Label of the database. */
  database: string
  /** At most one job with the same writer runs at a time; null: beside anything. */
  writer: string | null
  status: JobStatus
  /** Lower runs first. */
  position: number
  input: Json
  progress: Json | null
  result: Json | null
  error: Json | null
  trigger: string
  created_by: string
  created_at: string
  started_at: string | null
  finished_at: string | null
  /** The process that runs it, and until when it may be silent. */
  worker: string | null
  lease_until: string | null
  cancel_requested: boolean
  /** 1 for the first; a job that continues an interrupted one has its number plus 1. */
  attempt: number
  /** The interrupted job this one continues. */
  resumes: string | null
}

export type NewJob = Pick<
  JobRecord,
  'id' | 'kind' | 'subject_id' | 'database' | 'writer' | 'position' | 'input' | 'trigger' | 'created_by' | 'created_at'
> &
  Partial<Pick<JobRecord, 'attempt' | 'resumes'>>

export interface JobFilter {
  statuses?: readonly JobStatus[]
  kinds?: readonly string[]
  database?: string
  subjectId?: string
  /** Only those that ended at this moment or later. */
  finishedSince?: string
}

/** Of a job only what it is about and how it stands. */
export type JobOutline = Pick<JobRecord, 'id' | 'subject_id' | 'status'>

export interface Page {
  /** Default 1000. */
  limit?: number
  offset?: number
}

export interface JobOutcome {
  status: 'succeeded' | 'failed' | 'cancelled' | 'interrupted'
  result?: Json | null
  error?: Json | null
  finished_at: string
  /** The job that continues this one, added in the same transaction unless somebody asked to cancel it. */
  next?: NewJob | null
}

export interface LogLine {
  /** From 1 within a job, in the order of writing. */
  seq: number
  at: string
  level: string
  message: string
  detail: Json | null
}

export interface JobTable {
  /** Adds a queued job; one whose id is there already is left as it is. */
  insert(job: NewJob): Promise<void>
  get(id: string): Promise<JobRecord | null>
  /** Queued ones in the order they will run if only they are asked for, else newest first. */
  list(filter?: JobFilter, page?: Page): Promise<JobRecord[]>
  count(filter?: JobFilter): Promise<number>
  /** All that match, newest first, in few bytes each: for lists of tens of thousands. */
  outline(filter?: JobFilter): Promise<JobOutline[]>
  /** queued -> running. `busy`: another job of the same writer runs. `gone`: it is not queued any more. */
  claim(
    id: string,
    claim: { worker: string; lease_until: string; started_at: string },
  ): Promise<'claimed' | 'busy' | 'gone'>
  /** Prolongs the lease and stores progress. `cancel`: somebody asked for it. `lost`: the job is not ours any more. */
  beat(
    id: string,
    beat: { worker: string; lease_until: string; progress?: Json | null },
  ): Promise<'held' | 'cancel' | 'lost'>
  /** running -> its end, if `worker` still holds it. */
  finish(id: string, worker: string, outcome: JobOutcome): Promise<boolean>
  /** Queued ones end at once; running ones are marked, and their worker sees it at its next beat. */
  cancel(id: string, at: string): Promise<'cancelled' | 'requested' | 'finished' | 'missing'>
  /**
   * running with a lease that ended before `now` -> interrupted. Gives the jobs this call changed. What `next` says
   * continues one of them is added in the same transaction: whoever dies when, no job is lost between the two.
   */
  expire(now: string, next?: (job: JobRecord) => NewJob | null): Promise<JobRecord[]>
  /** Changes the place of a queued job; false when it is not queued. */
  move(id: string, position: number): Promise<boolean>
  /** Lines whose number is there already are left as they are. */
  appendLogs(id: string, lines: readonly LogLine[]): Promise<void>
  /** Lines with `seq` above `after`, in order. */
  readLogs(id: string, after: number, limit?: number): Promise<LogLine[]>
  /** Forgets ended jobs, with their logs, that finished before; gives their number. */
  forget(before: string): Promise<number>
  /** Forgets the ended jobs of one kind about one subject, with their logs; gives their number. */
  forgetSubject(kind: string, subjectId: string): Promise<number>
}

export interface RestoreRecord {
  id: string
  backup_id: string
  database: string
  strategy: string
  status: string
  verdict: string | null
  safety_backup_id: string | null
  kept_database: string | null
  undo_until: string | null
  started_at: string
  finished_at: string | null
  rows: number | null
  error: Json | null
  job_id: string | null
  created_by: string
  /** The plan that was carried out. */
  plan: Json | null
}

export interface RestoreTable {
  /** Adds or replaces. */
  put(restore: RestoreRecord): Promise<void>
  get(id: string): Promise<RestoreRecord | null>
  /** Newest first. */
  list(filter?: { database?: string; statuses?: readonly string[] }, page?: Page): Promise<RestoreRecord[]>
}

export interface ConfigurationTable {
  read(): Promise<Json>
  /** Sets names to values; `undefined` removes one. */
  write(patch: Json, change: { by: string; at: string }): Promise<void>
}

export interface AuditEntry {
  seq: number
  hash: string
  at: string
  actor: string
  address: string | null
  action: string
  subject: string | null
  outcome: 'allowed' | 'refused' | 'failed'
  detail: Json
}

export interface AuditTable {
  /** Appends the next event; `chain` gives its hash from the hash before (null: there is none) and its number. */
  append(
    entry: Omit<AuditEntry, 'seq' | 'hash'>,
    chain: (previous: string | null, seq: number) => string,
  ): Promise<AuditEntry>
  /** In order, those with `seq` above `after`. */
  read(after: number, limit?: number): Promise<AuditEntry[]>
  /** Newest first. */
  list(page?: Page & { subject?: string; actor?: string; action?: string }): Promise<AuditEntry[]>
}

export interface ScheduleTable {
  /** The newest slot that was ever fired, or null. */
  lastSlot(schedule: string): Promise<string | null>
  /**
   * Takes a slot and adds its job, both or neither. False when this or a later slot of the schedule was taken before:
   * that is what makes each slot run once, whatever the number of processes.
   */
  fire(slot: { schedule: string; slot: string; worker: string; fired_at: string }, job: NewJob | null): Promise<boolean>
  /** Forgets slots before, but never the newest of a schedule. */
  forget(before: string): Promise<void>
}

/** A process that works for this engine. */
export interface WorkerRecord {
  id: string
  host: string
  pid: number
  /** e.g. `scheduler`, `jobs`. */
  roles: string[]
  started_at: string
  seen_at: string
}

export interface WorkerTable {
  /** Adds or renews. */
  beat(worker: WorkerRecord): Promise<void>
  list(): Promise<WorkerRecord[]>
  remove(id: string): Promise<void>
  /** Forgets workers not seen since. */
  forget(before: string): Promise<void>
}
