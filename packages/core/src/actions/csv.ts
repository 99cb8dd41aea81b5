/**
 * Rows as CSV (RFC 4180) with a header line. Text that a spreadsheet would take for a formula gets an apostrophe in front:
 * names of backups are written by people. That holds inside a cell too, where a spreadsheet that separates by semicolons,
 * tabs or lines would begin a cell of its own.
 */
export function toCsv<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): string {
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((column) => cell(row[column])))]
  return `${lines.map((cells) => cells.join(',')).join('\r\n')}\r\n`
}

/** Where a cell could begin, and what begins a formula there; quotes and blanks before the sign are passed over. */
const formula = /(^|[;\t\r\n])((?:(?![\t\r\n])["'\p{Z}\p{C}])*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])/gu

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const text = typeof value === 'string' || typeof value === 'object' ? plain.replace(formula, "$1'$2") : plain
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
