import { EngineError } from '../errors.ts'

/** `REPOSITORY_DAMAGED` naming the objects that are wrong. `why` completes the sentence "<object> ...". */
export function damaged(objects: string | string[], why: string, cause?: unknown): EngineError {
  const names = typeof objects === 'string' ? [objects] : objects
  return new EngineError('REPOSITORY_DAMAGED', `${names.join(', ')} ${why}.`, { cause, detail: { objects: names } })
}
