import type { KeySlotSummary } from '../keys.ts'

/** A place where backups lie, without secrets. */
export interface PlanPlace {
  location: string
  /** The host made the storage in code: its location is for people, and no command can open it. */
  isByCode: boolean
}

export interface PlanCopy extends PlanPlace {
  name: string
  /** Whether it was made with a key of its own. */
  hasOwnKey: boolean
  /** One line for people on how far it is. */
  message: string
}

/** A backup that a command of the plan names. */
export interface PlanBackup {
  number: number
  completed_at: string
  logical_bytes: number
  row_count: number
  postgres_version: string
  include_media: boolean
  /** The level and time of the last verification that was good; null: never. */
  verified: { level: string; at: string } | null
}

/** How long getting the data back took, the last time that was done. */
export interface MeasuredRecovery {
  seconds: number
  at: string
  by: 'restore' | 'verification' | 'drill'
}

export interface PlanDatabase {
  label: string
  /** Its name on the server. */
  name: string
  host: string
  port: number
  user: string
  /** The newest good backup; null: there is none. */
  last: PlanBackup | null
  /** The longest time between two good backups of those of the last 30 days; null: fewer than two. */
  recoveryPoint: { largestGapSeconds: number; backups: number } | null
  recoveryTime: MeasuredRecovery | null
}

/** Everything that a recovery plan is made of: this installation's own values, and no secret. */
export interface PlanFacts {
  madeAt: string
  application: string
  version: string
  /** Name of the machine on which the plan is made. */
  machine: string
  repository: PlanPlace & {
    id: string
    format: number
    encryption: 'aes-256-gcm' | 'none'
    createdAt: string
    fingerprint: string
    recoverSha256: string | null
  }
  copies: readonly PlanCopy[]
  keys: readonly Omit<KeySlotSummary, 'opened_with'>[]
  databases: readonly PlanDatabase[]
  media: readonly { name: string; path: string }[]
}
