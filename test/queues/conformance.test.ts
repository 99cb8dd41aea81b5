import { randomBytes } from 'node:crypto'
import { bullmqQueue, graphileWorkerQueue, pgBossQueue } from '@lifeboat/core/queues'
import { type QueueKit, queueConformance, startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'
import { isLong } from '../runner/counts.ts'
import { findRedis, type RedisServer, startRedis } from '../servers/redis.ts'

const found = await findRedis()
let cluster: TemporaryCluster
let redis: RedisServer
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('host')
  if ('command' in found) redis = await startRedis(found.command)
})
afterAll(async () => {
  await redis?.stop()
  await cluster?.stop()
})

/** Of a queue of the host's every rule is tried; two of the three in the long run, and of these the first here. */
const rules = isLong ? queueConformance : queueConformance.slice(0, 2)
const fresh = () => `q${randomBytes(4).toString('hex')}`

/** Each processes of one catalog in a database of its own. */
async function postgresCatalog(): Promise<NonNullable<QueueKit['catalog']>> {
  const url = await cluster.createDatabase(fresh())
  return () => {
    const pool = new Pool({ connectionString: url, max: 4 })
    pool.on('error', () => {})
    return openPostgresCatalog({ pool, location: 'test' })
  }
}

describe("the catalog's own queue, SQLite", () => {
  test.each(queueConformance)('$name', ({ run }) => run({ queue: () => null }))
})

describe("the catalog's own queue, PostgreSQL", () => {
  test.each(queueConformance)('$name', async ({ run }) => run({ queue: () => null, catalog: await postgresCatalog() }))
})

describe.skipIf('unavailable' in found)(`BullMQ${'unavailable' in found ? `: ${found.unavailable}` : ''}`, () => {
  test.each(queueConformance)('$name', async ({ run }) => {
    const name = fresh()
    await run({
      queue: () => bullmqQueue({ connection: redis.url, name }),
      async lose() {
        const client = new Redis(redis.url)
        await client.flushall()
        await client.quit()
      },
    })
  })
})

describe('pg-boss', () => {
  test.each(rules)('$name', async ({ run }) => {
    const name = fresh()
    await run({
      queue: () => pgBossQueue({ connection: cluster.url('host'), name, pollSeconds: 0.5 }),
      catalog: await postgresCatalog(),
      lose: async () =>
        void (await cluster.sql('host', `DELETE FROM pgboss.job WHERE name = $1 AND state = 'created'`, [name])),
    })
  })
})

describe('graphile-worker', () => {
  test.each(rules)('$name', async ({ run }) => {
    const name = fresh()
    await run({
      queue: () => graphileWorkerQueue({ connection: cluster.url('host'), name, pollMs: 500 }),
      lose: async () =>
        void (await cluster.sql('host', 'DELETE FROM graphile_worker._private_jobs WHERE locked_at IS NULL')),
    })
  })
})
