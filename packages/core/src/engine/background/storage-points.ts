import type { Catalog } from '../../catalog/catalog.ts'
import type { StoragePoint } from '../../policy/storage-outlook.ts'

interface Recorded {
  at: string
  detail: Readonly<Record<string, unknown>>
}

/** How much was free when a backup had been stored, where the fact of it says so. */
export function storagePointOf({ at, detail }: Recorded): StoragePoint[] {
  const free = detail.free_bytes
  return typeof free === 'number' && Number.isFinite(free) ? [{ at, freeBytes: free }] : []
}

const mostEvents = 400

/** The newest points that the catalog has. */
export async function readStoragePoints({ audit }: Pick<Catalog, 'audit'>): Promise<StoragePoint[]> {
  const events = await audit.list({ action: 'backups.create', limit: mostEvents })
  return events.flatMap(storagePointOf)
}
