import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import { createDistantStorage, oneAfterTheOther } from './distant-storage.ts'

/**
 * How many answers of the storage are waited for one after the other, whatever the size of the database: over 50 ms each
 * is seen. The latency here is only long enough for what goes beside something else to be told from what waits for it, on a
 * busy machine too. Leases are left out: how often they are renewed depends on the machine. They add up to four. Claims of
 * numbers go beside the look at the server, and count where that is slow.
 */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    'CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 20000) i',
  )
})
afterAll(() => cluster?.stop())

/** What a person looks at first, by the command and on the first page, with the repository to open: config and key slots, and the slot. */
const reads: readonly (readonly [(engine: BackupEngine) => Promise<unknown>, number])[] = [
  [(engine) => engine.backups.list(), 4],
  [(engine) => engine.status(), 5],
  [(engine) => engine.protection(), 6],
  [(engine) => engine.statistics(), 5],
  [(engine) => engine.alarms.list(), 3],
  [(engine) => engine.backups.get('latest'), 7],
  // However many the backups, the chains of the audit log and their anchors are.
  [(engine) => engine.doctor(), 8],
  [(engine) => engine.checklist(), 10],
]

test('a backup, a list and a restore wait for few round trips', async () => {
  const memory = createMemoryStorage()
  /** Each in an engine of its own, which has to open the repository. */
  const count = async (work: (engine: BackupEngine) => Promise<unknown>) => {
    const { storage, asked } = createDistantStorage(memory, 200)
    const engine = createBackupEngine({
      database: cluster.url('app'),
      repository: storage,
      encryption: { rawKey: '07'.repeat(32) },
      catalog: ':memory:',
    })
    await work(engine)
    await engine.stop()
    return oneAfterTheOther(asked.filter(({ what }) => !what.includes(' leases/'))).map(({ what }) => what)
  }
  await count((engine) => engine.repository.init())
  // A backup that is made is judged by those before it: a list of them, and the tables of two.
  // The last one of each that changes anything is the anchor of its event in the audit log.
  const full = await count((engine) => engine.backups.create({ type: 'full' }))
  expect(full.length, full.join('\n')).toBeLessThanOrEqual(16)
  // The first one after it: another list of tables is stored, and the two are compared.
  const second = await count((engine) => engine.backups.create())
  expect(second.length, second.join('\n')).toBeLessThanOrEqual(19)
  const unchanged = await count((engine) => engine.backups.create())
  expect(unchanged.length, unchanged.join('\n')).toBeLessThanOrEqual(14)
  // Each in an engine of its own: none waits for another one.
  const waited = await Promise.all(reads.map(([read]) => count(read)))
  for (const [index, [, most]] of reads.entries())
    expect(waited[index]?.length, waited[index]?.join('\n')).toBeLessThanOrEqual(most)
  const restore = await count((engine) =>
    engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: 'restored' }),
  )
  // It is planned when it is asked for, when it runs, and once more under its lock.
  expect(restore.length, restore.join('\n')).toBeLessThanOrEqual(22)
})
