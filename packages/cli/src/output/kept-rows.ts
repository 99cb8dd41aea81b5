import type { ActionResult } from '@lifeboat/core'
import { formatCount, formatCounted } from './format.ts'
import { formatTable } from './table.ts'

type Masking = NonNullable<ActionResult<'targets.refresh'>['masking']>

const reasons: Record<NonNullable<Masking['tables'][number]['why']>, string> = {
  start: 'the subset begins with them',
  child: 'they refer to rows of the subset',
  needed: 'rows of the subset refer to them',
  whole: 'copied whole',
  empty: 'left empty',
}

/** Of a subset which rows the copy has, and why; empty for a copy that has every row. */
export function describeKeptRows({ tables }: Pick<Masking, 'tables'>): string {
  const of = tables.reduce((sum, table) => sum + (table.of ?? 0), 0)
  const some = tables.flatMap(({ table, rows, of, why }) =>
    of === undefined || why === undefined ? [] : [[table, formatCount(rows), formatCount(of), reasons[why]]],
  )
  if (some.length === 0) return ''
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return `A subset: ${formatCount(rows)} of ${formatCounted(of, 'row')}.\n${formatTable(columns, some)}`
}

const columns = [
  { title: 'table' },
  { title: 'rows', align: 'right' },
  { title: 'of', align: 'right' },
  { title: 'why' },
] as const
