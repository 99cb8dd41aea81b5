import { z } from 'zod'
import { keySlotSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'

export const recoveryKit = action({
  name: 'keys.recoveryKit',
  summary: 'Returns what is needed to reach the backups on an empty machine, without any secret.',
  permission: 'config:read',
  kind: 'read',
  danger: 'takes_data_out',
  recorded: true,
  input: z.strictObject({}),
  result: z.object({
    repository: z.string(),
    location: z.string(),
    format: z.int(),
    encryption: z.enum(['aes-256-gcm', 'none']),
    created_at: z.string(),
    slots: z.array(keySlotSchema),
    fingerprint: z.string(),
    recover_sha256: z.string().nullable(),
  }),
  http: { method: 'GET', path: 'recovery-kit' },
  command: { name: 'recovery-kit', examples: ['lifeboat recovery-kit > kit.txt'] },
  page: 'repository',
  run: ({ keys }) => keys.recoveryKit(),
  facts: () => ({}),
})
