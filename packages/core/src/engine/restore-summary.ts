import type { RestoreResult } from '../restore/restore-result.ts'
import type { KeptDatabase } from '../restore/undo/kept-databases.ts'
import type { KeptMedia } from '../restore/undo/undo-media.ts'

/** A finished restore with the field names of the HTTP contract. */
export interface RestoreSummary {
  id: string
  backup_id: string
  database: string
  strategy: RestoreResult['strategy']
  status: 'succeeded' | 'succeeded_with_problems'
  /** Whether the restored data is live; a restore that fails before rejects. */
  swapped: true
  /** What failed after the restored data had gone live, e.g. a media folder that is not in its place. */
  problems: RestoreResult['problems']
  safety_backup_id: string | null
  /** What the database was before, under this name until `undo_until` (null: until it is discarded). */
  kept_database: string | null
  undo_until: string | null
  started_at: string
  finished_at: string
  tables: number
  rows: number
  /** Migrations that were run on the restored data. */
  migrations: string[]
  /** Migrations that carried down steps took back on it, the newest first. */
  reverted: string[]
  /** Data migrations of the application's that ran on it, in their order. */
  data_migrations: RestoreResult['dataMigrations']
  /** Names of the validators that passed. */
  validators: string[]
  /** For how long the database's name did not answer; null where nothing was swapped. */
  swap_milliseconds: number | null
  media: RestoreResult['media']
  /** Of a masked copy: what was done to each column, and what was searched for. */
  masking?: RestoreResult['masking']
  /** Of a refresh: rows that the target keeps. */
  carried_over?: RestoreResult['carriedOver']
}

export function restoreSummary(result: RestoreResult, startedAt: Date, finishedAt: Date): RestoreSummary {
  return {
    id: result.restoreId,
    backup_id: result.backupId,
    database: result.database,
    strategy: result.strategy,
    status: result.problems.length > 0 ? 'succeeded_with_problems' : 'succeeded',
    swapped: result.swapped,
    problems: result.problems,
    safety_backup_id: result.safetyBackupId,
    kept_database: result.keptDatabase,
    undo_until: result.undoUntil,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    tables: result.tables,
    rows: result.rows,
    migrations: result.migrations,
    reverted: result.reverted,
    data_migrations: result.dataMigrations,
    validators: result.validators,
    swap_milliseconds: result.swapMilliseconds,
    media: result.media,
    ...(result.masking ? { masking: result.masking } : {}),
    ...(result.carriedOver ? { carried_over: result.carriedOver } : {}),
  }
}

/** A database that a restore (or an undo) replaced and that can be put back. */
export interface KeptDatabaseSummary {
  restore_id: string
  backup_id: string
  /** The live name it had. */
  database: string
  kept_database: string
  replaced_at: string
  /** When it may be dropped; null: only by hand. */
  undo_until: string | null
  bytes: number
  safety_backup_id: string | null
  /** Whether it is what the restore had made live, and an undo has put back what was before. */
  undone: boolean
  /** The media folders that the restore replaced or made; an undo puts back those it replaced. */
  media: string[]
}

/** What is kept of a media folder that a restore (or an undo) replaced. */
export interface KeptMediaSummary {
  restore_id: string
  backup_id: string
  /** The backup's name for it. */
  name: string
  /** The database that was restored with it. */
  database: string
  folder: string
  kept_folder: string
  replaced_at: string
  /** When it is removed; null: only by hand. */
  undo_until: string | null
  undone: boolean
}

export function keptMediaSummary(kept: KeptMedia): KeptMediaSummary {
  return {
    restore_id: kept.restoreId,
    backup_id: kept.backupId,
    name: kept.name,
    database: kept.database,
    folder: kept.folder,
    kept_folder: kept.kept,
    replaced_at: kept.replacedAt,
    undo_until: kept.keepUntil,
    undone: kept.undone,
  }
}

export function keptDatabaseSummary(kept: KeptDatabase): KeptDatabaseSummary {
  return {
    restore_id: kept.restoreId,
    backup_id: kept.backupId,
    database: kept.database,
    kept_database: kept.name,
    replaced_at: kept.replacedAt,
    undo_until: kept.keepUntil,
    bytes: kept.bytes,
    safety_backup_id: kept.safetyBackupId,
    undone: kept.undone,
    media: kept.media,
  }
}
