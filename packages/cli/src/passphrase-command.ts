import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { EngineError } from '@lifeboat/core'

/**
 * What a program prints. It may ask on the terminal: stdin and stderr are ours. What it prints is a secret, and never part of
 * an error. No shell is used.
 */
export async function printedBy(command: string): Promise<Buffer> {
  const [program = '', ...args] = splitWords(command)
  const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'inherit'] })
  const ended = once(child, 'close').catch((cause: Error) => {
    throw failed(`cannot be started: ${cause.message}`)
  }) as Promise<[number | null, string | null]>
  const [printed, [code, signal]] = await Promise.all([buffer(child.stdout), ended])
  if (code === 0) return printed
  throw failed(code === null ? `was ended by ${signal}` : `ended with ${code}`)
}

function failed(how: string): EngineError {
  return new EngineError('KEY_MISSING', `The command that prints the passphrase ${how}.`, {
    advice: 'Run it by itself: it must print the passphrase, alone, and end with 0.',
  })
}

/** Words between blanks. Quotes, single or double, keep blanks in a word; a backslash keeps the character after it. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === '\\' && quote !== "'") word = (word ?? '') + line.charAt(++at)
    else if (character === quote) quote = null
    else if (quote === null && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (quote === null && /\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + character
  }
  if (quote !== null) throw new EngineError('USAGE', 'The command that prints the passphrase has an open quote.')
  if (word !== null) words.push(word)
  if (words.length === 0) throw new EngineError('USAGE', 'The command that prints the passphrase is empty.')
  return words
}
