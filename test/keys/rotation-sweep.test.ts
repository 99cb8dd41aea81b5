import { createBackupEngine, isEngineError, type KeyOption } from '@lifeboat/core'
import { createMemoryStorage, type Storage } from '@lifeboat/core/storage'
import { createFaultyStorage, startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, some } from '../runner/counts.ts'

/** Killed during a rotation at every single storage operation: every backup opens with the old key or the new one. */
let cluster: TemporaryCluster
let objects: [string, Buffer][]
const old: KeyOption = { rawKey: '01'.repeat(32) }

/** Wraps by turning bits over: what matters here is when it is asked, not how. */
const turned = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte) => byte ^ 0x5a)
const keys: Record<string, KeyOption> = {
  'a raw key': { rawKey: '02'.repeat(32) },
  'a KMS key': { kms: { id: 'kms', wrap: async (bytes) => turned(bytes), unwrap: async (bytes) => turned(bytes) } },
}

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  const database = await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 300) AS n')
  const storage = createMemoryStorage()
  const engine = createBackupEngine({ database, repository: storage, encryption: old })
  await engine.repository.init()
  await engine.backups.create({ name: 'first' })
  await engine.backups.create({ name: 'second', type: 'full' })
  await engine.stop()
  objects = []
  for await (const { name } of storage.list('')) objects.push([name, await storage.get(name)])
})
afterAll(() => cluster?.stop())

async function repositoryAgain(): Promise<Storage> {
  const storage = createMemoryStorage()
  for (const [name, data] of objects) await storage.put(name, data)
  return storage
}

/** Every backup, opened and each of its chunks read: false where the key does not open the repository. */
async function opensAll(storage: Storage, encryption: KeyOption): Promise<boolean> {
  const engine = createBackupEngine({ repository: storage, encryption })
  try {
    const { backups, damaged } = await engine.backups.list()
    expect([backups.length, damaged]).toEqual([2, []])
    for (const { id } of backups)
      expect(await engine.backups.verify(id, { levels: ['checksums'] })).toMatchObject({ ok: true })
    return true
  } catch (error) {
    if (isEngineError(error, 'WRONG_KEY')) return false
    throw error
  } finally {
    await engine.stop()
  }
}

describe.each(some(Object.entries(keys), 1))('a rotation to %s', (_name, next) => {
  test.each(['before', 'half-way', 'after'] as const)(
    'killed %s every operation',
    { timeout: 300_000 },
    async (moment) => {
      const seen = { old: 0, both: 0, next: 0 }
      let operation = 1
      for (; ; operation += isLong ? 1 : 3) {
        const storage = await repositoryAgain()
        const faulty = createFaultyStorage(storage, { operation, moment, stop: true })
        await createBackupEngine({ repository: faulty, encryption: old })
          .keys.rotate(next)
          .catch(() => {})
        if (!faulty.faultMet) break
        const opens = { old: await opensAll(storage, old), next: await opensAll(storage, next) }
        expect(opens.old || opens.next, `operation ${operation}`).toBe(true)
        seen[opens.old && opens.next ? 'both' : opens.old ? 'old' : 'next']++
        // Doing it again ends it.
        if (opens.old) await createBackupEngine({ repository: storage, encryption: old }).keys.rotate(next)
        expect([await opensAll(storage, old), await opensAll(storage, next)]).toEqual([false, true])
      }
      expect(operation).toBeGreaterThan(15)
      expect(seen.old).toBeGreaterThan(0)
      expect(seen.both).toBeGreaterThan(0)
    },
  )
})
