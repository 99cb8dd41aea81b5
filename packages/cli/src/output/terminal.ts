import { styleText } from 'node:util'

/** What of a stream decides how text is laid out on it. */
export type TextStream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>

/** How wide text may be on it; without a terminal nothing is cut or broken: a program reads it. */
export function widthOf(stream: TextStream): number {
  return stream.isTTY ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY
}

/** Lines as a terminal shows them best: broken between words, marks in colour (not with NO_COLOR). */
export function forTerminal(text: string, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY) return text
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, widthOf(stream)))
    .map((line) => colourMark(line, stream))
    .join('\n')
}

/** A line that is to be copied stays in one piece. */
const toBeCopied = /^\s*(\w+: )?lifeboat /

/** A mark or number before the text, or a label and the gap after it: what follows is set below the text. */
const lead = /^\s*(?:[✓✗!] |\d+\. +|(?!\s)[^ ]+(?: [^ ]+)* {2,})?/

/** Breaks a line that is too long between its words; what goes on is indented like the text it belongs to. */
export function wrapLine(line: string, columns: number): string[] {
  if (line.length <= columns || toBeCopied.test(line)) return [line]
  const indent = lead.exec(line)?.[0].length ?? 0
  const room = indent > columns / 2 ? 0 : indent
  const lines: string[] = []
  let current = line.slice(0, room)
  for (const word of line.slice(room).split(' ')) {
    const joined = current.length > room ? `${current} ${word}` : current + word
    if (joined.length > columns && current.trim() !== '') {
      lines.push(current.trimEnd())
      current = ' '.repeat(room) + word
    } else current = joined
  }
  return [...lines, current.trimEnd()]
}

const colours = { '✓': 'green', '✗': 'red', '!': 'yellow' } as const

function colourMark(line: string, stream: NodeJS.WriteStream): string {
  return line.replace(
    /^(\s*)([✓✗!])(?= )/u,
    (_, space: string, mark: keyof typeof colours) => `${space}${styleText(colours[mark], mark, { stream })}`,
  )
}
