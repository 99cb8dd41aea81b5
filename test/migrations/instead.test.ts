import { createBackupEngine } from '@lifeboat/core'
import type { MigrationInspector } from '@lifeboat/core/migrations'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const inspector = (...ids: string[]): MigrationInspector => ({
  name: 'ledger',
  ledgerTables: ['public.ledger'],
  applied: (query) => query('SELECT id FROM public.ledger ORDER BY id'),
  known: async () => ids.map((id) => ({ id })),
})

test('a plan that is refused for its migrations names the nearest backup that this code can restore', async () => {
  const database = await cluster.createDatabase('shop')
  await cluster.sql('shop', "CREATE TABLE ledger (id text PRIMARY KEY); INSERT INTO ledger VALUES ('a')")
  const common = { database, repository: createMemoryStorage(), encryption: 'none' } as const
  const before = createBackupEngine({ ...common, migrations: [inspector('a')] })
  await before.repository.init()
  const old = await before.backups.create({ name: 'of the old release' })
  await cluster.sql('shop', "INSERT INTO ledger VALUES ('b')")
  await before.backups.create({ name: 'of the new release' })
  // The release was taken back: this code does not know what the newest backup has.
  const plan = await before.restores.plan('2', {})
  expect(plan.refusals.map(({ code }) => code)).toContain('BACKUP_AHEAD')
  expect(plan.instead).toEqual({ backup: old.id, number: 1, created_at: old.created_at })
  expect((await before.restores.plan('1', {})).instead).toBeNull()
  await before.stop()
  // The hash is that of the plan alone: another backup that comes meanwhile changes nothing in it.
  const after = createBackupEngine({ ...common, migrations: [inspector('a')] })
  await cluster.sql('shop', "DELETE FROM ledger WHERE id = 'b'")
  await after.backups.create({ name: 'after the rollback' })
  const again = await after.restores.plan('2', {})
  expect(again.instead).toMatchObject({ number: 3 })
  expect(again.hash).toBe(plan.hash)
  await after.stop()
})
