import { z } from 'zod'
import { healthSchema } from '../catalog/records.ts'
import { readHealth } from '../engine/read-health.ts'
import { readStatus } from '../engine/read-status.ts'
import { action } from './action.ts'

type Health = z.output<typeof healthSchema>

export const health = action({
  name: 'health',
  summary: 'For monitors: whether the last backup of every database is good. Over HTTP 200, else 503.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({}),
  result: healthSchema,
  http: { method: 'GET', path: 'health', statusOf: (found: Health) => (found.status === 'ok' ? 200 : 503) },
  leftOut: { command: '`lifeboat status` says it, with its exit code.' },
  page: 'overview',
  async run(context): Promise<Health> {
    const labels = context.parts.labels()
    const reports = await Promise.all(
      labels.map(async (label) => {
        const status = await readStatus(context.parts, context.copies, { database: label, signal: context.signal })
        return { ...status, score: (await readHealth(context, { label, status }, { signal: context.signal })).score }
      }),
    )
    const failed = reports.some(({ level }) => level === 'failed')
    const history = await context.history()
    return {
      status: failed ? 'failed' : 'ok',
      paused: (await history?.jobs.isPaused()) ?? false,
      databases: reports.map(({ database, level, message, objectives, score }) => ({
        ...{ database, level, message, objectives, score },
      })),
    }
  },
})
