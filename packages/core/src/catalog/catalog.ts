import type { EngineError } from '../errors.ts'
import type { ApprovalTable } from './approvals.ts'

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
  /** Why it cannot be read any more: damaged, or deleted while it was open. Every use of it then throws `CATALOG_DAMAGED`. */
  problem(): EngineError | null
  /** Reads it again, so that `problem` is what is so now. */
  retry(): Promise<void>
  readonly jobs: JobTable
  readonly restores: RestoreTable
  readonly configuration: ConfigurationTable
  readonly audit: AuditTable
  readonly schedule: ScheduleTable
  readonly workers: WorkerTable
  readonly notifications: NotificationTable
  readonly approvals: ApprovalTable
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

/** Which process runs a job, and until when it may be silent. */
export interface JobClaim {
  worker: string
  lease_until: string
  started_at: string
}

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
  /** The job that continues this one, added in the same transaction unless a user asked to cancel it. */
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
  /** Adds a job that runs from the beginning, in the process that asks. `busy`: another job of the same writer runs. */
  insertRunning(job: NewJob, claim: JobClaim): Promise<'claimed' | 'busy'>
  get(id: string): Promise<JobRecord | null>
  /** Queued ones in the order they will run if only they are asked for, else newest first. */
  list(filter?: JobFilter, page?: Page): Promise<JobRecord[]>
  count(filter?: JobFilter): Promise<number>
  /** All that match, newest first, in few bytes each: for lists of tens of thousands. */
  outline(filter?: JobFilter): Promise<JobOutline[]>
  /** queued -> running. `busy`: another job of the same writer runs, or waits in front of it. `gone`: it is not queued any more. */
  claim(id: string, claim: JobClaim): Promise<'claimed' | 'busy' | 'gone'>
  /**
   * Prolongs the lease and stores progress. `cancel`: a user asked for it. `try_now`: a user does not want to wait for its
   * next try; told once. `lost`: the job is not ours any more.
   */
  beat(
    id: string,
    beat: { worker: string; lease_until: string; progress?: Json | null },
  ): Promise<'held' | 'cancel' | 'try_now' | 'lost'>
  /** running -> its end, if `worker` still holds it. */
  finish(id: string, worker: string, outcome: JobOutcome): Promise<boolean>
  /** Queued ones end at once; running ones are marked, and their worker sees it at its next beat. */
  cancel(id: string, at: string): Promise<'cancelled' | 'requested' | 'finished' | 'missing'>
  /** Marks a running job, whose worker sees it at its next beat; false where it does not run. */
  requestTry(id: string): Promise<boolean>
  /**
   * running with a lease that ended before `now` -> interrupted. Gives the jobs this call changed. The job that `next`
   * returns to continue one of them is added in the same transaction: no crash can lose a job between the two.
   */
  expire(now: string, next?: (job: JobRecord) => NewJob | null | Promise<NewJob | null>): Promise<JobRecord[]>
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
  /** Whether the restored data became live. */
  swapped: boolean
  /** Whether an undo had put back what was before, when the server was last asked. */
  undone: boolean
  /** What went wrong after the restored data became live. */
  problems: RestoreProblem[]
  /** What ran on the restored data: migrations, data migrations, validators. `{}` where it did not come so far. */
  ran: Json
}

