import { z } from 'zod'
import { statusSchema } from '../catalog/records.ts'
import { labelOf } from '../engine/background/core.ts'
import { withAttempt } from '../engine/protection.ts'
import { readAttempt, readHealth } from '../engine/read-health.ts'
import { readStatus } from '../engine/read-status.ts'
import type { StatusReport } from '../engine/status.ts'
import type { Health } from '../policy/health-score.ts'
import { action } from './action.ts'
import { databaseLabel } from './inputs.ts'

export const status = action({
  name: 'status',
  summary: 'Says in one line whether the last backup is good.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({
    database: databaseLabel,
    maxAgeSeconds: z
      .number()
      .min(0)
      .optional()
      .describe('A backup older than this is not good enough. Default: 26 hours.'),
  }),
  result: statusSchema,
  http: { method: 'GET', path: 'status' },
  command: { name: 'status', examples: ['lifeboat status', 'lifeboat status --max-age 2h || page-on-call'] },
  page: 'overview',
  async run(context, asked): Promise<StatusReport & { last_attempt_failed: boolean; health: Health }> {
    const { parts, copies, signal } = context
    const found = await readStatus(parts, copies, { ...asked, signal })
    const label = labelOf(parts, asked.database)
    const [health, attempt] = await Promise.all([
      readHealth(context, { label, status: found }, { signal }),
      // Without a history that can be read, the repository alone is judged.
      context
        .history()
        .then((history) => readAttempt(history, label))
        .catch(() => null),
    ])
    return { ...withAttempt(found, attempt), health }
  },
})
