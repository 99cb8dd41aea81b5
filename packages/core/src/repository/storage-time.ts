import { isEngineError } from '../errors.ts'
import { randomName } from './layout.ts'
import type { Repository } from './repository.ts'

/** Nothing else is stored there; one that a crash left behind may be deleted by everybody. */
const prefix = 'probes/'

/**
 * Now, by the clock that stamps the storage's objects: a small object is stored, looked at and deleted. Null where nothing can
 * be written, because the storage is full or read only.
 */
export async function storageTime(
  { storage }: Pick<Repository, 'storage'>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Date | null> {
  const name = `${prefix}${randomName()}`
  try {
    await storage.put(name, Buffer.from('\n'), { ifAbsent: true, signal })
    return (await storage.stat(name, { signal }))?.modifiedAt ?? null
  } catch (error) {
    if (isEngineError(error, 'STORAGE_FULL') || isEngineError(error, 'STORAGE_DENIED')) return null
    throw error
  } finally {
    await storage.delete(name).catch(() => {})
  }
}
