import { z } from 'zod'
import type { RetentionPolicy } from '../../policy/retention.ts'
import { databaseLabel } from '../inputs.ts'

const count = z.number().int().min(0).max(100_000).optional()

/** Limits that are tried in place of the configured ones. */
export const retentionInput = z.strictObject({
  database: databaseLabel,
  maxBackups: count.describe('Newest good ones kept; 0: no limit.'),
  retentionDays: count.describe('Days after which one goes; 0: never.'),
  keepHourly: count.describe('The newest of so many hours stays.'),
  keepDaily: count.describe('Of so many days.'),
  keepWeekly: count.describe('Of so many weeks.'),
  keepMonthly: count.describe('Of so many months.'),
  keepYearly: count.describe('Of so many years.'),
  yesRemove: count.describe(
    'So many may go, also more than half or against a clock: the number that the preview gives.',
  ),
})

export function policyOf(asked: z.output<typeof retentionInput>): Partial<RetentionPolicy> {
  const policy = {
    newest: asked.maxBackups,
    days: asked.retentionDays,
    hourly: asked.keepHourly,
    daily: asked.keepDaily,
    weekly: asked.keepWeekly,
    monthly: asked.keepMonthly,
    yearly: asked.keepYearly,
  }
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined))
}
