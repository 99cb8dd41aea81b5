import type { RestorePlan } from '@lifeboat/core'
import { formatDuration, plainText } from './format.ts'

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
    `Plan ${plan.hash.slice(0, 12)}`,
    ...steps,
    ...(warnings.length ? ['', 'To know:', ...warnings] : []),
    ...(refusals.length ? ['', 'Refused, because:', ...refusals] : []),
  ].join('\n')
}
