import { beforeEach, expect, test } from 'vitest'
import { createMemoryStorage } from '../../storage/memory.ts'
import { wrapStorage } from '../../storage/wrap.ts'
import { initRepository } from '../init.ts'
import type { Repository } from '../repository.ts'
import { newBackupId } from './backup-id.ts'
import { manifestName } from './manifests.ts'
import { claimNumber, cleanNumbers } from './numbers.ts'
import { emptyStream, sampleManifest } from './sample-manifest.ts'
import { putDocument } from './sealed-document.ts'

let repository: Repository
beforeEach(async () => {
  repository = await initRepository(createMemoryStorage(), { rawKey: Buffer.alloc(32, 7) })
})

async function store(number: number) {
  const streams = { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
  const id = newBackupId()
  await putDocument(repository, manifestName(id), sampleManifest(id, streams, { number }))
}

test('a number that is claimed while old ones are cleaned up is not given again', async () => {
  for (let n = 1; n <= 3; n++) expect(await claimNumber(repository)).toBe(n)
  let claimed = 0
  const storage = wrapStorage(repository.storage, {
    async *list(prefix, options) {
      yield* repository.storage.list(prefix, options)
      if (prefix === 'numbers/' && claimed === 0) claimed = await claimNumber(repository)
    },
  })
  await cleanNumbers({ ...repository, storage })
  expect(claimed).toBe(4)
  expect(await claimNumber(repository)).toBe(5)
})

test.each([
  'numbers/999999999999999',
  'numbers/9999999999999999999',
  'numbers/3',
  'numbers/4',
  'numbers/0',
  'numbers/x',
  'numbers/1/2',
])('%s, which is no claim of ours, keeps no backup from its number', async (name) => {
  for (let n = 1; n <= 2; n++) await claimNumber(repository)
  await repository.storage.put(name, Buffer.from('junk'))
  const given = [await claimNumber(repository), await claimNumber(repository)]
  await cleanNumbers(repository)
  given.push(await claimNumber(repository))
  expect(new Set(given).size).toBe(3)
  for (const number of given) expect(number).toBeGreaterThan(2)
  for (const number of given) expect(number).toBeLessThan(10)
})

test('where every claim is gone, the backups say which numbers were given', async () => {
  await claimNumber(repository)
  await store(41)
  await repository.storage.delete('numbers/1')
  expect(await claimNumber(repository)).toBe(42)
})
