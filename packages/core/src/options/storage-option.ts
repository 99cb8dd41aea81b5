import { z } from 'zod'
import type { Storage } from '../storage/storage.ts'

/** Where a repository lies: a path, a URL, or a Storage of the host's own. */
export const storageOption = z.union([z.string().min(1), z.custom<Storage>(isStorage, 'a path, a URL or a Storage')])

function isStorage(value: unknown): value is Storage {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['put', 'get', 'list', 'stat', 'delete'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}
