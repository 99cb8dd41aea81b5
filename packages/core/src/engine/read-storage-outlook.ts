import { type StorageOutlook, storageOutlook } from '../policy/storage-outlook.ts'
import type { Background } from './background/core.ts'
import { readStoragePoints } from './background/storage-points.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { readStoredBackups } from './stored-backups.ts'

const windowMs = 30 * 86_400_000

/** How long the space at the repository will do, by what each backup of the last 30 days left. */
export async function readStorageOutlook(
  parts: EngineParts,
  history: Background | null,
  { now = new Date(), signal }: { now?: Date; signal?: Running['signal'] | undefined } = {},
): Promise<StorageOutlook> {
  const freeBytes = (await parts.storage.freeBytes?.().catch(() => null)) ?? null
  if (freeBytes === null) return storageOutlook({ freeBytes, points: [], largestBackup: 0, now })
  const [points, { backups }] = await Promise.all([
    history ? readStoragePoints(history.catalog).catch(() => []) : [],
    readStoredBackups(await parts.repository(), signal),
  ])
  const since = now.getTime() - windowMs
  const sizes = backups.flatMap(({ manifest }) =>
    Date.parse(manifest.created_at) >= since ? [manifest.stored_bytes] : [],
  )
  return storageOutlook({ freeBytes, points, largestBackup: Math.max(0, ...sizes), now })
}
