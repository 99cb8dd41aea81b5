import { EngineError } from '../../errors.ts'
import type { Manifest, StreamRef } from './documents.ts'

/** A stream without a byte. */
export const emptyStream: StreamRef = { bytes: 0, level: 0, ids: [] }

/** Of a snapshot that was never taken: no backup of a database compares with it, for no server has this identifier. */
export const noSnapshot: Omit<Manifest['snapshot'], 'taken_at'> = {
  xmin: '0',
  xmax: '0',
  system_identifier: '0',
  database_oid: 0,
  database_row_xmin: '0',
  timeline: 0,
  in_recovery: false,
  postmaster_started: '',
  insert_lsn: null,
  flushed: true,
  marker: null,
  block_size: 8192,
  settings: [],
}

/** Throws `BACKUP_MEDIA_ONLY` for a backup that holds media folders and no database. */
export function requireDatabase(backup: Pick<Manifest, 'id' | 'number' | 'media_only'>): void {
  const { id, number, media_only } = backup
  if (!media_only) return
  throw new EngineError('BACKUP_MEDIA_ONLY', `Backup ${number} holds media folders and no database.`, {
    detail: { id },
  })
}