export interface RestoreProblem {
  code: string
  text: string
  advice?: string
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

/** What makes a record an event of its chain. */
export interface AuditLink {
  hash: string
  /** Which chain; null for an event of version 1. */
  chain: string | null
  /** Null where the repository could not be opened. */
  seal: string | null
}

export interface AuditEntry extends AuditLink {
  seq: number
  at: string
  actor: string
  address: string | null
  action: string
  subject: string | null
  outcome: 'started' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted' | 'refused'
  detail: Json
}

export interface AuditTable {
  /**
   * Appends the next event; `link` makes of its place what holds it there: of the hash before (null: there is none), its
   * number, and the chain that an event before it names. Where `isSame` is given and finds it among the events of the same
   * moment, actor and action, that one is the result and nothing is appended, however many processes try at once.
   */
  append(
    entry: Omit<AuditEntry, 'seq' | keyof AuditLink>,
    link: (place: { previous: string | null; seq: number; chain: string | null }) => AuditLink,
    isSame?: (event: AuditEntry) => boolean,
  ): Promise<AuditEntry>
  /** In order, those with `seq` above `after`; null: from the very first. */
  read(after: number | null, limit?: number): Promise<AuditEntry[]>
  /** Newest first. */
  list(page?: Page & { subject?: string; actor?: string; action?: string }): Promise<AuditEntry[]>
  /** The newest event of the chain; null where none names one. */
  head(): Promise<{ chain: string; seq: number; hash: string } | null>
  /** The objects that events were laid into, those that reach furthest first. */
  anchors(page?: Page & { chain?: string }): Promise<AuditAnchorNote[]>
  /** Notes one; of a name that is there already nothing is changed. */
  noteAnchor(note: AuditAnchorNote): Promise<void>
}

/** An object of the repository that holds events up to `seq`. */
export interface AuditAnchorNote {
  name: string
  chain: string
  seq: number
  /** Of the last event in it. */
  hash: string
  at: string
}

/** Work that is asked for again and again. */
export interface ScheduleRow {
  /** Unique within an engine. */
  name: string
  /** Kind of job. */
  kind: string
  /** Label; null: the repository as a whole. */
  database: string | null
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: string
  /** IANA name; null: as configured at run time, or the server's own. */
  time_zone: string | null
  /** Runs begin up to so many minutes after their slot. */
  jitter_minutes: number
  enabled: boolean
  /** What the job is asked for. */
  input: Json
  changed_by: string
  changed_at: string
}

export interface ScheduleTable {
  /** By name. */
  list(): Promise<ScheduleRow[]>
  /** Adds or replaces. */
  put(schedule: ScheduleRow): Promise<void>
  /** False where there is none of this name. */
  remove(name: string): Promise<boolean>
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

/** One message to one channel. */
export interface DeliveryRecord {
  /** `<event id>.<channel>`: the same message is never queued twice. */
  id: string
  event_id: string
  channel: string
  status: 'queued' | 'sent' | 'given_up'
  attempts: number
  /** Not before; also until when the process that sends it may be silent. */
  next_at: string
  created_at: string
  /** When it was sent or given up. */
  ended_at: string | null
  /** Why the last attempt failed: a code, never what the other side said. */
  last_error: string | null
  /** SHA-256 of what was sent, in hex. */
  body_sha256: string | null
  event: Json
}
export type NewDelivery = Pick<DeliveryRecord, 'id' | 'event_id' | 'channel' | 'next_at'>

/** Something bad that lasts. */
export interface ConditionRecord {
  key: string
  since: string
  /** How often it was found. */
  count: number
  /** When people were told of it last. */
  told_at: string
  /** What they were told. */
  event: Json
}

/** What one look at the facts leads to: all of it or nothing. */
export interface NotificationStep {
  /** Facts from here on were looked at, up to there. */
  position: { from: number; to: number }
  at: string
  events: readonly { id: string; at: string; type: string; body: Json }[]
  deliveries: readonly NewDelivery[]
  conditions: readonly ConditionRecord[]
  /** Keys of conditions that ended. */
  ended: readonly string[]
}

export interface DeliveryFilter {
  status?: DeliveryRecord['status']
  channel?: string
}

/** The outbox: what is to be told, to whom, and what has been. */
export interface NotificationTable {
  /** The number of the last fact that was looked at; begins at `head` where none was yet. */
  position(head: number): Promise<number>
  /** False, and nothing is written, where another process has moved the position. Events that are there are left alone. */
  record(step: NotificationStep): Promise<boolean>
  conditions(): Promise<ConditionRecord[]>
  /** Queued ones whose time has come, oldest first. */
  due(now: string, limit: number): Promise<DeliveryRecord[]>
  /** Counts an attempt and keeps others away until `until`. False where another process was first. */
  claim(id: string, attempt: { attempts: number; now: string; until: string }): Promise<boolean>
  /** Ends an attempt, unless a later one has begun. */
  settle(
    id: string,
    attempts: number,
    end: Pick<DeliveryRecord, 'status' | 'next_at' | 'ended_at' | 'last_error' | 'body_sha256'>,
  ): Promise<boolean>
  /** Queues an ended one again, its attempts counted from zero. */
  again(id: string, at: string): Promise<boolean>
  get(id: string): Promise<DeliveryRecord | null>
  /** Newest first. */
  list(filter?: DeliveryFilter, page?: Page): Promise<DeliveryRecord[]>
  count(filter?: DeliveryFilter): Promise<number>
  /** Forgets ended deliveries from before, and events that none refers to. */
  forget(before: string): Promise<void>
}
