import { performance } from 'node:perf_hooks'

/** Tells the demo as numbered steps with times, for a terminal or a log. */
export interface Narrator {
  /** Runs one step under a heading and remembers how long it took. */
  step<T>(title: string, work: () => Promise<T>): Promise<T>
  say(text: string): void
  /** A command as one would type it. */
  command(line: string): void
  /** The times of all steps. */
  summary(): string
}

/** What is told fits a terminal of 80 columns. */
const columns = 80

export function createNarrator(): Narrator {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const times: { title: string; seconds: number }[] = []
  return {
    async step(title, work) {
      console.log(`\n${paint(1, `${times.length + 1}. ${title}`)}`)
      const entry = { title, seconds: 0 }
      times.push(entry)
      const started = performance.now()
      const result = await work()
      entry.seconds = (performance.now() - started) / 1000
      console.log(paint(2, `   (${entry.seconds.toFixed(1)} s)`))
      return result
    },
    say: (text) => console.log(text.split('\n').flatMap(fitted).join('\n')),
    command: (line) => console.log(paint(36, `   $ ${line}`)),
    summary: () =>
      times
        .filter(({ seconds }) => seconds > 0)
        .map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}`)
        .join('\n'),
  }
}

/** One line, indented; where it is too long, broken between words, and what goes on set below the text. */
function fitted(line: string): string[] {
  if (line === '') return ['']
  const hang = /^ *(?:\d+\. +|[→✓✗!+-] |\w[\w ]*? {2,})?/.exec(line)?.[0].length ?? 0
  const lines: string[] = []
  let current = `   ${line.slice(0, hang)}`
  for (const [index, word] of line.slice(hang).split(' ').entries()) {
    if (index > 0 && current.length + 1 + word.length > columns) {
      lines.push(current.trimEnd())
      current = `   ${' '.repeat(hang)}${word}`
    } else current += index > 0 ? ` ${word}` : word
  }
  return [...lines, current.trimEnd()]
}
