import { plainText } from './format.ts'
import { forTerminal } from './terminal.ts'

/** Writes a command's result to stdout: the document with --json, else the text for people. */
export function writeResult(options: { json?: boolean }, document: unknown, text: string): void {
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document, null, 2)}\n`
      : `${forTerminal(text.split('\n').map(plainText).join('\n'), process.stdout)}\n`,
  )
}
