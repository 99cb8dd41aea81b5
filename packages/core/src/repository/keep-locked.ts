import { EngineError } from '../errors.ts'
import { mapInOrder } from './concurrency.ts'
import { configName, packObjectName, prefixes, readmeName, recoverName } from './layout.ts'
import type { Repository } from './repository.ts'

const atOnce = 16

/**
 * Where the storage locks objects: locks for the whole period what a backup that is being committed needs, also packs that
 * older backups stored and whose lock would end before. A lock that is extended is extended for one and a half periods, so that
 * a pack that is used every day needs it every half period. Must have ended before the manifest is put.
 */
export async function keepLocked(
  repository: Repository,
  packs: Iterable<string>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  const { storage } = repository
  const { objectLock } = storage
  if (!objectLock) return
  const names = [configName, readmeName, recoverName, ...Array.from(packs, packObjectName)]
  for await (const { name } of storage.list(prefixes.keys, { signal })) names.push(name)
  const now = Date.now()
  const lock = async (name: string) => {
    const until = await objectLock.lockedUntil(name, { signal })
    if (until !== null && until.getTime() >= now + objectLock.periodMs) return
    // README.txt and recover.mjs may be missing; nothing else is here that could be.
    if (until === null && (await storage.stat(name, { signal })) === null) return
    await objectLock.lock(name, new Date(now + 1.5 * objectLock.periodMs), { signal })
  }
  for await (const _ of mapInOrder(names, atOnce, lock));
}

/** Locks the manifest of a backup that is one now. */
export async function lockManifest(repository: Repository, name: string, signal?: AbortSignal): Promise<void> {
  const { objectLock } = repository.storage
  await objectLock?.lock(name, new Date(Date.now() + objectLock.periodMs), { signal })
}

/** Throws `BACKUP_LOCKED` for a manifest that its storage does not let go yet. */
export async function assertNotLocked(repository: Repository, name: string, signal?: AbortSignal): Promise<void> {
  const until = await repository.storage.objectLock?.lockedUntil(name, { signal })
  if (!until || until.getTime() <= Date.now()) return
  throw new EngineError('BACKUP_LOCKED', `The storage keeps this backup until ${until.toISOString()}.`, {
    detail: { until: until.toISOString() },
  })
}
