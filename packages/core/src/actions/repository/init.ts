import { z } from 'zod'
import { repositorySchema } from '../../catalog/records.ts'
import { describeRepository } from '../../engine/repository-description.ts'
import { isEngineError } from '../../errors.ts'
import { warnOfWeakKey } from '../../repository/keys/weak-passphrase.ts'
import { action } from '../action.ts'

export const initRepository = action({
  name: 'repository.init',
  summary: 'Creates the repository, empty and sealed.',
  permission: 'config:write',
  kind: 'change',
  danger: null,
  input: z.strictObject({
    ifMissing: z.boolean().default(false).describe('Use the repository that is there, if there is one.'),
  }),
  result: repositorySchema.extend({ created: z.boolean().describe('False where it was there already.') }),
  command: { name: 'init', examples: ['lifeboat init --repository ./backups'] },
  leftOut: {
    http: 'A repository is made where its key is: in code or by the command.',
    pages: 'A repository is made where its key is: in code or by the command.',
  },
  async run({ parts, report }, { ifMissing }) {
    try {
      const made = await parts.init()
      warnOfWeakKey(parts.settings.encryption, report)
      return { ...describeRepository(made), created: true }
    } catch (error) {
      if (!ifMissing || !isEngineError(error, 'REPOSITORY_EXISTS')) throw error
      return { ...describeRepository(await parts.repository()), created: false }
    }
  },
  facts: ({ result }) => (result ? { id: result.id, encryption: result.encryption } : {}),
})
