import type { Storage } from './storage.ts'
import { wrapStorage } from './wrap.ts'

/** What a storage was asked and what it moved, since it was wrapped. */
export interface StorageStatistics {
  puts: number
  gets: number
  stats: number
  lists: number
  deletes: number
  /** Operations that ended in an error, other than an object that is not there. */
  failures: number
  bytesWritten: number
  bytesRead: number
}

/** Counts what goes through a storage. Wrapped inside `withRetry` it counts attempts, outside it operations. */
export function withStatistics(storage: Storage): { storage: Storage; statistics: StorageStatistics } {
  const statistics: StorageStatistics = {
    puts: 0,
    gets: 0,
    stats: 0,
    lists: 0,
    deletes: 0,
    failures: 0,
    bytesWritten: 0,
    bytesRead: 0,
  }
  const counted = async <T>(kind: 'puts' | 'gets' | 'stats' | 'deletes', run: () => Promise<T>): Promise<T> => {
    statistics[kind]++
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Error && error.name === 'StorageObjectMissing')) statistics.failures++
      throw error
    }
  }
  const wrapped = wrapStorage(storage, {
    put: (name, data, options) =>
      counted('puts', async () => {
        const written = await storage.put(name, data, options)
        if (written) statistics.bytesWritten += data.byteLength
        return written
      }),
    get: (name, options) =>
      counted('gets', async () => {
        const data = await storage.get(name, options)
        statistics.bytesRead += data.length
        return data
      }),
    stat: (name, options) => counted('stats', () => storage.stat(name, options)),
    delete: (name, options) => counted('deletes', () => storage.delete(name, options)),
    async *list(prefix, options) {
      statistics.lists++
      try {
        yield* storage.list(prefix, options)
      } catch (error) {
        statistics.failures++
        throw error
      }
    },
  })
  return { storage: wrapped, statistics }
}
