import { expect, test } from 'vitest'
import { warnOfWeakKey, weaknessOf } from './weak-passphrase.ts'

test.each(['horse', 'elevenchars', 'abababababab', '🐴🐴🐴🐴🐴'])('%s is weak', (passphrase) => {
  expect(weaknessOf(passphrase)).toContain('by trying')
})

test.each(['correct horse battery', 'Grüße an alle Welt'])('%s is not', (passphrase) => {
  expect(weaknessOf(passphrase)).toBeNull()
})

test('the warning never holds the passphrase, and only passphrases are judged', () => {
  const said: string[] = []
  const report = (event: { type: string; message?: string }) => said.push(event.message ?? '')
  warnOfWeakKey({ passphrase: 'Zebra' }, report)
  warnOfWeakKey({ rawKey: '00' }, report)
  warnOfWeakKey('none', report)
  expect(said).toHaveLength(1)
  expect(said[0]).not.toContain('Zebra')
})
