import { expect, test } from 'vitest'
import { EngineError, isEngineError } from '../errors.ts'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { createMemoryStorage } from './memory.ts'
import { withRetry } from './retry.ts'
import { wrapStorage } from './wrap.ts'

const one = Buffer.from('1')

test('one fault at any moment of any operation goes unnoticed', async () => {
  for (const moment of ['before', 'after', 'half-way'] as const)
    for (let operation = 1; operation <= 8; operation++) {
      const inner = createMemoryStorage()
      const storage = withRetry(createFaultyStorage(inner, { operation, moment }), { delayMs: 0 })
      expect(await storage.put('a', one, { ifAbsent: true })).toBe(true)
      expect(await storage.put('b', one)).toBe(true)
      expect(await storage.put('b', Buffer.from('other'), { ifAbsent: true })).toBe(false)
      expect(String(await storage.get('a'))).toBe('1')
      const names: string[] = []
      for await (const { name } of storage.list('')) names.push(name)
      expect(names.sort()).toEqual(['a', 'b'])
      await storage.delete('a')
      expect(await storage.stat('a')).toBe(null)
    }
})

test('it gives up after its attempts, with the last error', async () => {
  const storage = createFaultyStorage(createMemoryStorage())
  storage.stop()
  let attempts = 0
  const counted = wrapStorage(storage, {
    get: (...get) => {
      attempts++
      return storage.get(...get)
    },
  })
  await expect(withRetry(counted, { delayMs: 0, attempts: 3 }).get('a')).rejects.toSatisfy((error) =>
    isEngineError(error, 'STORAGE_FAILED'),
  )
  expect(attempts).toBe(3)
})

test('a full or vanished storage is not tried again, nor is an object that is not there', async () => {
  for (const code of ['STORAGE_FULL', 'STORAGE_GONE'] as const) {
    const faulty = createFaultyStorage(createMemoryStorage(), {
      operation: 1,
      error: () => new EngineError(code, code),
    })
    await expect(withRetry(faulty).put('a', one)).rejects.toMatchObject({ code })
    expect(faulty.operations).toBe(1)
  }
  const missing = createFaultyStorage(createMemoryStorage())
  await expect(withRetry(missing).get('a')).rejects.toMatchObject({ name: 'StorageObjectMissing' })
  expect(missing.operations).toBe(1)
})

test('an abort ends the pause between two attempts', async () => {
  const faulty = createFaultyStorage(createMemoryStorage())
  faulty.stop()
  const abort = new AbortController()
  const put = withRetry(faulty, { delayMs: 60_000, maximumDelayMs: 60_000 }).put('a', one, { signal: abort.signal })
  setTimeout(() => abort.abort(), 10)
  await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
})
