import { z } from 'zod'
import { healthSchema } from '../catalog/records.ts'
import { withAttempt } from '../engine/protection.ts'
import { readAttempt, readHealth } from '../engine/read-health.ts'
import { readStatus } from '../engine/read-status.ts'
import { action } from './action.ts'

type Health = z.output<typeof healthSchema>

export const health = action({
  name: 'health',
  summary:
    'For monitors: whether the last backup of every database is good and no attempt failed since. Over HTTP 200, else 503.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({}),
  result: healthSchema,
  http: {
    ...{ method: 'GET', path: 'health', otherStatus: 503 },
    statusOf: (found: Health) => (found.status === 'ok' ? 200 : 503),
  },
  leftOut: { command: '`lifeboat status` says it, with its exit code.' },
  page: 'overview',
  async run(context): Promise<Health> {
    const labels = context.parts.labels()
    const history = await context.history()
    const reports = await Promise.all(
      labels.map(async (label) => {
        const status = await readStatus(context.parts, context.copies, { database: label, signal: context.signal })
        const { score } = await readHealth(context, { label, status }, { signal: context.signal })
        const attempt = await readAttempt(history, label).catch(() => null)
        return { ...withAttempt(status, attempt), score }
      }),
    )
    const failed = reports.some(({ level, last_attempt_failed }) => level === 'failed' || last_attempt_failed)
    return {
      status: failed ? 'failed' : 'ok',
      paused: (await history?.jobs.isPaused()) ?? false,
      databases: reports.map(({ database, level, message, objectives, score }) => ({
        ...{ database, level, message, objectives, score },
      })),
    }
  },
})
