import { EngineError } from '../errors.ts'
import type { Storage } from './storage.ts'
import { wrapStorage } from './wrap.ts'

/** A storage that can be read and nothing else: every change is `STORAGE_DENIED`, before the storage is asked. */
export function readOnly(storage: Storage): Storage {
  const refuse = async (): Promise<never> => {
    throw new EngineError('STORAGE_DENIED', `${storage.location} was opened for reading only.`)
  }
  const { objectLock } = storage
  return wrapStorage(storage, {
    ...{ put: refuse, delete: refuse, sweepLeftovers: refuse },
    objectLock: objectLock && { ...objectLock, lock: refuse },
  })
}
