import { isEngineError } from '../errors.ts'
import { listManifests, type OpenedManifest } from '../repository/manifests.ts'
import { createOpenedObjects, type OpenedObjects } from '../repository/opened-objects.ts'
import { listPins } from '../repository/pins.ts'
import type { Repository } from '../repository/repository.ts'
import { listVerifications, type Verification } from '../repository/verifications.ts'
import type { LastVerified, StoredBackup } from './summary.ts'

/** Everything completed in a repository, newest first, and what is there but cannot be read. */
export interface StoredBackups {
  backups: StoredBackup[]
  damaged: { id: string; code: string; message: string }[]
}

interface Opened {
  manifests: OpenedObjects<OpenedManifest>
  verifications: OpenedObjects<Verification>
}

/** By opened repository, so that what is kept goes with the engine. */
const remembered = new WeakMap<Repository, Opened>()
const newOpened = (): Opened => ({
  manifests: createOpenedObjects({ maxBytes: 32 << 20 }),
  verifications: createOpenedObjects({ maxBytes: 8 << 20 }),
})

/**
 * Every manifest with its pin and its newest verification. Manifests and verifications are immutable: each is read
 * once and remembered, as long as storage lists it unchanged. `fresh` reads all of them again.
 */
export async function readStoredBackups(
  repository: Repository,
  signal?: AbortSignal,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<StoredBackups> {
  const opened = (!fresh && remembered.get(repository)) || newOpened()
  remembered.set(repository, opened)
  const [pins, verifications, manifests] = await Promise.all([
    listPins(repository, { signal }),
    listVerifications(repository, undefined, { signal, opened: opened.verifications }),
    Array.fromAsync(listManifests(repository, { signal, opened: opened.manifests })),
  ])
  // Oldest first: the last one set is the newest.
  const newest = new Map<string, LastVerified>()
  for (const { backup, level, at, ok } of verifications) newest.set(backup, { level, at, ok })
  const backups: StoredBackup[] = []
  const damaged: StoredBackups['damaged'] = []
  for (const { id, manifest, checksum, error } of manifests) {
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
