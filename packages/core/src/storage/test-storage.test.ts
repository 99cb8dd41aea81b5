import { expect, test } from 'vitest'
import { storageConformance } from './conformance.ts'
import { createMemoryStorage } from './memory.ts'
import { testStorage } from './test-storage.ts'
import { wrapStorage } from './wrap.ts'

async function names(storage: ReturnType<typeof createMemoryStorage>) {
  const found: string[] = []
  for await (const { name } of storage.list('')) found.push(name)
  return found
}

test('a sound storage passes every check and is left as it was', async () => {
  const storage = createMemoryStorage()
  await storage.put('config', Buffer.from('of a repository'))
  const report = await testStorage(storage)
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
  expect(report).toMatchObject({ ok: true, location: 'memory' })
  expect(report.checks).toHaveLength(storageConformance.length)
  expect(report.uploadBytesPerSecond).toBeGreaterThan(1_000_000)
  expect(await names(storage)).toEqual(['config'])
})

test('one that forgets put-if-absent fails by the name of the check', async () => {
  const storage = createMemoryStorage()
  const careless = wrapStorage(storage, { put: (name, data) => storage.put(name, data) })
  const report = await testStorage(careless)
  expect(report.ok).toBe(false)
  expect(report.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([
    'put with ifAbsent never replaces',
    'of writers competing with ifAbsent one wins, and its bytes are there',
    'an aborted signal ends an operation with ABORTED',
  ])
  expect(await names(storage)).toEqual([])
})
