import { randomBytes } from 'node:crypto'
import { bullmqQueue, graphileWorkerQueue, pgBossQueue } from '@lifeboat/core/queues'
import { type QueueKit, startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Queue } from 'bullmq'
import { run as runWorker } from 'graphile-worker'
import { Redis } from 'ioredis'
import { PgBoss } from 'pg-boss'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, request, until, withCrew } from '../../packages/core/src/jobs/conformance-crew.ts'
import { findRedis, type RedisServer, startRedis } from '../servers/redis.ts'

/**
 * What these libraries do by themselves with a job whose worker they take for dead: they deliver it to another one. The
 * worker lives, and the job must not run a second time.
 */
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

const fresh = () => `q${randomBytes(4).toString('hex')}`

/** Two processes, a job that runs in one of them; it is over once `redeliver` has seen the second delivery end. */
async function runsOnce(queue: QueueKit['queue'], redeliver: (jobId: string) => Promise<void>): Promise<void> {
  await withCrew({ queue }, async (crew) => {
    const process = await crew.process()
    await crew.process()
    const { id } = await process.add(request({ name: 'long', hold: true }))
    await until('it runs', () => crew.runs.length === 1)
    await redeliver(id)
    expect(crew.runs).toHaveLength(1)
    expect((await crew.catalog.jobs.get(id))?.status).toBe('running')
    crew.release('long')
    await ended(crew, [id])
    expect((await crew.catalog.jobs.get(id))?.status).toBe('succeeded')
    // What comes after is brought as ever.
    const after = await process.add(request({ name: 'after' }))
    await ended(crew, [after.id])
    expect(crew.runs.map(({ name }) => name)).toEqual(['long', 'after'])
  })
}

test.skipIf('unavailable' in found)('BullMQ takes a job as stalled and delivers it again: it runs once', async () => {
  const name = fresh()
  const connection = redis.url
  const client = new Redis(connection)
  const seen = new Queue(name, { connection: { url: connection } })
  try {
    await runsOnce(
      () => bullmqQueue({ connection, name, worker: { stalledInterval: 300, maxStalledCount: 9 } }),
      async (id) => {
        await client.del(`bull:${name}:${id}:lock`)
        await until('the second delivery has ended', async () => {
          const job = await seen.getJob(id)
          return (job?.attemptsStarted ?? 0) >= 2 && (await job?.getState()) === 'completed'
        })
      },
    )
  } finally {
    await seen.close()
    await client.quit()
  }
})

test('pg-boss lets a job expire and tries it again: it runs once', async () => {
  const name = fresh()
  const connection = cluster.url('host')
  const host = new PgBoss({ connectionString: connection, max: 2 })
  await host.start()
  try {
    await runsOnce(
      () => pgBossQueue({ connection: host, name, pollSeconds: 0.5 }),
      async (id) => {
        const job = [name, id]
        await cluster.sql(
          'host',
          `UPDATE pgboss.job SET retry_limit = 5, started_on = now() - interval '2 days'
           WHERE name = $1 AND singleton_key = $2 AND state = 'active'`,
          job,
        )
        await until('the second delivery has ended', async () => {
          await host.supervise(name)
          const [row] = await cluster.sql<{ retry_count: number; state: string }>(
            'host',
            'SELECT retry_count, state::text FROM pgboss.job WHERE name = $1 AND singleton_key = $2',
            job,
          )
          return row?.retry_count === 1 && row.state === 'completed'
        })
      },
    )
  } finally {
    await host.stop({ graceful: false })
  }
})

test('graphile-worker takes a lock of five hours as left behind and delivers the job again: it runs once', async () => {
  const name = fresh()
  await runsOnce(
    () => graphileWorkerQueue({ connection: cluster.url('host'), name, pollMs: 300 }),
    async (id) => {
      await cluster.sql(
        'host',
        `UPDATE graphile_worker._private_jobs SET max_attempts = 25, locked_at = now() - interval '5 hours' WHERE key = $1`,
        [id],
      )
      // At its start a runner lets go of locks that are older than four hours.
      const other = await runWorker({ connectionString: cluster.url('host'), taskList: {}, noHandleSignals: true })
      await until('the second delivery has ended', async () => {
        const rows = await cluster.sql('host', 'SELECT FROM graphile_worker._private_jobs WHERE key = $1', [id])
        return rows.length === 0
      })
      await other.stop()
    },
  )
})
