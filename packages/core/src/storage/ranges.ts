import { EngineError } from '../errors.ts'
import { maximumObjectBytes } from './names.ts'

/** Throws `CONFIG_INVALID` unless `offset` and `length` are whole numbers from 0. */
export function assertRange(offset: number | undefined, length: number | undefined): void {
  for (const value of [offset, length])
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new EngineError('CONFIG_INVALID', `${value} is not an offset or length in bytes.`)
}

/** The most that a `get` may read. */
export function readLimit({ maxBytes = maximumObjectBytes }: { maxBytes?: number }): number {
  return Math.min(maxBytes, maximumObjectBytes)
}

/** The error of a `get` of an object that is longer than what may be read: nothing of ours is. */
export function objectTooLong(name: string, location: string, bytes: number, limit: number): EngineError {
  const said = `The object "${name}" in ${location} is too long to be one of a repository`
  return new EngineError('REPOSITORY_DAMAGED', `${said}: ${bytes} bytes are to be read; ${limit} is the most.`, {
    detail: { objects: [name] },
  })
}

/** The error of a `get` that asks for bytes past the end of an object: it is shorter than the caller expects. */
export function rangePastEnd(name: string, location: string): EngineError {
  return new EngineError(
    'REPOSITORY_DAMAGED',
    `The object "${name}" in ${location} is shorter than the range asked for.`,
    {
      detail: { object: name },
    },
  )
}
