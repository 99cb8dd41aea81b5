import { plainText } from './format.ts'

/** Writes a command's result to stdout: the document with --json, else the text for people. */
export function writeResult(options: { json?: boolean }, document: unknown, text: string): void {
  process.stdout.write(
    options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text.split('\n').map(plainText).join('\n')}\n`,
  )
}
