import { z } from 'zod'
import { storageTestSchema } from '../../catalog/records.ts'
import { assertListed } from '../../engine/storage-test.ts'
import { action } from '../action.ts'

export const testStorage = action({
  name: 'storage.test',
  summary: 'Tries whether a storage does all that a repository needs, and how fast.',
  permission: 'maintenance:run',
  kind: 'job',
  input: z.strictObject({
    url: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .describe('A storage that the host listed in `allowedStorageEndpoints`. Default: the one in use.'),
  }),
  result: storageTestSchema,
  http: { method: 'POST', path: 'storage/test' },
  command: { name: 'storage', examples: ['lifeboat storage test', 'lifeboat storage test --json'] },
  page: 'repository',
  job: {
    kind: 'storage_test',
    label: 'Test of a storage',
    resumable: false,
    writer: () => '.storage_test',
    async prepare({ parts }, { url }) {
      if (url !== undefined) assertListed(parts, url)
      return {}
    },
  },
  async run({ parts, signal, report }, { url }) {
    const { runStorageTest } = await import('../../engine/storage-test.ts')
    return runStorageTest(parts, url, { signal, report })
  },
  facts: ({ result }) => (result ? { ok: result.ok, location: result.location } : {}),
})
