import type { ActionResult } from '@lifeboat/core'
import { describeCarried } from './down-steps.ts'
import { formatBytes, formatCount, formatDuration, formatTime, plainText } from './format.ts'

type RestorePlan = ActionResult<'restores.plan'>

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
    ...(plan.carried ? ['', ...describeCarried(plan.carried)] : []),
    ...(plan.proposal ? ['', plainText(plan.proposal.text)] : []),
    ...(plan.instead
      ? [
          '',
          `This code can restore backup ${plan.instead.number}, made ${formatTime(plan.instead.created_at)}:`,
          `  lifeboat restore ${plan.instead.number}`,
        ]
      : []),
    ...(plan.lost ? ['', ...describeLost(plan.lost, plan.backup)] : []),
  ].join('\n')
}

const shownTables = 8

/** What the restore would lose of the live database: the last thing before the confirmation. */
function describeLost(lost: NonNullable<RestorePlan['lost']>, backup: RestorePlan['backup']): string[] {
  const whole = [
    ...lost.made.map(({ table, bytes }) => `  - table ${plainText(table)}, made since (${formatBytes(bytes)})`),
    ...lost.dropped.map((table) => `  + table ${plainText(table)}, dropped since, comes back`),
  ].slice(0, shownTables)
  const since = `since ${formatTime(backup.created_at)}`
  if (lost.unknown !== null)
    return [
      `What you would lose of the rows written ${since} is not known, because ${plainText(lost.unknown)}.`,
      ...whole,
    ]
  const counted = lost.tables.filter(({ reason }) => reason === null)
  const uncounted = lost.tables.filter(({ reason }) => reason !== null)
  const rows = (count: number | null) => `${formatCount(count ?? 0)} row${count === 1 ? '' : 's'}`
  const head =
    counted.length === 0
      ? `You would lose no row of the counted tables: none was added or changed ${since}.`
      : `You would lose ${rows(lost.added_or_changed)} added or changed ${since}; ${rows(lost.changed_or_deleted)} changed or deleted since would come back:`
  const left = counted.length - shownTables + lost.more
  return [
    head,
    ...counted
      .slice(0, shownTables)
      .map(
        (one) =>
          `  ${plainText(one.table)}: ${formatCount(one.added_or_changed ?? 0)} added or changed, ${formatCount(one.changed_or_deleted ?? 0)} changed or deleted`,
      ),
    ...(left > 0 ? [`  and ${formatCount(left)} more tables: lifeboat lost ${backup.number}`] : []),
    ...uncounted
      .slice(0, shownTables)
      .map(({ table, reason }) => `  ${plainText(table)}: not known, because ${plainText(reason ?? '')}`),
    ...whole,
  ]
}

/** What would come from where to where. */
function headOf({ hash, backup, strategy, database, replaces }: RestorePlan): string {
  if (strategy === 'media')
    return `Restore the media of backup ${backup.number}, made ${formatTime(backup.created_at)}; the database ${plainText(JSON.stringify(database))} stays as it is (plan ${hash.slice(0, 12)})`
  const verb =
    strategy === 'new-database' || !replaces ? 'as new database' : strategy === 'swap' ? 'replacing' : 'inside'
  const from = `backup ${backup.number} of ${plainText(JSON.stringify(backup.database))}, made ${formatTime(backup.created_at)}`
  return `Restore ${from}, ${verb} ${plainText(JSON.stringify(database))} (plan ${hash.slice(0, 12)})`
}
