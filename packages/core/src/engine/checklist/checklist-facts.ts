import type { CopyState } from '../copies.ts'
import type { DoctorCheck } from '../doctor/doctor-report.ts'
import type { StatusReport } from '../status.ts'

/** What was found out, or one sentence on why it could not be. */
export type Known<T> = { known: T } | { unknown: string }

/** What the repository says of the backups of one database. */
export interface StoredFacts {
  status: Pick<StatusReport, 'level' | 'message' | 'last_verified_at'>
  /** The newest good backup of any type. */
  newestAt: string | null
  /** When every row of the newest good backup was last read; null: there is none. */
  readWholeAt: string | null
  /** The newest verification by a restore that was good, and the newest one that was bad. */
  restoreTest: { goodAt: string | null; bad: { at: string; problem: string } | null }
  /** The newest good backup with media. */
  withMediaAt: string | null
  /** The newest backup that a schedule made. */
  scheduledAt: string | null
}

export interface DatabaseFacts {
  label: string
  stored: Known<StoredFacts>
  /** When a restore of one of its backups last ended well; null: never. */
  restoredAt: Known<string | null>
  /** Whether an enabled schedule makes backups of it. */
  isScheduled: Known<boolean>
  /** Tables in it that a migration tool keeps its history in: `schema.table`. */
  ledgers: Known<readonly string[]>
}

export interface ChannelFacts {
  name: string
  /** Whether a failed backup is told to it. */
  tellsFailures: boolean
  /** When a message last arrived; null: never. */
  deliveredAt: string | null
  isFailing: boolean
}

/** All that the checklist judges. Each part was asked for just now. */
export interface ChecklistFacts {
  now: Date
  /** A test of a restore that is older does not count. */
  restoreTestDays: number
  databases: readonly DatabaseFacts[]
  /** Every check of `doctor`. */
  doctor: Known<readonly DoctorCheck[]>
  repository: Known<{ encryption: 'aes-256-gcm' | 'none'; keys: readonly { created_at: string }[] }>
  /** `object`: a service that has no disk of its own to fill. */
  storage: 'local' | 'object' | 'other'
  /** When the recovery kit was last taken; null: never. */
  kitTakenAt: Known<string | null>
  /** Whether the queue begins nothing new. */
  isPaused: Known<boolean>
  /** Kinds of the jobs that an enabled schedule asks for. */
  scheduledKinds: Known<ReadonlySet<string>>
  /** What is kept, as one line; null: everything, for ever. */
  retention: Known<string | null>
  copies: Known<readonly (CopyState & { sameDisk: boolean })[]>
  channels: Known<readonly ChannelFacts[]>
  /** Tables that the configured inspectors read. */
  inspectedTables: readonly string[]
  mediaFolders: readonly string[]
  /** When the scrub last read a share of what is stored. */
  lastScrubAt: Known<string | null>
}
