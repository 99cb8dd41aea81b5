import { plainText } from './format.ts'

export interface Column {
  title: string
  align?: 'left' | 'right'
}

/** Rows of text as aligned columns under their titles. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plainText))
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => [...(row[index] ?? '')].length)),
  )
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const fill = ' '.repeat(Math.max(0, (widths[index] ?? 0) - [...cell].length))
        return align === 'right' ? fill + cell : cell + fill
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join('\n')
}

/** `label  value` lines, aligned. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(...fields.map(([label]) => label.length))
  return fields.map(([label, value]) => `${label.padEnd(width)}  ${plainText(value)}`).join('\n')
}
