import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Catalog, JobRecord } from '../catalog/catalog.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { EngineError } from '../errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { randomId } from './job-id.ts'
import { createJobs, type JobRequest, type Jobs } from './jobs.ts'
import { createLocalQueue } from './local-queue.ts'
import type { JobHandler } from './runner.ts'

let folder: string
let catalog: Catalog
const engines: Jobs[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-jobs-'))
  catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'))
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((jobs) => jobs.stop()))
  await catalog.close()
  await rm(folder, { recursive: true, force: true })
})

/** Work that a test ends by hand. */
function gated(resumable = true) {
  const running: { job: JobRecord; finish: (error?: unknown) => void; signal: AbortSignal }[] = []
  const handler: JobHandler = {
    resumable,
    run: (job, { signal, report }) =>
      new Promise((resolve, reject) => {
        report({ type: 'log', level: 'info', message: `begun ${job.id}` })
        running.push({ job, signal, finish: (error) => (error ? reject(error) : resolve({ ok: job.id })) })
        signal.addEventListener('abort', () => reject(new EngineError('ABORTED', 'Interrupted.')), { once: true })
      }),
  }
  return { handler, running }
}

function newJobs(
  handler: JobHandler,
  options: { leaseMs?: number; sweepMs?: number; concurrency?: number; clock?: Clock } = {},
) {
  const { concurrency = 2, ...rest } = options
  const jobs = createJobs({
    catalog,
    queue: createLocalQueue({ concurrency }),
    handlers: async () => ({ backup: handler, verify: handler }),
    clock: systemClock,
    worker: randomId('w'),
    sweepMs: 50,
    ...rest,
  })
  engines.push(jobs)
  return jobs
}

const request = (extra: Partial<JobRequest> = {}): JobRequest => ({
  kind: 'backup',
  database: 'default',
  input: {},
  trigger: 'manual',
  createdBy: 'u1',
  writer: extra.database ?? 'default',
  ...extra,
})
const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 10 })
const status = async (id: string) => (await catalog.jobs.get(id))?.status

