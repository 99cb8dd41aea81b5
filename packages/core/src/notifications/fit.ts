/** Lengths as a channel counts them. */
export type Measure = (text: string) => number

export const bytesOf: Measure = (text) => Buffer.byteLength(text)
/** UTF-16 units, as most services count: never fewer than characters. */
export const unitsOf: Measure = (text) => text.length

/** The beginning of a text that fits, cut between characters and marked as cut. */
export function fitText(text: string, most: number, measure: Measure = unitsOf): string {
  if (measure(text) <= most) return text
  const mark = '…'
  const room = most - measure(mark)
  if (room < 0) return ''
  let fitted = ''
  let used = 0
  for (const character of text) {
    used += measure(character)
    if (used > room) break
    fitted += character
  }
  return fitted + mark
}

/** As many whole lines as fit; the rest is counted. A first line that is too long by itself is cut. */
export function fitLines(lines: readonly string[], most: number, measure: Measure = unitsOf): string {
  const whole = lines.join('\n')
  if (measure(whole) <= most) return whole
  const kept: string[] = []
  let used = 0
  for (const line of lines) {
    const next = used + measure(`${line}\n`)
    if (next + measure(moreThan(lines.length)) > most) break
    kept.push(line)
    used = next
  }
  const left = moreThan(lines.length - kept.length)
  if (kept.length === 0) return fitText(lines[0] ?? '', most, measure)
  return [...kept, left].join('\n')
}

const moreThan = (count: number): string => `… and ${count} more`
