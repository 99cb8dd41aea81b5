import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from './temporary-cluster.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

test('a cluster starts, answers, survives a crash and ends', async () => {
  await cluster.createDatabase('it"s')
  expect(await cluster.sql('it"s', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await cluster.shutdown('immediate')
  await cluster.start()
  expect(await cluster.sql('it"s', 'SELECT current_database() AS name')).toEqual([{ name: 'it"s' }])
})
