import { conditionValue } from './condition-value.ts'
import { comparisonOf } from './key-value.ts'
import { ancestors, columnOf, type MaskedSchema, type TableName, typeOfColumn } from './masked-schema.ts'
import type { BackupTable, MaskProblem } from './resolve-policy.ts'
import { canBeOrdered, type RowCondition, type StartRule } from './start-rows.ts'
import type { ColumnCondition, StartRows } from './subset-policy.ts'

/** The rows that a copy begins with, of one table of the backup. Null where the policy says what the table does not have. */
export function startRule(
  { where = {}, share, by }: StartRows,
  { table, name, root }: { table: BackupTable; name: TableName; root: TableName },
  { schema, encoding, problems }: { schema: MaskedSchema; encoding: string; problems: MaskProblem[] },
): StartRule | null {
  const problem = (code: MaskProblem['code'], place: string, text: string) => {
    problems.push({ code, place, text })
    return null
  }
  const columnAt = (column: string) => {
    const position = table.columns.indexOf(column)
    const found = columnOf(schema, name, column)
    const type = found ? typeOfColumn(schema, found).type : null
    if (position >= 0) return { column: position, type, comparison: comparisonOf(type) }
    const why = found ? 'PostgreSQL computes it' : 'the table has none of that name'
    return problem('SUBSET_COLUMN', `${root}.${column}`, `The subset names column ${root}.${column}, and ${why}.`)
  }
  const conditions = Object.entries(where).map(([column, condition]): RowCondition | null => {
    const found = columnAt(column)
    const isRange = typeof condition === 'object' && condition !== null && !Array.isArray(condition)
    if (found && isRange && !canBeOrdered(found.type))
      return problem(
        'SUBSET_COLUMN',
        `${root}.${column}`,
        `${root}.${column} is of type ${found.type ?? 'that is not known'}; bounds are for numbers, dates and timestamps.`,
      )
    if (!found) return null
    const valued = withValues(condition, { type: found.type, encoding })
    if (!('wrong' in valued)) return { ...found, condition: valued }
    return problem(
      'SUBSET_COLUMN',
      `${root}.${column}`,
      `The subset compares ${root}.${column} with ${JSON.stringify(valued.wrong)}, which is no value of type ${found.type ?? 'that is not known'}, or not one that it can compare. Times are \`2026-01-31\` or \`2026-01-31T12:00:00Z\`; in a database that is not in UTF8 texts are plain ASCII.`,
    )
  })
  const drawn = share === undefined ? [] : (by ?? primaryKey(name, schema))
  if (share !== undefined && drawn.length === 0)
    problem(
      'SUBSET_COLUMN',
      root,
      `${root} has no primary key to draw a share by: say \`by: ['column']\` in the subset.`,
    )
  const keys = drawn.map(columnAt)
  if (!conditions.every((one) => one !== null) || !keys.every((one) => one !== null)) return null
  return {
    conditions,
    share:
      share === undefined ? null : { of: share, by: keys.map(({ column, comparison }) => ({ column, comparison })) },
  }
}

/** The condition in texts of COPY; the first value that is none of the type. */
function withValues(
  condition: ColumnCondition,
  of: { type: string | null; encoding: string },
): RowCondition['condition'] | { wrong: unknown } {
  if (typeof condition === 'object' && condition !== null && !Array.isArray(condition)) {
    const bounds: { from?: string; below?: string } = {}
    for (const side of ['from', 'below'] as const) {
      const bound = condition[side]
      if (bound === undefined) continue
      const text = conditionValue(bound, { ...of, isBound: true })
      if (text === null) return { wrong: bound }
      bounds[side] = text
    }
    return bounds
  }
  const oneOf: (string | null)[] = []
  for (const value of Array.isArray(condition) ? condition : [condition]) {
    const text = value === null ? null : conditionValue(value, { ...of, isBound: false })
    if (text === null && value !== null) return { wrong: value }
    oneOf.push(text)
  }
  return { oneOf }
}

function primaryKey(table: TableName, schema: MaskedSchema): string[] {
  const names = [table, ...ancestors(table, schema)]
  // The one of the root: partitions have their own order of columns.
  const keys = names.flatMap((name) => schema.uniqueKeys.filter((key) => key.isPrimary && key.table === name))
  return keys.at(-1)?.columns ?? []
}
