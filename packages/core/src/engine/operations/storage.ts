import type { StorageOperations } from '../operations-type.ts'
import { assertListed } from '../storage-test.ts'
import type { Background } from './core.ts'

export function createStorageOperations(background: () => Promise<Background>): StorageOperations {
  return {
    async test({ location, by, trigger = 'manual' }) {
      const { jobs, parts } = await background()
      if (location !== undefined) assertListed(parts, location)
      const database = parts.labels()[0] ?? 'default'
      const job = await jobs.add({
        kind: 'storage_test',
        database,
        writer: '.storage_test',
        trigger,
        createdBy: by,
        input: location === undefined ? {} : { location },
      })
      return { task_id: job.id }
    },
  }
}
