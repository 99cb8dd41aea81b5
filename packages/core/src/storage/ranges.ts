import { EngineError } from '../errors.ts'

/** Throws `CONFIG_INVALID` unless `offset` and `length` are whole numbers from 0. */
export function assertRange(offset: number | undefined, length: number | undefined): void {
  for (const value of [offset, length])
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new EngineError('CONFIG_INVALID', `${value} is not an offset or length in bytes.`)
}

/** The error of a `get` that asks for bytes an object does not have: it is shorter than whoever asks believes. */
export function rangePastEnd(name: string, location: string): EngineError {
  return new EngineError(
    'REPOSITORY_DAMAGED',
    `The object "${name}" in ${location} is shorter than the range asked for.`,
    {
      detail: { object: name },
    },
  )
}
