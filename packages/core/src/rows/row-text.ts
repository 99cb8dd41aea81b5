/**
 * Fields of COPY text. Lines are compared and moved as bytes; they are only taken apart to find a key or to be shown.
 */

const tab = 9
const backslash = 92

/** The raw fields of a line, without its newline; a tab within a value is escaped, so each tab divides two. */
export function rawFields(line: Buffer): Buffer[] {
  const end = line.at(-1) === 10 ? line.length - 1 : line.length
  const fields: Buffer[] = []
  let start = 0
  for (let at = line.indexOf(tab); at >= 0 && at < end; at = line.indexOf(tab, at + 1)) {
    fields.push(line.subarray(start, at))
    start = at + 1
  }
  fields.push(line.subarray(start, end))
  return fields
}

/** The raw fields of a line at some positions, put together as they are: what rows are told apart by. */
export function keyOf(line: Buffer, positions: readonly number[]): Buffer {
  const fields = rawFields(line)
  return Buffer.concat(positions.flatMap((position) => [fields[position] ?? Buffer.alloc(0), Buffer.from([tab])]))
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** The value of a raw field as text; `null` for NULL. */
export function fieldText(field: Buffer): string | null {
  if (field.length === 2 && field[0] === backslash && field[1] === 78) return null
  const text = field.toString('utf8')
  return field.includes(backslash) ? text.replace(/\\(.)/gs, (_, char: string) => escapes[char] ?? char) : text
}

/** The values of a line by column. */
export function rowValues(line: Buffer, columns: readonly string[]): Record<string, string | null> {
  const fields = rawFields(line)
  return Object.fromEntries(columns.map((column, position) => [column, fieldText(fields[position] ?? Buffer.alloc(0))]))
}
