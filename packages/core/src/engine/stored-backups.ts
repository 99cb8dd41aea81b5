import { isEngineError } from '../errors.ts'
import { listManifests } from '../repository/manifests.ts'
import { listPins } from '../repository/pins.ts'
import type { Repository } from '../repository/repository.ts'
import { listVerifications } from '../repository/verifications.ts'
import type { LastVerified, StoredBackup } from './summary.ts'

/** Everything completed in a repository, newest first, and what is there but cannot be read. */
export interface StoredBackups {
  backups: StoredBackup[]
  damaged: { id: string; code: string; message: string }[]
}

/** Reads every manifest with its pin and its newest verification. */
export async function readStoredBackups(repository: Repository, signal?: AbortSignal): Promise<StoredBackups> {
  const [pins, verifications] = await Promise.all([
    listPins(repository, { signal }),
    listVerifications(repository, undefined, { signal }),
  ])
  // Oldest first: the last one set is the newest.
  const newest = new Map<string, LastVerified>()
  for (const { backup, level, at, ok } of verifications) newest.set(backup, { level, at, ok })
  const backups: StoredBackup[] = []
  const damaged: StoredBackups['damaged'] = []
  for await (const { id, manifest, checksum, error } of listManifests(repository, { signal })) {
    if (manifest && checksum) {
      backups.push({ manifest, checksum, pinned: pins.has(id), lastVerified: newest.get(id) ?? null })
    } else {
      const message = error?.message ?? 'The manifest cannot be read.'
      damaged.push({ id, code: isEngineError(error) ? error.code : 'REPOSITORY_DAMAGED', message })
    }
  }
  return { backups: backups.sort(newestFirst), damaged }
}

function newestFirst({ manifest: a }: StoredBackup, { manifest: b }: StoredBackup): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? 1 : -1
  return b.number - a.number
}
