import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { printKey, readPrintedKey } from './printed-key.ts'

describe('a key on paper', () => {
  const key = randomBytes(32)
  const printed = printKey(key)

  test('is typed in again, however the blanks fall', () => {
    expect(printed.split('\n')).toHaveLength(4)
    for (const typed of [
      printed,
      `  ${printed.replaceAll('\n', '  \r\n')}\n\n`,
      printed.toUpperCase(),
      printed.replaceAll(/(?<=\w{4}) (?=\w{4})/g, ''),
    ])
      expect(readPrintedKey(typed)).toBe(key.toString('hex'))
  })

  test('tells the line with a slip in it, whichever digit it is', () => {
    const fixed = printKey(Buffer.alloc(32, 0xab)).split('\n')
    let found = 0
    for (const [at, line] of fixed.entries()) {
      const slip = line.replace('abab', 'abad')
      const typed = fixed.with(at, slip).join('\n')
      expect(() => readPrintedKey(typed)).toThrow(expect.objectContaining({ code: 'USAGE' }))
      found++
    }
    expect(found).toBe(4)
    const exchanged = [fixed[1], fixed[0], fixed[2], fixed[3]].join('\n')
    expect(() => readPrintedKey(exchanged)).toThrow('Line 1')
  })

  test('is not what else a key file holds', () => {
    for (const other of ['', key.toString('hex'), printed.split('\n').slice(0, 3).join('\n'), 'a passphrase'])
      expect(readPrintedKey(other)).toBeUndefined()
  })
})
