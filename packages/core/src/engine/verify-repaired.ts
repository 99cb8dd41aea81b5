import type { RepairReport } from '../maintenance/repair.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { readStoredBackups } from './stored-backups.ts'

export interface Repaired {
  /** Backups that were found bad before and have been verified again after the repair. */
  verified: { id: string; ok: boolean }[]
}

/** A backup that a verification found bad and that a repair concerned is read again: only that makes it good. */
export async function verifyRepaired(
  parts: EngineParts,
  { items, dry_run }: RepairReport,
  running: Running,
): Promise<Repaired['verified']> {
  const concerned = new Set(items.flatMap(({ backups }) => backups))
  if (dry_run || concerned.size === 0) return []
  const { verifyStoredBackup } = await import('./verify-backup.ts')
  const { backups } = await readStoredBackups(await parts.repository(), running.signal)
  const verified: Repaired['verified'] = []
  for (const stored of backups) {
    const { id } = stored.manifest
    if (!concerned.has(id) || stored.lastVerified?.ok !== false) continue
    const { ok } = await verifyStoredBackup(parts, stored, { levels: ['checksums'], ...running })
    verified.push({ id, ok })
  }
  return verified
}
