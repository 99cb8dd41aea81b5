import { afterAll, beforeAll, expect, test } from 'vitest'
import { newBackupId } from '../repository/documents/backup-id.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

test('a process paused at its commit does not delete the backup that another one completed under the same id', async () => {
  const storage = createMemoryStorage()
  const id = newBackupId()
  const completed = Buffer.from('the manifest that the other process committed')
  const context = await testContext(await cluster.createDatabase('app'), {
    storage: {
      ...storage,
      async put(name, data, options) {
        // The moment at which it wakes up: the other one has been here.
        if (name === manifestName(id)) await storage.put(name, completed)
        return storage.put(name, data, options)
      },
    },
  })
  await expect(runBackup(context, testOptions({ id, pinned: true }))).rejects.toThrow('already')
  expect(await storage.get(manifestName(id))).toEqual(completed)
})
