/**
 * Rows as CSV (RFC 4180) with a header line. A cell that a spreadsheet would take for a formula gets an apostrophe in
 * front: names of backups are written by people.
 */
export function toCsv<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): string {
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((column) => cell(row[column])))]
  return `${lines.map((cells) => cells.join(',')).join('\r\n')}\r\n`
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Whether the client would rather have CSV than JSON. */
export function wantsCsv(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return accept.includes('text/csv') && !accept.includes('application/json')
}

export function csvResponse(text: string, fileName: string): Response {
  return new Response(text, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${fileName}"`,
      'cache-control': 'no-store',
    },
  })
}
