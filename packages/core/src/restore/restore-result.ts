import { EngineError, isEngineError } from '../errors.ts'
import type { MaskReport } from './database/prove-masked.ts'
import type { RestorePlan } from './plan/plan.ts'
import type { PlannedDataMigration } from './plan/plan-facts.ts'
import type { CarriedRows } from './target/carry-over.ts'

/**
 * A restore whose data is live. What went wrong after that moment is in `problems`, never an exception: an exception
 * means that the database to be replaced is as it was.
 */
export interface RestoreResult {
  restoreId: string
  backupId: string
  strategy: RestorePlan['strategy']
  database: string
  /** Whether the restored data is what answers under `database` now. */
  swapped: true
  /** What is not as it should be, although the restored data is live. */
  problems: RestoreProblem[]
  /** What the database was before, under this name until `undoUntil` (null: until it is discarded). */
  keptDatabase: string | null
  undoUntil: string | null
  safetyBackupId: string | null
  tables: number
  rows: number
  /** Migrations that were run on the restored data. */
  migrations: string[]
  /** Migrations that carried down steps took back on it, the newest first. */
  reverted: string[]
  /** Data migrations of the application's that ran on it. */
  dataMigrations: DataMigrationRun[]
  /** Names of the validators that passed. */
  validators: string[]
  /** For how long the database's name did not answer. */
  swapMilliseconds: number | null
  media: RestoredMedia[]
  /** Of a masked copy. */
  masking?: MaskReport
  /** Of a refresh: rows that the target keeps. */
  carriedOver?: CarriedRows[]
  milliseconds: number
}

/** What ran on restored data once its rows were there. */
export type RanOnCopy = Pick<RestoreResult, 'migrations' | 'reverted' | 'dataMigrations' | 'validators'>

export interface DataMigrationRun extends PlannedDataMigration {
  milliseconds: number
}

/** A media folder that was put into place, and where what it replaced is kept. */
export interface RestoredMedia {
  name: string
  target: string
  kept: string | null
}

export interface RestoreProblem {
  /** A code of the table of errors. */
  code: string
  text: string
  /** What to do next. */
  advice: string
}

export function restoreProblem(error: unknown): RestoreProblem {
  if (isEngineError(error)) return { code: error.code, text: error.message, advice: error.advice }
  const { code, message, advice } = new EngineError('INTERNAL', error instanceof Error ? error.message : String(error))
  return { code, text: message, advice }
}

/** What a restore that failed had done before: facts that its error carries in `detail`, for records and people. */
export interface FailedRestoreFacts {
  restore_id: string
  /** Always false: see {@link RestoreResult}. */
  swapped: false
  /** The backup of what was to be replaced, where one was made; it stays. */
  safety_backup_id: string | null
}

/** The same error, with the facts in its `detail`. What is no error of the engine's is given back as it is. */
export function withRestoreFacts(error: unknown, facts: FailedRestoreFacts): unknown {
  if (!isEngineError(error)) return error
  const { code, message, advice, detail } = error
  return new EngineError(code, message, { cause: error, advice, detail: { ...detail, ...facts } })
}
