import { type Block, type PlanDocument, type Sentence, type Step, visible } from './document.ts'

/** The document as GitHub Flavored Markdown. Values are code spans and fences that they cannot leave. */
export function toMarkdown({ title, blocks }: PlanDocument): string {
  return `${[`# ${escaped(title)}`, ...blocks.map(blockText)].join('\n\n')}\n`
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `## ${escaped(block.text)}`
    case 'paragraph':
      return sentence(block.text)
    case 'list':
      return block.items.map((item) => `- ${sentence(item)}`).join('\n')
    case 'table':
      return [block.columns.map(escaped), block.columns.map(() => '---'), ...block.rows.map((row) => row.map(cell))]
        .map((cells) => `| ${cells.join(' | ')} |`)
        .join('\n')
    case 'steps':
      return block.steps.map(stepText).join('\n')
    case 'blank':
      return `${escaped(block.label)}: ${'\\_'.repeat(40)}`
  }
}

function stepText({ text, commands = [] }: Step, index: number): string {
  const head = `${index + 1}. ${sentence(text)}`
  if (commands.length === 0) return head
  const fence = '`'.repeat(Math.max(3, longestRun(commands.join('\n')) + 1))
  const indent = ' '.repeat(`${index + 1}. `.length)
  return [head, ...[`${fence}sh`, ...commands.map(visible), fence].map((line) => indent + line)].join('\n')
}

const sentence = (pieces: Sentence): string =>
  pieces.map((piece) => (typeof piece === 'string' ? escaped(piece) : codeSpan(piece.value))).join('')

/** A bar ends a cell in a code span, too. */
const cell = (pieces: Sentence): string =>
  pieces
    .map((piece) => (typeof piece === 'string' ? escaped(piece) : codeSpan(piece.value).replaceAll('|', '\\|')))
    .join('')

function codeSpan(value: string): string {
  const text = visible(value)
  if (text.trim() === '') return text === '' ? '(empty)' : '(blank)'
  const ticks = '`'.repeat(longestRun(text) + 1)
  const pad = text.startsWith('`') || text.endsWith('`') || /^ .* $/.test(text) ? ' ' : ''
  return `${ticks}${pad}${text}${pad}${ticks}`
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))

const escaped = (text: string): string => visible(text).replaceAll(/[\\`*_{}[\]<>#|~&]/g, (mark) => `\\${mark}`)
