/**
 * One of several processes that keep the same schedules. Its clock stands still until it is told to move on; it answers
 * when everything that came due has been looked after, and names the slots it is at work on.
 */
import { Pool } from 'pg'
import type { NewJob } from '../../packages/core/src/catalog/catalog.ts'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'
import type { Clock } from '../../packages/core/src/jobs/clock.ts'
import { randomId } from '../../packages/core/src/jobs/job-id.ts'
import { createJobs } from '../../packages/core/src/jobs/jobs.ts'
import { createLocalQueue } from '../../packages/core/src/jobs/local-queue.ts'
import { createScheduler } from '../../packages/core/src/jobs/scheduler.ts'
import { createManualClock } from '../../packages/core/src/testing/manual-clock.ts'
import { minute, schedules } from './schedules.ts'

const pool = new Pool({ connectionString: process.env.CATALOG_URL, max: 6 })
pool.on('error', () => {})
const notes = new Pool({ connectionString: process.env.CATALOG_URL, max: 3 })
notes.on('error', () => {})
const catalog = await openPostgresCatalog({ pool, location: 'test' })
const worker = randomId('w')

const manual = createManualClock(new Date(Number(process.env.NOW)))
/** How often schedules and jobs are looked at: each looks again when it has done with the last time. */
const [lookMs, sweepMs] = [15_000, 5000]
const waiting = new Map<number, number>()
const clock: Clock = {
  now: manual.now,
  after(ms, run) {
    waiting.set(ms, (waiting.get(ms) ?? 0) + 1)
    const done = () => waiting.set(ms, (waiting.get(ms) ?? 1) - 1)
    const timer = manual.after(ms, () => {
      done()
      run()
    })
    return {
      cancel() {
        done()
        timer.cancel()
      },
    }
  },
}
const atRest = async () => {
  while (!waiting.get(lookMs) || !waiting.get(sweepMs)) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Slots of jobs that cannot end before the clock moves on. */
const held = new Set<string>()

const jobs = createJobs({
  catalog,
  clock,
  worker,
  queue: createLocalQueue({ concurrency: 3 }),
  // Longer than a step of the clock, as in life a lease is longer than the time between two signs of life.
  leaseMs: 180 * minute,
  sweepMs,
  // However often a job is hit, another attempt must follow: none may be lost.
  maxAttempts: 100,
  handlers: async () => ({
    backup: {
      resumable: true,
      async run(job, { signal }) {
        const [slot, name] = [job.input.slot, job.database]
        // As with backups: the attempt before may have stored it and died before it could say so.
        const { rowCount } = await notes.query('SELECT FROM made WHERE slot = $1 AND schedule = $2', [slot, name])
        if (rowCount) return null
        const began = new Date(clock.now())
        const work = `${name} ${slot}`
        held.add(work)
        await new Promise<void>((resolve, reject) => {
          clock.after(90 * minute, resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        }).finally(() => held.delete(work))
        await notes.query('INSERT INTO made VALUES ($1, $2, $3, $4)', [slot, name, began, new Date(clock.now())])
        return null
      },
    },
  }),
})
const scheduler = createScheduler({
  catalog,
  clock,
  worker,
  schedules: async () => schedules,
  job: ({ name }, slot): NewJob =>
    jobs.newJob({
      ...{ kind: 'backup', database: name, writer: name, trigger: 'schedule', createdBy: 'scheduler' },
      input: { slot: slot.toISOString() },
    }),
  onFired: jobs.notice,
  onBlocked: ({ error }) => console.error(error),
  onError: (error) => console.error(error),
})

await jobs.start()
scheduler.start()
await atRest()
process.on('message', async ({ advance }: { advance: number }) => {
  await manual.advance(advance)
  await atRest()
  process.send?.({ held: [...held] })
})
process.once('SIGTERM', async () => {
  await scheduler.stop()
  await jobs.stop()
  await catalog.close()
  await notes.end()
  process.disconnect()
})
process.send?.({ held: [] })
