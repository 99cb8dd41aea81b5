import { expect, test } from 'vitest'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { createMemoryStorage } from './memory.ts'
import { readOnly } from './read-only.ts'
import { withStatistics } from './statistics.ts'

const one = Buffer.from('1')

test('what is read-only can be read, and nothing reaches the storage that would change it', async () => {
  const inner = createMemoryStorage()
  await inner.put('a', one)
  const storage = readOnly(inner)
  expect(String(await storage.get('a'))).toBe('1')
  const denied = expect.objectContaining({ code: 'STORAGE_DENIED' })
  await expect(storage.put('a', Buffer.from('2'))).rejects.toEqual(denied)
  await expect(storage.put('b', one, { ifAbsent: true })).rejects.toEqual(denied)
  await expect(storage.delete('a')).rejects.toEqual(denied)
  await expect(storage.sweepLeftovers?.()).rejects.toEqual(denied)
  expect(String(await inner.get('a'))).toBe('1')
})

test('statistics count operations, bytes and failures', async () => {
  const { storage, statistics } = withStatistics(createFaultyStorage(createMemoryStorage(), { operation: 6 }))
  await storage.put('a', Buffer.alloc(10))
  await storage.put('a', Buffer.alloc(10), { ifAbsent: true })
  await storage.get('a', { offset: 2, length: 3 })
  await expect(storage.get('b')).rejects.toThrow()
  for await (const _ of storage.list('')) await storage.stat('a').catch(() => {})
  await storage.delete('a')
  expect(statistics).toEqual({
    puts: 2,
    gets: 2,
    stats: 1,
    lists: 1,
    deletes: 1,
    failures: 1,
    bytesWritten: 10,
    bytesRead: 3,
  })
})
