/** What follows the mark of the way back in a file, up to the mark of the way there or the end; null where there is none. */
export function downSection(text: string, marks: { up: RegExp; down: RegExp }): string | null {
  const down = marks.down.exec(text)
  if (!down) return null
  const begin = down.index + down[0].length
  const up = marks.up.exec(text)
  const end = up && up.index > down.index ? up.index : text.length
  const sql = text.slice(begin, end).trim()
  return sql === '' ? null : `${sql}\n`
}
