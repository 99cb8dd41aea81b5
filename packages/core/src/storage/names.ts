import { EngineError } from '../errors.ts'

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]*(\/[a-zA-Z0-9][a-zA-Z0-9._-]*)*$/
const maximumNameBytes = 200

/** Objects are at most this long, so that a whole one fits in memory. */
export const maximumObjectBytes = 64 * 1024 * 1024

/** Whether a storage accepts this object name; the pattern is part of the contract in storage.ts. */
export function isObjectName(name: string): boolean {
  return name.length <= maximumNameBytes && namePattern.test(name)
}

/** Throws `CONFIG_INVALID` unless {@link isObjectName}. */
export function assertObjectName(name: string): void {
  if (!isObjectName(name))
    throw new EngineError('CONFIG_INVALID', `${JSON.stringify(name)} is not a name a storage object can have.`)
}

/** Throws `CONFIG_INVALID` unless some object name could begin with `prefix`. */
export function assertObjectPrefix(prefix: string): void {
  if (prefix !== '' && !isObjectName(`${prefix}x`) && !isObjectName(prefix))
    throw new EngineError('CONFIG_INVALID', `No storage object's name begins with ${JSON.stringify(prefix)}.`)
}

/** Throws `CONFIG_INVALID` for an object longer than the contract allows. */
export function assertObjectSize(name: string, data: Uint8Array): void {
  if (data.byteLength > maximumObjectBytes)
    throw new EngineError(
      'CONFIG_INVALID',
      `The object ${name} would have ${data.byteLength} bytes; 64 MiB is the most.`,
    )
}
