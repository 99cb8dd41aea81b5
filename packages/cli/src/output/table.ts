import { plainText } from './format.ts'
import { widthOf } from './terminal.ts'

export interface Column {
  title: string
  align?: 'left' | 'right'
  /** May be left out where the terminal is too narrow for all; the lowest goes first. Piped output has every column. */
  spare?: number
}

const gap = 2
/** Spare columns go until the last one has this much room; it is cut, but never shorter than this. */
const comfortable = 14
const shortest = 12

/**
 * Rows of text as aligned columns under their titles. Where they are wider than `width`, spare columns are left out,
 * and the last one is cut, so that a row stays a line.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = widthOf(process.stdout),
): string {
  const cells = rows.map((row) => row.map(plainText))
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => lengthOf(row[index] ?? ''))),
  )
  const shown = columnsThatFit(columns, widths, width)
  const last = shown.at(-1) ?? 0
  const before = shown.slice(0, -1).reduce((sum, index) => sum + (widths[index] ?? 0) + gap, 0)
  const room = Math.max(shortest, width - before)
  const line = (row: readonly string[]) =>
    shown
      .map((index) => {
        const whole = row[index] ?? ''
        const cell = index === last && columns[index]?.align !== 'right' ? cut(whole, room) : whole
        const fill = ' '.repeat(Math.max(0, (widths[index] ?? 0) - lengthOf(cell)))
        return columns[index]?.align === 'right' ? fill + cell : index === last ? cell : cell + fill
      })
      .join(' '.repeat(gap))
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join('\n')
}

/** Indexes of the columns to show, in order. */
function columnsThatFit(columns: readonly Column[], widths: readonly number[], width: number): number[] {
  let shown = columns.map((_, index) => index)
  const rankOf = (index: number) => columns[index]?.spare ?? Number.POSITIVE_INFINITY
  const needed = () =>
    shown.reduce((sum, index, at) => {
      const full = widths[index] ?? 0
      return sum + (at === shown.length - 1 ? Math.min(full, comfortable) : full + gap)
    }, 0)
  while (needed() > width) {
    const next = shown.reduce((least, index) => (rankOf(index) < rankOf(least) ? index : least))
    if (rankOf(next) === Number.POSITIVE_INFINITY) break
    shown = shown.filter((index) => index !== next)
  }
  return shown
}

const lengthOf = (text: string): number => [...text].length

const cut = (text: string, room: number): string =>
  lengthOf(text) <= room ? text : `${[...text].slice(0, room - 1).join('')}…`

/** `label  value` lines, aligned. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(...fields.map(([label]) => label.length))
  return fields.map(([label, value]) => `${label.padEnd(width)}  ${plainText(value)}`).join('\n')
}
