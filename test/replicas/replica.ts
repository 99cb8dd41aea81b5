import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'pg'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'
import { systemClock } from '../../packages/core/src/jobs/clock.ts'
import type { HostQueue } from '../../packages/core/src/jobs/host-queue.ts'
import { createHostedQueue } from '../../packages/core/src/jobs/hosted-queue.ts'
import { randomId } from '../../packages/core/src/jobs/job-id.ts'
import { createJobs } from '../../packages/core/src/jobs/jobs.ts'
import { createLocalQueue } from '../../packages/core/src/jobs/local-queue.ts'
import { bullmqQueue } from '../../packages/core/src/queues/bullmq.ts'
import { graphileWorkerQueue } from '../../packages/core/src/queues/graphile-worker.ts'
import { pgBossQueue } from '../../packages/core/src/queues/pg-boss.ts'

/**
 * One of several processes that work for the same engine: notes in the table `runs` when it began and ended a job. With
 * `HOLD` it ends none, says so of each it has begun, and waits to be killed. With `QUEUE` jobs come through a queue of the
 * host's, which takes a silent worker for dead as soon as it can.
 */
const { QUEUE: kind = '', QUEUE_URL: connection = '', QUEUE_NAME: name = '' } = process.env
const hosts: Record<string, () => HostQueue> = {
  bullmq: () =>
    bullmqQueue({ connection, name, worker: { lockDuration: 1500, stalledInterval: 700, maxStalledCount: 9 } }),
  'pg-boss': () => pgBossQueue({ connection, name, pollSeconds: 0.5 }),
  'graphile-worker': () => graphileWorkerQueue({ connection, name, pollMs: 300 }),
}
const host = hosts[kind]?.()
const concurrency = 3
const pool = new Pool({ connectionString: process.env.CATALOG_URL, max: 6 })
pool.on('error', () => {})
const notes = new Pool({ connectionString: process.env.CATALOG_URL, max: 4 })
notes.on('error', () => {})
const catalog = await openPostgresCatalog({ pool, location: 'test' })
const worker = randomId('w')
const jobs = createJobs({
  catalog,
  queue: host
    ? createHostedQueue({ host, catalog, clock: systemClock, concurrency, bringAgainMs: 2000 })
    : createLocalQueue({ concurrency }),
  clock: systemClock,
  worker,
  leaseMs: 2500,
  sweepMs: 150,
  handlers: async () => ({
    backup: {
      resumable: true,
      async run(job, { signal }) {
        await notes.query('INSERT INTO runs (job, writer, worker, pid) VALUES ($1, $2, $3, $4)', [
          job.id,
          job.writer,
          worker,
          process.pid,
        ])
        if (process.env.HOLD) process.send?.('held')
        await delay(process.env.HOLD ? 3_600_000 : 80, undefined, { signal })
        await notes.query('UPDATE runs SET ended = clock_timestamp() WHERE job = $1', [job.id])
        return { worker }
      },
    },
  }),
})
process.once('SIGTERM', async () => {
  await jobs.stop()
  await catalog.close()
  await notes.end()
})
await jobs.start()
process.send?.('ready')
