import type { RestorePlan } from '@lifeboat/core'
import { formatDuration, formatTime, plainText } from './format.ts'

/** A restore plan as text: what it would do, in order, what to know, and what stands in the way. */
export function describePlan(plan: RestorePlan): string {
  const steps = plan.steps.map(
    ({ text, seconds }, index) =>
      `  ${String(index + 1).padStart(2)}. ${plainText(text)}${seconds ? `  (about ${formatDuration(seconds * 1000)})` : ''}`,
  )
  const warnings = plan.warnings.map(({ text }) => `  ! ${plainText(text)}`)
  const refusals = plan.refusals.map(
    ({ text, override }) => `  ✗ ${plainText(text)}${override ? `\n      override with: --override ${override}` : ''}`,
  )
  return [
    headOf(plan),
    ...steps,
    ...(warnings.length ? ['', 'To know:', ...warnings] : []),
    ...(refusals.length ? ['', 'Refused, because:', ...refusals] : []),
  ].join('\n')
}

/** What would come from where to where. */
function headOf({ hash, backup, strategy, database, replaces }: RestorePlan): string {
  const verb =
    strategy === 'new-database' || !replaces ? 'as new database' : strategy === 'swap' ? 'replacing' : 'inside'
  const from = `backup ${backup.number} of ${plainText(JSON.stringify(backup.database))}, made ${formatTime(backup.created_at)}`
  return `Restore ${from}, ${verb} ${plainText(JSON.stringify(database))} (plan ${hash.slice(0, 12)})`
}
