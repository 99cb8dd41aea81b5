import { comparisonOf } from './key-value.ts'
import { ancestors, columnOf, type MaskedSchema, type TableName, typeOfColumn } from './masked-schema.ts'
import type { BackupTable, MaskProblem } from './resolve-policy.ts'
import { canBeOrdered, type RowCondition, type StartRule } from './start-rows.ts'
import type { StartRows } from './subset-policy.ts'

/** The rows that a copy begins with, of one table of the backup. Null where the policy says what the table does not have. */
export function startRule(
  { where = {}, share, by }: StartRows,
  { table, name, root }: { table: BackupTable; name: TableName; root: TableName },
  { schema, problems }: { schema: MaskedSchema; problems: MaskProblem[] },
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
    return found && { ...found, condition }
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

function primaryKey(table: TableName, schema: MaskedSchema): string[] {
  const names = [table, ...ancestors(table, schema)]
  // The one of the root: partitions have their own order of columns.
  const keys = names.flatMap((name) => schema.uniqueKeys.filter((key) => key.isPrimary && key.table === name))
  return keys.at(-1)?.columns ?? []
}
