import { afterAll, beforeAll, expect, test } from 'vitest'
import { listManifests } from '../repository/documents/manifests.ts'
import { initRepository } from '../repository/init.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { createFaultyStorage, type FaultPlan } from '../testing/faulty-storage.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { openBackup, ourBackendsSql, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql('app', `CREATE TABLE a AS SELECT i, md5(i::text) AS t FROM generate_series(1, 2000) i`)
})
afterAll(() => cluster?.stop())

/** Ways for the N-th storage operation to fail. With `stop` nothing works afterwards, as if the process had been killed. */
const ways: Omit<FaultPlan, 'operation'>[] = [
  { moment: 'before' },
  { moment: 'after' },
  { moment: 'half-way' },
  { moment: 'before', stop: true },
  { moment: 'after', stop: true },
  { moment: 'half-way', stop: true },
]

async function sameRepository(repository: Repository, storage: Storage): Promise<Repository> {
  return { ...repository, storage }
}

/** Every operation with `npm run test:long`; a number that has no factor in common with that of the ways. */
const step = process.env.LIFEBOAT_LONG === '1' ? 1 : 5

/** Every backup that is listed opens and holds all rows. */
async function expectWhole(repository: Repository): Promise<string[]> {
  const ids: string[] = []
  for await (const { id, manifest, error } of listManifests(repository)) {
    expect(error).toBeUndefined()
    const rows = await (await openBackup(repository, manifest!)).rows('public.a')
    expect(rows.toString().split('\n')).toHaveLength(2001)
    ids.push(id)
  }
  return ids
}

test('operation N fails, in turn in every way: good and restorable, or failed; the next backup is good', {
  timeout: 600_000,
}, async () => {
  const resources = { connections: 1, packBytes: 16 << 20 }
  let operation = 1
  for (let met = true; met; operation += step) {
    const memory = createMemoryStorage()
    const clean = await initRepository(memory, { rawKey: Buffer.alloc(32, 7) })
    const plan: FaultPlan = { ...ways[operation % ways.length], operation }
    const faulty = createFaultyStorage(memory, plan)
    const context = await testContext(cluster.url('app'), {
      repository: await sameRepository(clean, faulty),
      resources,
    })
    const outcome = await runBackup(context, testOptions()).then(
      ({ manifest }) => manifest.id,
      (error: unknown) => error as Error,
    )
    met = faulty.faultMet
    const what = `${operation}: ${faulty.log[operation - 1]} ${JSON.stringify(plan)}`
    // Without a fault there is no excuse.
    if (!met) expect(outcome, what).toBeTypeOf('string')
    const visible = await expectWhole(clean)
    if (typeof outcome === 'string') expect(visible, what).toEqual([outcome])
    // Killed right after the manifest was put, a backup is there though no caller learned of it: it is whole, as just
    // checked.
    else if (!plan.stop) expect(visible, what).toEqual([])
    // The server ends a backend a moment after its client.
    await expect.poll(() => cluster.sql('app', ourBackendsSql), { message: what }).toEqual([])
  }
  process.stderr.write(`crash sweep: ${operation - 1 - step} operations\n`)
  expect(operation).toBeGreaterThan(15)
})
