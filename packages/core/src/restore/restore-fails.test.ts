import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const { repository, contextOf, backup, restore, contents, shopDatabase, databases } = restoreFixture(() => cluster)

test('an abort at any phase of a swap leaves the live database and no copy', async () => {
  const before = await shopDatabase('aborted')
  const context = await contextOf('aborted')
  const id = await backup(context)
  const there = await databases()
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, safetyBackup: false })
  for (const phase of ['create-database', 'definitions', 'rows', 'refresh', 'count-rows', 'properties', 'analyze']) {
    const aborting = new AbortController()
    const running = runRestore(context, plan, {
      signal: aborting.signal,
      report: (event) => event.type === 'phase' && event.phase === phase && aborting.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await databases()).toEqual(there)
  }
  expect(await contents('aborted')).toEqual(before)
  expect(
    await cluster.sql(
      'postgres',
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'lifeboat%'`,
    ),
  ).toEqual([{ n: 0 }])
})

test('a plan that is not true any more is refused', async () => {
  await cluster.createDatabase('changing')
  const context = await contextOf('changing')
  const id = await backup(context)
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id })
  await cluster.sql('changing', `CREATE TABLE a (); BEGIN; DROP TABLE a; PREPARE TRANSACTION 'p1'`)
  await expect(runRestore(context, plan)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  await cluster.sql('changing', `ROLLBACK PREPARED 'p1'`)
  await runRestore(context, plan)
})

test('a pack that is gone or has another size is a refusal; one that is damaged fails and harms nothing', async () => {
  const before = await shopDatabase('damaged')
  const storage = createMemoryStorage()
  const context = await contextOf('damaged', { repository: await repository(storage) })
  const id = await backup(context)
  const packs: { name: string; bytes: number }[] = []
  for await (const object of storage.list('packs/')) packs.push(object)
  const there = await databases()
  for (const { name } of packs) {
    const whole = await storage.get(name)
    const cut = whole.subarray(0, -1)
    const flipped = Buffer.from(whole)
    flipped[100] = (flipped[100] ?? 0) ^ 1
    await storage.put(name, cut)
    await expect(restore(context, id)).rejects.toMatchObject({
      code: expect.stringMatching(/RESTORE_REFUSED|DAMAGED|MISSING/),
    })
    await storage.delete(name)
    await expect(restore(context, id)).rejects.toMatchObject({
      code: expect.stringMatching(/RESTORE_REFUSED|DAMAGED|MISSING/),
    })
    await storage.put(name, flipped)
    for (const strategy of ['swap', 'in-place'] as const) {
      await expect(restore(context, id, { safetyBackup: false, strategy })).rejects.toMatchObject({
        code: 'REPOSITORY_DAMAGED',
      })
    }
    await storage.put(name, whole)
  }
  expect(packs.length).toBeGreaterThan(0)
  expect(await databases()).toEqual(there)
  expect(await contents('damaged')).toEqual(before)
})

test('a safety backup that fails stops the restore before anything', async () => {
  await cluster.createDatabase('unsafe')
  await cluster.sql('unsafe', 'CREATE TABLE t (a int)')
  const storage = createMemoryStorage()
  const context = await contextOf('unsafe', { repository: await repository(storage) })
  const id = await backup(context)
  const there = await databases()
  const put = storage.put.bind(storage)
  storage.put = (name, data, options) =>
    name.startsWith('backups/') ? Promise.reject(new Error('full')) : put(name, data, options)
  await expect(restore(context, id)).rejects.toMatchObject({ code: 'SAFETY_BACKUP_FAILED' })
  expect(await databases()).toEqual(there)
  expect(await restore(context, id, { safetyBackup: false })).toMatchObject({ safetyBackupId: null })
})

test('a restore that fails after its safety backup names it, and says that nothing was swapped', async () => {
  await cluster.createDatabase('late')
  const context = await contextOf('late', {
    validators: [{ name: 'no', validate: () => Promise.reject(new Error('refused')) }],
  })
  const id = await backup(context)
  const failed = await restore(context, id).catch((error: unknown) => error)
  expect(failed).toMatchObject({
    code: 'VALIDATION_FAILED',
    detail: { swapped: false, restore_id: expect.stringMatching(/^r/), safety_backup_id: expect.stringMatching(/^b/) },
  })
})

test('in-place: what fails after the commit is a problem of a restore that has happened', async () => {
  await cluster.createDatabase('committed')
  await cluster.sql('committed', 'CREATE TABLE t AS SELECT 1 AS v')
  const context = await contextOf('committed', {
    validators: [{ name: 'no', validate: () => Promise.reject(new Error('refused')) }],
  })
  const id = await backup(context)
  await cluster.sql('committed', 'UPDATE t SET v = 2')
  const result = await restore(context, id, { strategy: 'in-place' })
  expect(result).toMatchObject({
    swapped: true,
    safetyBackupId: expect.stringMatching(/^b/),
    problems: [{ code: 'VALIDATION_FAILED', advice: expect.stringContaining('safety backup') }],
  })
  expect(await cluster.sql('committed', 'SELECT v FROM t')).toEqual([{ v: 1 }])
})
