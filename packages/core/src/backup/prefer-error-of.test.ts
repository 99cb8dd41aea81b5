import { expect, test } from 'vitest'
import { preferErrorOf } from './prefer-error-of.ts'

const later = <T>(outcome: T | Error, ms: number) =>
  new Promise<T>((resolve, reject) =>
    setTimeout(() => (outcome instanceof Error ? reject(outcome) : resolve(outcome)), ms),
  )

test('what was worked for is not waited with', async () => {
  const first = later('opened', 1000)
  expect(await preferErrorOf(first, later('looked', 1))).toBe('looked')
})

test('of two failures the first one is told, also when it comes later', async () => {
  const first = later(new Error('wrong key'), 30)
  await expect(preferErrorOf(first, later(new Error('no database'), 1))).rejects.toThrow('wrong key')
})

test('a failure of the work alone is told', async () => {
  await expect(preferErrorOf(later('opened', 30), later(new Error('no database'), 1))).rejects.toThrow('no database')
})
