import { EngineError } from '../../errors.ts'
import type { Manifest } from './documents.ts'

/** Throws `BACKUP_MEDIA_ONLY` for a backup that holds media folders and no database. */
export function requireDatabase(backup: Pick<Manifest, 'id' | 'number' | 'media_only'>): void {
  const { id, number, media_only } = backup
  if (!media_only) return
  throw new EngineError('BACKUP_MEDIA_ONLY', `Backup ${number} holds media folders and no database.`, {
    detail: { id },
  })
}
