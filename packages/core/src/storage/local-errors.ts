import { EngineError, isEngineError } from '../errors.ts'
import { StorageObjectMissing } from './storage.ts'

const full = new Set(['ENOSPC', 'EDQUOT'])
const denied = new Set(['EACCES', 'EPERM'])
const gone = new Set(['ESTALE', 'ENODEV', 'ENXIO', 'ENOTCONN', 'EHOSTDOWN'])

/** What the operating system said, as the error the storage contract promises. */
export function toStorageError(error: unknown, action: string, location: string): Error {
  if (isEngineError(error) || error instanceof StorageObjectMissing) return error
  const code = systemCode(error)
  const failed = `Could not ${action} in ${location}`
  if (full.has(code ?? ''))
    return new EngineError('STORAGE_FULL', `${failed}: no space is left (${code}).`, { cause: error })
  if (denied.has(code ?? ''))
    return new EngineError('STORAGE_DENIED', `${failed}: the file system refuses it to this user (${code}).`, {
      cause: error,
      advice: 'Give the files to the user the engine runs as (`chown -R`), or run it as their owner.',
    })
  if (gone.has(code ?? ''))
    return new EngineError('STORAGE_GONE', `${failed}: it is not there any more (${code}).`, { cause: error })
  if (error instanceof Error && error.name === 'AbortError')
    return new EngineError('ABORTED', 'Interrupted.', { cause: error })
  return new EngineError('STORAGE_FAILED', `${failed}: ${code ?? String(error)}.`, { cause: error })
}

/** The `code` of a system error, e.g. `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
