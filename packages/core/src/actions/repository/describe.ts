import { z } from 'zod'
import { repositorySchema } from '../../catalog/records.ts'
import { describeRepository as describe } from '../../engine/repository-description.ts'
import { action } from '../action.ts'

export const describeRepository = action({
  name: 'repository.describe',
  summary: 'Shows where the repository is, its format, and its fingerprint.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({}),
  result: repositorySchema,
  http: { method: 'GET', path: 'repository' },
  command: { name: 'repository', examples: ['lifeboat repository --json'] },
  page: 'repository',
  run: async ({ parts }) => describe(await parts.repository()),
})
