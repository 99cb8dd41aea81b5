import { createHash } from 'node:crypto'
import { type Block, type PlanDocument, type Sentence, type Step, visible } from './document.ts'

/** For screens and for paper: no page break inside a step, and nothing that only a colour says. */
const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff; }
h2 { border-top: 1px solid #888; padding-top: .75rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #888; padding: .25rem .5rem; text-align: left; vertical-align: top; }
code { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { border: 1px solid #888; padding: .5rem; white-space: pre-wrap; }
.blank { border-bottom: 1px solid #111; display: inline-block; min-width: 20rem; }
@media print {
  body { font-size: 11pt; max-width: none; margin: 0; padding: 0; }
  code, pre { font-size: 9pt; }
  h2 { break-after: avoid; }
  li, tr, pre { break-inside: avoid; }
  @page { margin: 18mm; }
}
`

/** What a server lets the page do: show its own style, and nothing else. */
export const planPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`

/** The document as one HTML page that needs nothing else, with a style for paper. Every value is escaped. */
export function toHtml({ title, blocks }: PlanDocument): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${blocks.map(blockHtml).join('\n')}
</body>
</html>
`
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escaped(block.text)}</h2>`
    case 'paragraph':
      return `<p>${sentence(block.text)}</p>`
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${sentence(item)}</li>`).join('\n')}\n</ul>`
    case 'table':
      return [
        '<table>',
        `<tr>${block.columns.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr>`,
        ...block.rows.map((row) => `<tr>${row.map((cell) => `<td>${sentence(cell)}</td>`).join('')}</tr>`),
        '</table>',
      ].join('\n')
    case 'steps':
      return `<ol>\n${block.steps.map(stepHtml).join('\n')}\n</ol>`
    case 'blank':
      return `<p>${escaped(block.label)}: <span class="blank">&nbsp;</span></p>`
  }
}

function stepHtml({ text, commands = [] }: Step): string {
  const lines = commands.map((line) => escaped(line)).join('\n')
  return `<li>${sentence(text)}${lines === '' ? '' : `\n<pre><code>${lines}</code></pre>`}</li>`
}

const sentence = (pieces: Sentence): string =>
  pieces.map((piece) => (typeof piece === 'string' ? escaped(piece) : `<code>${escaped(piece.value)}</code>`)).join('')

const escaped = (text: string): string => visible(text).replaceAll(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`)
