import { type EngineError, isEngineError } from '../../errors.ts'

/**
 * An object that is there and cannot be read: damaged, of a newer format, not ours, or refused by the storage. It is reported,
 * and what carries no data keeps nothing else from going on.
 */
export interface UnreadableObject {
  object: string
  code: string
  message: string
}

/** Collects what cannot be read, for callers that ask for it. */
export interface UnreadableOptions {
  unreadable?: UnreadableObject[]
}

/**
 * What `read` returns; null, with a note, where the object cannot be read. An object that the storage refuses is noted where
 * notes are taken, else its error is thrown, as is whatever else the storage fails with.
 */
export async function readOrNote<T>(
  object: string,
  { unreadable }: UnreadableOptions,
  read: () => Promise<T | null>,
): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (!isUnreadable(error) && !(unreadable && isRefused(error))) throw error
    unreadable?.push({ object, code: error.code, message: error.message })
    return null
  }
}

/** What is stored under the name is nothing this program can read. */
export function isUnreadable(error: unknown): error is EngineError {
  return isEngineError(error, 'REPOSITORY_DAMAGED') || isEngineError(error, 'REPOSITORY_FORMAT_NEWER')
}

/** The storage does not hand over this one object: it belongs to another user, or the disk cannot read it. */
export function isRefused(error: unknown): error is EngineError {
  if (isEngineError(error, 'STORAGE_DENIED')) return true
  const cause = isEngineError(error, 'STORAGE_FAILED') ? error.cause : undefined
  return cause instanceof Error && Reflect.get(cause, 'code') === 'EIO'
}
