import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copyDatabaseName, newRestoreId } from './names.ts'
import { defaultRestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { cleanLeftovers } from './undo/leftovers.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical' } })
})
afterAll(() => cluster?.stop())
const { contextOf, backup, restore, databases } = restoreFixture(() => cluster)

const subscription = `CREATE SUBSCRIPTION follows CONNECTION 'host=127.0.0.1 port=1 dbname=x password=secret' PUBLICATION p
  WITH (connect = false, slot_name = 'follows', enabled = false)`

test('a failed restore drops its copy, subscription and all, and so does the clean-up of a killed one', async () => {
  await cluster.createDatabase('follower')
  await cluster.sql('follower', `CREATE TABLE a (id int); INSERT INTO a VALUES (1); ${subscription}`)
  const context = await contextOf('follower')
  const id = await backup(context)
  const validators = [
    {
      name: 'refuses',
      validate: async () => {
        throw new Error('no')
      },
    },
  ]
  const failing = { ...context, validators: validators as never }
  await expect(
    restore(failing, id, { strategy: 'new-database', targetDatabase: 'other', safetyBackup: false }),
  ).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
  expect((await databases()).filter((name) => /^lifeboat_copy_|^other$/.test(name))).toEqual([])

  // As a killed restore leaves it.
  const copy = copyDatabaseName(newRestoreId())
  const names = await databases()
  await cluster.sql('postgres', `CREATE DATABASE ${copy}`)
  await cluster.sql(copy, subscription.replace('follows CONNECTION', 'leftover CONNECTION'))
  const { dropped } = await cleanLeftovers(context.database)
  expect(dropped).toEqual([copy])
  expect(await databases()).toEqual(names)
})

test('the refusal says each step, which work, and how to get the subscription back', async () => {
  const context = await contextOf('follower')
  const backupId = await backup(context)
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId })
  const [refusal] = plan.refusals
  expect(refusal).toMatchObject({ code: 'SUBSCRIPTIONS', text: expect.stringContaining('ENABLE') })
  const steps = /first: (.*?)\. Its slot/.exec(refusal?.text ?? '')?.[1] ?? ''
  for (const step of steps.split('; ')) await cluster.sql('follower', step)
  expect((await planRestore(context, { ...defaultRestoreOptions, backupId })).refusals).toEqual([])
  await restore(context, backupId, { safetyBackup: false })
  expect(
    await cluster.sql(
      'follower',
      'SELECT subname, subenabled, subslotname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
    ),
  ).toEqual([{ subname: 'follows', subenabled: false, subslotname: 'follows' }])
})
