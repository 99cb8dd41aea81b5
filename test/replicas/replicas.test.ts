import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, test } from 'vitest'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { killReplicas } from './kill-replicas.ts'
import { endReplicas } from './start-replica.ts'

let cluster: TemporaryCluster
let tries = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(async () => {
  await endReplicas('SIGKILL')
  await cluster?.stop()
})

// A living process that stands still for longer than its lease is taken for dead, and may still note an end.
test('three processes, two of them killed: no job is lost, none is done twice, and writers never overlap', () =>
  whereTimeGoesBy(async () => {
    await endReplicas('SIGKILL')
    await killReplicas(cluster, `replicas${tries++}`, { jobs: 60 })
  }))
