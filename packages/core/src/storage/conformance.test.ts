import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { storageConformance } from './conformance.ts'
import { createLocalStorage } from './local.ts'
import { createMemoryStorage } from './memory.ts'
import { withRetry } from './retry.ts'
import type { Storage } from './storage.ts'

let root: string
let counter = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-storage-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const storages: Record<string, () => Storage> = {
  memory: createMemoryStorage,
  local: () => createLocalStorage(join(root, `new/${++counter}`), { create: true }),
  'with retry': () => withRetry(createMemoryStorage()),
  'faulty without a fault': () => createFaultyStorage(createMemoryStorage()),
}

for (const [name, create] of Object.entries(storages))
  describe(name, () => {
    for (const check of storageConformance) test(check.name, () => check.run(create()))
  })
