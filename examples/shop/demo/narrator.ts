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
    say: (text) => console.log(indented(text)),
    command: (line) => console.log(paint(36, `   $ ${line}`)),
    summary: () =>
      times
        .filter(({ seconds }) => seconds > 0)
        .map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}`)
        .join('\n'),
  }
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ')
}
