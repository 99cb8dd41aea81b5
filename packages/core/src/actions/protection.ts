import { z } from 'zod'
import { protectionSchema } from '../catalog/records.ts'
import { readAlarms } from '../engine/alarms.ts'
import type { Background } from '../engine/background/core.ts'
import { backupSchedulesOf, longestOverdue } from '../engine/background/overdue-runs.ts'
import { plannedJobs } from '../engine/background/schedules.ts'
import { type ProtectionFacts, protectionLevels, protectionOf } from '../engine/protection.ts'
import { readAttempt, readHealth } from '../engine/read-health.ts'
import { readStatus } from '../engine/read-status.ts'
import { type ActionContext, action } from './action.ts'
import { databaseLabel } from './inputs.ts'

type Found = z.output<typeof protectionSchema>

export const protection = action({
  name: 'protection',
  summary: 'Says whether each database is protected, with every reason why it is not.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: protectionSchema,
  http: { method: 'GET', path: 'protection' },
  command: { name: 'protection', examples: ['lifeboat protection', 'lifeboat protection --json'] },
  page: 'overview',
  async run(context, { database }): Promise<Found> {
    const { parts } = context
    const history = await context.history()
    const labels = database === undefined ? parts.labels() : [database]
    const databases = await Promise.all(labels.map((label) => judge(context, history, label)))
    const worst = Math.max(0, ...databases.map(({ level }) => protectionLevels.indexOf(level)))
    return { level: protectionLevels[worst] ?? 'unknown', databases }
  },
})

async function judge(context: ActionContext, history: Background | null, label: string) {
  const { parts, copies, signal } = context
  const status = await readStatus(parts, copies, { database: label, signal })
  const rowAlarms = (await readAlarms(await parts.repository(), signal)).filter(
    ({ database, what, acknowledged }) => database === status.database && what === 'rows' && acknowledged === null,
  ).length
  const facts: ProtectionFacts = history
    ? { status, rowAlarms, ...(await historyOf(history, label)) }
    : { status, rowAlarms, attempt: null, isScheduled: null, isPaused: false, overdueSeconds: 0 }
  const { database, last_backup, objectives } = status
  return {
    label,
    database,
    ...protectionOf(facts),
    last_backup: last_backup as Found['databases'][number]['last_backup'],
    objectives,
    health: await readHealth(context, { label, status }, { signal }),
  }
}

async function historyOf(history: Background, label: string): Promise<Omit<ProtectionFacts, 'status' | 'rowAlarms'>> {
  const [attempt, planned, isPaused] = await Promise.all([
    readAttempt(history, label),
    plannedJobs(history),
    history.jobs.isPaused(),
  ])
  const mine = backupSchedulesOf(planned, label)
  return {
    attempt,
    isScheduled: mine.length > 0,
    isPaused,
    overdueSeconds: await longestOverdue(history, mine, new Date()),
  }
}
