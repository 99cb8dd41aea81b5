import { type Drill, listDrills } from '../repository/documents/drills.ts'
import { createOpenedObjects, type OpenedObjects } from '../repository/documents/opened-objects.ts'
import type { Repository } from '../repository/repository.ts'

/** By opened repository; records are written once. */
const remembered = new WeakMap<Repository, OpenedObjects<Drill>>()

/** Oldest first. */
export async function readDrills(repository: Repository, signal?: AbortSignal): Promise<Drill[]> {
  const opened = remembered.get(repository) ?? createOpenedObjects({ maxBytes: 4 << 20 })
  remembered.set(repository, opened)
  return listDrills(repository, { opened, unreadable: [], ...(signal ? { signal } : {}) })
}
