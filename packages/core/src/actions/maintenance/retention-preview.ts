import { retentionPreviewSchema } from '../../catalog/records.ts'
import { previewRetention as preview } from '../../engine/background/retention.ts'
import { action } from '../action.ts'
import { policyOf, retentionInput } from './retention-input.ts'

export const previewRetention = action({
  name: 'retention.preview',
  summary: 'Shows what retention would do with each backup now, and why. Limits can be tried.',
  permission: 'backups:read',
  kind: 'read',
  input: retentionInput,
  result: retentionPreviewSchema,
  http: { method: 'GET', path: 'retention' },
  leftOut: { command: '`lifeboat forget --dry-run` prints it.' },
  page: 'repository',
  run: (context, asked) =>
    preview(context, { database: asked.database, yesRemove: asked.yesRemove, policy: policyOf(asked) }),
})
