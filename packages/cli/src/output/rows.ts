import type { ActionResult } from '@lifeboat/core'
import { formatBytes, formatCount, formatTime } from './format.ts'
import { type Column, formatTable } from './table.ts'

type LossReport = ActionResult<'rows.lost'>
type LostRows = ActionResult<'rows.lostRows'>
type RewindPlan = ActionResult<'rows.planRewind'>
type PatchPlan = ActionResult<'rows.planPatch'>

const count = (rows: number | null): string => (rows === null ? '?' : formatCount(rows))
const many = (rows: number, name = 'row'): string => `${formatCount(rows)} ${name}${rows === 1 ? '' : 's'}`
const right = (title: string): Column => ({ title, align: 'right' })

/** What a restore of the backup would lose, by table. */
export function describeLoss(report: LossReport): string {
  const { backup, tables, unchanged, made, dropped, not_comparable } = report
  const counted = tables.filter(({ reason }) => reason === null)
  const unknown = tables.filter(({ reason }) => reason !== null)
  const titles = [
    { title: 'table' },
    right('then'),
    right('now'),
    right('added or changed'),
    right('changed or deleted'),
  ]
  const rows = counted.map((one) => [
    one.table,
    count(one.rows_then),
    count(one.rows_now),
    count(one.added_or_changed),
    count(one.changed_or_deleted),
  ])
  const first = counted[0]?.table
  const notes = [
    not_comparable === null ? null : `The rows cannot be counted: ${not_comparable}.`,
    ...(not_comparable === null ? unknown.map(({ table, reason }) => `${table} was not counted: ${reason}.`) : []),
    ...made.map(
      ({ table, bytes }) => `${table} was made since (${formatBytes(bytes)}): a restore by swap loses all of it.`,
    ),
    dropped.length === 0 ? null : `Dropped since, a restore brings them back: ${dropped.join(', ')}.`,
    first === undefined ? null : `\nThe rows:        lifeboat lost ${backup.number} --rows ${first}`,
    first === undefined ? null : `Take them back:  lifeboat rewind ${backup.number} --dry-run`,
  ].filter((note) => note !== null)
  return [
    `Since backup ${backup.number} of "${backup.database}", made ${formatTime(backup.created_at)}:`,
    rows.length > 0 ? formatTable(titles, rows) : 'No row of a counted table was added, changed or deleted.',
    `${many(unchanged, 'other table')} unchanged.`,
    ...notes,
  ].join('\n')
}

/** Rows that differ: each as a line of what it was and what it is; of a changed row only the cells that changed. */
export function describeLostRows({ table, columns, key, counts, rows, more }: LostRows): string {
  const cell = (value: string | null | undefined) => value ?? 'NULL'
  const lines = rows.map(({ kind, before, now }) => {
    const whole = before ?? now ?? {}
    const all = (row: Record<string, string | null>) => columns.map((name) => `${name}=${cell(row[name])}`).join(' ')
    if (!before || !now) return [kind, all(whole)]
    const changed = columns.filter((name) => before[name] !== now[name])
    const where = key.map((name) => `${name}=${cell(before[name])}`).join(' ')
    return [
      kind,
      `${where}: ${changed.map((name) => `${name} ${cell(before[name])} -> ${cell(now[name])}`).join(', ')}`,
    ]
  })
  const sums = counts
    ? `${many(counts.updated)} changed, ${formatCount(counts.deleted)} deleted, ${formatCount(counts.inserted)} added`
    : 'Too many rows differ to count them'
  if (lines.length === 0) return `${table}: ${sums}.`
  const rest = more > 0 ? `\n${many(more, 'more row')}: --offset passes over these, --limit shows more at once.` : ''
  return `${table}: ${sums}.\n${formatTable([{ title: '' }, { title: 'row' }], lines)}${rest}`
}

/** What a rewind would do, what to know, and what stands in the way. */
export function describeRewind(plan: RewindPlan): string {
  const { backup, database, tables, unchanged, options } = plan
  return [
    `Rewind "${database}" to backup ${backup.number}, made ${formatTime(backup.created_at)} (plan ${plan.hash.slice(0, 12)})`,
    ...describeTenant(plan),
    tables.length > 0
      ? `${movedTable(plan)}; ${many(unchanged, 'table')} unchanged.`
      : 'Nothing has changed: there is nothing to take back.',
    options.keepNew ? 'Rows added since stay.' : null,
    ...describeTerms(plan),
  ]
    .filter((line) => line !== null)
    .join('\n')
}

/** What a patch would do, what to know, and what stands in the way. */
export function describePatch(plan: PatchPlan): string {
  const { backup, database, tables, options } = plan
  const { choice } = options
  return [
    `Patch "${database}" with rows of backup ${backup.number}, made ${formatTime(backup.created_at)} (plan ${plan.hash.slice(0, 12)})`,
    choice?.kind === 'rows' && choice.where ? `Rows of ${options.tables.join(', ')} where ${choice.where}` : null,
    tables.length > 0
      ? `${movedTable(plan)}.`
      : 'The rows are in the database as the backup has them: there is nothing to put back.',
    choice?.kind === 'rows' && choice.onConflict === 'live' ? 'Rows that changed since stay as they are.' : null,
    ...describeTerms(plan),
  ]
    .filter((line) => line !== null)
    .join('\n')
}

/** Which rows are the tenant's, and what is left alone. */
function describeTenant({ options, tenant }: RewindPlan): string[] {
  const { choice } = options
  if (!tenant || choice?.kind !== 'tenant') return []
  const ways = tenant.tables.flatMap(({ table, via }) =>
    via.map(({ columns, parent }) => `  ${table}: ${columns.join(', ')} -> ${parent}`),
  )
  const left =
    tenant.left.length === 0 ? [] : [`Left alone, because nothing leads to a tenant: ${tenant.left.join(', ')}.`]
  return [`Only rows of the tenant ${choice.value} of ${choice.table}${ways.length > 0 ? ':' : '.'}`, ...ways, ...left]
}

function movedTable({ tables, put_back, take_out }: Pick<RewindPlan, 'tables' | 'put_back' | 'take_out'>): string {
  const rows = tables.map(({ table, putBack, takeOut }) => [table, formatCount(putBack), formatCount(takeOut)])
  const titles = [{ title: 'table' }, right('rows put back'), right('rows taken out')]
  return `${formatTable(titles, rows)}\n${many(put_back)} put back, ${formatCount(take_out)} taken out`
}

function describeTerms({ options, warnings, refusals }: Pick<RewindPlan, 'options' | 'warnings' | 'refusals'>) {
  return [
    options.safetyBackup ? null : 'No safety backup is made.',
    ...(warnings.length ? ['', 'To know:', ...warnings.map(({ text }) => `  ! ${text}`)] : []),
    ...(refusals.length
      ? [
          '',
          'Refused, because:',
          ...refusals.map(
            ({ text, override }) => `  ✗ ${text}${override ? `\n      override with: --override ${override}` : ''}`,
          ),
        ]
      : []),
  ]
}

/** `1,000 rows put back, 1,001 taken out`. */
export const describeMoved = ({ putBack, takenOut }: { putBack: number; takenOut: number }): string =>
  `${many(putBack)} put back, ${formatCount(takenOut)} taken out`
