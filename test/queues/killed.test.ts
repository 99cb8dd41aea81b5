import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { killReplicas } from '../replicas/kill-replicas.ts'
import { endReplicas } from '../replicas/start-replica.ts'
import { findRedis, type RedisServer, startRedis } from '../servers/redis.ts'

const found = await findRedis()
let cluster: TemporaryCluster
let redis: RedisServer | undefined
let tries = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('host')
  if ('command' in found) redis = await startRedis(found.command)
})
afterAll(async () => {
  await endReplicas('SIGKILL')
  await redis?.stop()
  await cluster?.stop()
})

const jobs = 15
const every = ['bullmq', 'pg-boss', 'graphile-worker'].filter((name) => name !== 'bullmq' || 'command' in found)
// Each starts five processes: all three take too long for every run.
const queues = process.env.LIFEBOAT_LONG === '1' ? every : every.slice(0, 1)

// A living process that stands still for longer than its lease is taken for dead, and may still note an end.
test.each(queues)(
  '%s: three processes, two of them killed: no job is lost, and none is run twice',
  (queue) =>
    whereTimeGoesBy(async () => {
      await endReplicas('SIGKILL')
      const name = `lifeboat${tries++}`
      const url = queue === 'bullmq' ? redis?.url : cluster.url('host')
      await killReplicas(cluster, name, { jobs, env: { QUEUE: queue, QUEUE_NAME: name, QUEUE_URL: url ?? '' } })
      if (queue !== 'pg-boss') return
      // It did go through the host's queue.
      const [seen] = await cluster.sql<{ n: number }>(
        'host',
        'SELECT count(DISTINCT singleton_key)::int AS n FROM pgboss.job WHERE name = $1',
        [name],
      )
      expect(seen?.n).toBeGreaterThanOrEqual(jobs)
    }),
  900_000,
)