describe('jobs', () => {
  test('a job runs and ends with its result, progress and logs', async () => {
    const jobs = newJobs({
      resumable: true,
      async run(_, { report }) {
        report({ type: 'phase', phase: 'rows' })
        report({ type: 'progress', phase: 'rows', bytes: 5, bytesTotal: 10, rows: 3 })
        report({ type: 'log', level: 'warning', message: 'slow', detail: { table: 'x' } })
        return { id: 'b1' }
      },
    })
    await jobs.start()
    const job = await jobs.ended((await jobs.add(request())).id)
    expect(job).toMatchObject({ status: 'succeeded', result: { id: 'b1' }, progress: { phase: 'rows', percent: 50 } })
    expect(await catalog.jobs.readLogs(job.id, 0)).toMatchObject([
      { seq: 1, message: 'Phase: rows' },
      { seq: 2, level: 'warning', message: 'slow', detail: { table: 'x' } },
    ])
  })

  test('a failing job keeps code and advice, and the reason is in its log', async () => {
    const jobs = newJobs({
      resumable: true,
      run: async () => {
        throw new EngineError('STORAGE_FULL', 'No space left.', { detail: { free: 0 } })
      },
    })
    await jobs.start()
    const job = await jobs.ended((await jobs.add(request())).id)
    expect(job).toMatchObject({
      status: 'failed',
      error: { code: 'storage_full', detail: 'No space left.', free: 0, advice: expect.any(String) },
    })
    expect(await catalog.jobs.readLogs(job.id, 0)).toMatchObject([{ level: 'error', message: 'No space left.' }])
  })

  test('jobs of one millisecond run in the order in which they were added, whatever their ids', async () => {
    const at = systemClock.now()
    const { handler } = gated()
    const jobs = newJobs(handler, { clock: { ...systemClock, now: () => at } })
    const ids = ['z', 'm', 'a', 'k']
    for (const id of ids) await jobs.add(request({ id }))
    const queued = (await catalog.jobs.list({ statuses: ['queued'] })).map(({ id }) => id)
    expect(queued).toEqual(ids)
  })

  test('one writer per database at a time; other databases and readers run beside', async () => {
    const { handler, running } = gated()
    const jobs = newJobs(handler, { concurrency: 5 })
    await jobs.start()
    const one = await jobs.add(request())
    const two = await jobs.add(request())
    await jobs.add(request({ database: 'other' }))
    await jobs.add(request({ kind: 'verify', writer: null }))
    await until(() => expect(running).toHaveLength(3))
    await delay(150)
    expect(running.map(({ job }) => job.id)).not.toContain(two.id)
    running.find(({ job }) => job.id === one.id)?.finish()
    await until(() => expect(running.map(({ job }) => job.id)).toContain(two.id))
    for (const { finish } of running) finish()
  })

  test('concurrency is bounded, and waiting writers leave places to others', async () => {
    const { handler, running } = gated()
    const jobs = newJobs(handler, { concurrency: 2 })
    await jobs.start()
    for (let n = 0; n < 3; n++) await jobs.add(request())
    for (let n = 0; n < 2; n++) await jobs.add(request({ writer: null }))
    await until(() => expect(running).toHaveLength(2))
    await delay(100)
    expect(running.map(({ job }) => job.writer)).toEqual(['default', null])
    for (let n = 0; n < 5; n++) {
      await until(() => expect(running.length).toBeGreaterThan(n))
      running[n]?.finish()
    }
    await until(async () => expect(await catalog.jobs.count({ statuses: ['succeeded'] })).toBe(5))
  })

  test('cancelling ends a queued job at once and stops a running one', async () => {
    const { handler, running } = gated()
    const jobs = newJobs(handler)
    await jobs.start()
    const one = await jobs.add(request())
    const two = await jobs.add(request())
    await until(() => expect(running).toHaveLength(1))
    expect(await jobs.cancel(two.id)).toBe('cancelled')
    expect(await jobs.cancel(one.id)).toBe('requested')
    expect(await jobs.ended(one.id)).toMatchObject({ status: 'cancelled', error: { code: 'aborted' } })
    expect(await jobs.cancel(one.id)).toBe('finished')
    expect(await jobs.cancel('tnone')).toBe('missing')
    await delay(100)
    expect(running).toHaveLength(1)
  })

  test('a job that another process runs is cancelled through the catalog', async () => {
    const { handler, running } = gated()
    const [here, there] = [newJobs(handler), newJobs(handler)]
    await here.start()
    const job = await here.add(request())
    await until(() => expect(running).toHaveLength(1))
    expect(await there.cancel(job.id)).toBe('requested')
    expect(await here.ended(job.id)).toMatchObject({ status: 'cancelled' })
  })

  test('the order of waiting jobs can be changed', async () => {
    const { handler, running } = gated()
    const jobs = newJobs(handler)
    await jobs.start()
    const ids: string[] = []
    for (let n = 0; n < 4; n++) ids.push((await jobs.add(request())).id)
    const [a, b, c, d] = ids as [string, string, string, string]
    await until(() => expect(running).toHaveLength(1))
    expect(await jobs.reorder([d, a, c])).toEqual([d, c])
    for (let n = 0; n < 4; n++) {
      await until(() => expect(running).toHaveLength(n + 1))
      running[n]?.finish()
    }
    expect(running.map(({ job }) => job.id)).toEqual([a, d, c, b])
  })

  test('who watches is told of a new order at once, not at the next look', { timeout: 20_000 }, async () => {
    const jobs = newJobs(gated().handler)
    const [a, b] = [(await jobs.add(request())).id, (await jobs.add(request())).id]
    const abort = new AbortController()
    const watch = jobs.watchAll({ signal: abort.signal })[Symbol.asyncIterator]()
    const next = async () => (await watch.next()).value?.id
    expect([await next(), await next()].sort()).toEqual([a, b].sort())
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const told = next()
      expect(await jobs.reorder([b])).toEqual([b])
      expect(await told).toBe(b)
    } finally {
      vi.useRealTimers()
      abort.abort()
    }
  })

  test('a pause holds over a restart; resuming goes on', async () => {
    const { handler, running } = gated()
    const first = newJobs(handler)
    await first.start()
    await first.pause()
    const job = await first.add(request())
    await first.stop()
    const second = newJobs(handler)
    await second.start()
    await delay(150)
    expect(running).toHaveLength(0)
    expect(await second.isPaused()).toBe(true)
    await second.resume()
    await until(() => expect(running).toHaveLength(1))
    running[0]?.finish()
    await second.ended(job.id)
  })

  test('shutdown breaks running jobs off, and the next start takes them up again', async () => {
    const { handler, running } = gated()
    const first = newJobs(handler)
    await first.start()
    const job = await first.add(request())
    await until(() => expect(running).toHaveLength(1))
    await first.stop()
    expect(await status(job.id)).toBe('interrupted')
    const second = newJobs(handler)
    await second.start()
    await until(() => expect(running).toHaveLength(2))
    expect(running[1]?.job).toMatchObject({ resumes: job.id, attempt: 2, kind: 'backup' })
    running[1]?.finish()
    await second.ended(running[1]?.job.id ?? '')
  })

  test('what is not resumable stays interrupted, and attempts are bounded', async () => {
    const { handler, running } = gated(false)
    const jobs = newJobs(handler)
    await jobs.start()
    const job = await jobs.add(request())
    await until(() => expect(running).toHaveLength(1))
    await jobs.stop()
    expect(await status(job.id)).toBe('interrupted')
    expect(await catalog.jobs.count()).toBe(1)
  })

  test('the lease of a dead process runs out; of two survivors one takes the job up', async () => {
    const past = new Date(Date.now() - 60_000).toISOString()
    const { handler, running } = gated()
    const [one, two] = [newJobs(handler), newJobs(handler)]
    const dead = one.newJob(request())
    await catalog.jobs.insert(dead)
    await catalog.jobs.claim(dead.id, { worker: 'dead', lease_until: past, started_at: past })
    await Promise.all([one.start(), two.start()])
    await until(() => expect(running).toHaveLength(1))
    expect(running[0]?.job).toMatchObject({ resumes: dead.id, attempt: 2 })
    expect(await status(dead.id)).toBe('interrupted')
    await delay(200)
    expect(running).toHaveLength(1)
    expect(await catalog.jobs.count()).toBe(2)
    running[0]?.finish()
    await one.ended(running[0]?.job.id ?? '')
  })

  test('a process that was away longer than its lease stops its work and writes no end', async () => {
    const { handler, running } = gated()
    const jobs = newJobs(handler, { sweepMs: 100_000 })
    await jobs.start()
    const job = await jobs.add(request())
    await until(() => expect(running).toHaveLength(1))
    await catalog.jobs.expire(new Date(Date.now() + 3_600_000).toISOString())
    await until(() => expect(running[0]?.signal.aborted).toBe(true))
    await delay(50)
    expect(await status(job.id)).toBe('interrupted')
  })

  test('lines and records are followed live, and from any line on', async () => {
    let report: (message: string) => void = () => {}
    const { handler, running } = gated()
    const jobs = newJobs({
      resumable: true,
      run(job, context) {
        report = (message) => context.report({ type: 'log', level: 'info', message })
        return handler.run(job, context)
      },
    })
    await jobs.start()
    const { id } = await jobs.add(request())
    const seen: string[] = []
    const following = (async () => {
      for await (const update of jobs.watch(id, { after: 1 }))
        seen.push(update.type === 'log' ? update.line.message : update.job.status)
    })()
    await until(() => expect(running).toHaveLength(1))
    report('two')
    await until(() => expect(seen).toContain('two'))
    report('three')
    running[0]?.finish()
    await following
    expect(seen.filter((entry) => ['two', 'three'].includes(entry))).toEqual(['two', 'three'])
    expect(seen.at(-1)).toBe('succeeded')
    expect(seen).not.toContain(`begun ${id}`)
  })

  test('all jobs are followed, those that end between two looks included', async () => {
    const jobs = newJobs({ resumable: true, run: async () => null })
    await jobs.start()
    const abort = new AbortController()
    const ended = new Set<string>()
    const following = (async () => {
      for await (const job of jobs.watchAll({ signal: abort.signal })) if (job.status === 'succeeded') ended.add(job.id)
    })()
    await delay(20)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await jobs.add(request())).id)
    await until(() => expect([...ended].sort()).toEqual([...ids].sort()))
    abort.abort()
    await following
  })

  test('stopping ends every watch', async () => {
    const { handler } = gated()
    const jobs = newJobs(handler)
    await jobs.start()
    const { id } = await jobs.add(request())
    const one = (async () => {
      for await (const _ of jobs.watch(id, {})) void _
    })()
    const all = (async () => {
      for await (const _ of jobs.watchAll({})) void _
    })()
    await delay(50)
    await jobs.stop()
    await Promise.all([one, all])
  })
})
