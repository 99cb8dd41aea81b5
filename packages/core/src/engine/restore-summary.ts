import type { KeptDatabase } from '../restore/kept-databases.ts'
import type { RestoreResult } from '../restore/run-restore.ts'

/** A finished restore with the field names of the HTTP contract. */
export interface RestoreSummary {
  id: string
  backup_id: string
  database: string
  strategy: RestoreResult['strategy']
  status: 'succeeded'
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
  /** For how long the database's name did not answer; null where nothing was swapped. */
  swap_milliseconds: number | null
  media: RestoreResult['media']
}

export function restoreSummary(result: RestoreResult, startedAt: Date, finishedAt: Date): RestoreSummary {
  return {
    id: result.restoreId,
    backup_id: result.backupId,
    database: result.database,
    strategy: result.strategy,
    status: 'succeeded',
    safety_backup_id: result.safetyBackupId,
    kept_database: result.keptDatabase,
    undo_until: result.undoUntil,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    tables: result.tables,
    rows: result.rows,
    migrations: result.migrations,
    swap_milliseconds: result.swapMilliseconds,
    media: result.media,
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
  }
}
