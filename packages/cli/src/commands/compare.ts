import type { BackupComparison, ComparedSide } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

type Table = BackupComparison['tables'][number]
type Size = Table['before']

export const compareCommand: CommandDefinition = {
  name: 'compare',
  description: 'Show what became of the tables since a backup: columns, rows and bytes.',
  examples: ['lifeboat compare latest', 'lifeboat compare 11 12', 'lifeboat compare 12 live --json'],
  own: ['with'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .argument('[other]', 'another backup, or "live": the database as it is now', 'live')
      .action(async (before: string, after: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const comparison = await engine.backups.compare(before, { ...running, database, with: after })
          await finish()
          writeResult(options, { comparison }, describe(comparison))
        })
      })
  },
}

function describe({ before, after, tables }: BackupComparison): string {
  const changed = tables.filter(isChanged)
  const head = `${nameOf(before)} → ${nameOf(after)}`
  if (changed.length === 0)
    return `${head}: no table differs in columns or rows (${formatCounted(tables.length, 'table')}).`
  const table = formatTable(
    [
      { title: 'table' },
      { title: 'rows', align: 'right' },
      { title: 'change', align: 'right' },
      { title: 'on disk', align: 'right' },
      { title: 'columns' },
    ],
    changed.map((one) => [
      one.table,
      one.after ? rowsOf(one.after) : '–',
      changeOfRows(one.before, one.after),
      one.after ? formatBytes(one.after.disk_bytes) : '–',
      columnsOf(one),
    ]),
  )
  const estimated = changed.some(({ after: size }) => size?.exact === false)
  return [
    `${head}: ${formatCount(changed.length)} of ${formatCounted(tables.length, 'table')} differ.`,
    table,
    ...(estimated ? ["~ estimated by the server's statistics"] : []),
  ].join('\n')
}

const nameOf = (side: ComparedSide): string =>
  side.kind === 'live'
    ? `${side.database} now`
    : `backup ${side.number} (${side.name || side.id}, ${formatTime(side.created_at)})`

const isChanged = ({ schema, before, after }: Table): boolean => schema !== 'same' || before?.rows !== after?.rows

const rowsOf = ({ rows, exact }: NonNullable<Size>): string =>
  rows === null ? 'unknown' : `${exact ? '' : '~'}${formatCount(rows)}`

function changeOfRows(before: Size, after: Size): string {
  if (!before || !after || before.rows === null || after.rows === null) return ''
  const change = after.rows - before.rows
  return change === 0 ? '' : `${after.exact ? '' : '~'}${change > 0 ? '+' : ''}${formatCount(change)}`
}

function columnsOf({ schema, columns: { added, removed, changed } }: Table): string {
  if (schema === 'added') return 'new table'
  if (schema === 'removed') return 'dropped table'
  return [
    ...added.map(({ name, definition }) => `+ ${name} ${definition}`),
    ...removed.map(({ name }) => `- ${name}`),
    ...changed.map(({ name, before, after }) => `${name}: ${before} → ${after}`),
  ].join('; ')
}
