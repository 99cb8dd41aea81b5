import { createHash } from 'node:crypto'
import { EngineError } from '@lifeboat/core'

/** A key of 32 bytes for paper: four lines of sixteen hex digits, each with a number and two check digits. */
export function printKey(key: Uint8Array): string {
  const hex = Buffer.from(key).toString('hex')
  const lines = hex.match(/.{16}/g) ?? []
  return lines
    .map((line, at) => `${at + 1}  ${line.match(/.{4}/g)?.join(' ')}  ${checkDigits(at + 1, line)}`)
    .join('\n')
}

/**
 * The 64 hex digits of a key as printed and typed in again; undefined for what is not in this form. Throws `USAGE` naming
 * the line with a slip in it.
 */
export function readPrintedKey(text: string): string | undefined {
  const lines = text
    .trim()
    .toLowerCase()
    .split(/\s*\n\s*/)
  const parts = lines.map((line) => /^([1-4])[\s.:]+((?:[0-9a-f]\s*){16})\s*([0-9a-f]{2})$/.exec(line))
  if (lines.length !== 4 || parts.some((part) => part === null)) return undefined
  return parts
    .map((part, at) => {
      const digits = (part?.[2] ?? '').replaceAll(/\s/g, '')
      if (part?.[1] !== String(at + 1) || part[3] !== checkDigits(at + 1, digits))
        throw new EngineError('USAGE', `Line ${at + 1} of the key is not as it was printed.`, {
          advice: 'Compare it digit by digit: its last two are a check of the others.',
        })
      return digits
    })
    .join('')
}

const checkDigits = (line: number, digits: string) =>
  createHash('sha256').update(`${line} ${digits}`).digest('hex').slice(0, 2)
