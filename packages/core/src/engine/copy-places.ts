import type { EngineSettings } from '../config.ts'
import { EngineError } from '../errors.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { type Throttle, withThrottle } from '../storage/throttle.ts'

type CopySettings = EngineSettings['copies'][number]

/** A configured copy of the repository. */
export interface CopyPlace {
  name: string
  storage: Storage
  settings: CopySettings
  /**
   * The same storage for callers that may create its folder. Only an explicit request creates it: the folder can be
   * missing because a disk is not mounted.
   */
  made(): Storage
}

/**
 * The copies that are configured. Throws `CONFIG_INVALID` for a location that no storage understands; touches nothing.
 */
export function createCopyPlaces(settings: EngineSettings, throttle: Throttle): CopyPlace[] {
  return settings.copies.map((copy) => {
    const { name, repository } = copy
    const storage =
      typeof repository === 'string' ? openStorage(repository, { throttle }) : withThrottle(repository, throttle)
    const made = () => (typeof repository === 'string' ? openStorage(repository, { create: true, throttle }) : storage)
    return { name, storage, settings: copy, made }
  })
}

export function findCopy(copies: readonly CopyPlace[], name: string): CopyPlace {
  const found = copies.find((copy) => copy.name === name)
  if (found) return found
  throw new EngineError('COPY_NOT_FOUND', `No copy is named "${name}".`, {
    advice: `Configured copies: ${copies.map((copy) => copy.name).join(', ') || 'none'}.`,
  })
}
