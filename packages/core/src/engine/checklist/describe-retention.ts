import { counted } from '../../counted.ts'
import type { RunTimeConfig } from '../../policy/run-time-config.ts'

/** What is kept, in a few words; null where nothing is ever let go. Pure. */
export function describeRetention(config: RunTimeConfig): string | null {
  const { max_backups: newest, retention_days: days } = config
  const kept = (['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const)
    .filter((period) => config[`keep_${period}`] > 0)
    .map((period) => `${config[`keep_${period}`]} ${period}`)
  const all = [
    ...(newest > 0 ? [`the newest ${newest}`] : []),
    ...(days > 0 ? [`those of ${counted(days, 'day')}`] : []),
    ...kept,
  ]
  return all.length === 0 ? null : all.join(', ')
}
