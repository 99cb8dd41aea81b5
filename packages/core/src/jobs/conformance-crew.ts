import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, JobRecord } from '../catalog/catalog.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { systemClock } from './clock.ts'
import type { HostQueue } from './host-queue.ts'
import { createHostedQueue } from './hosted-queue.ts'
import { randomId } from './job-id.ts'
import { createJobs, hasEnded, type Jobs } from './jobs.ts'
import { createLocalQueue } from './local-queue.ts'
import type { JobHandler } from './runner.ts'

/** What a rule of `queueConformance` is tried on: an empty queue, as several processes open it. */
export interface QueueKit {
  /** The queue, opened as another process does; null: the catalog's own. */
  queue(): HostQueue | null
  /** The catalog, opened as another process does. Default: a SQLite file. */
  catalog?(): Promise<Catalog>
  /** Loses all messages that wait, as a queue that was flushed. Without it that rule is passed over. */
  lose?(): Promise<void>
}

/** Processes that work for one engine, as far as one process can be several. */
export interface Crew {
  /** Another one; it runs jobs unless it is only to ask for them. */
  process(options?: { works?: boolean }): Promise<Jobs>
  /** The queue as something outside of Lifeboat uses it. */
  outside(): HostQueue | null
  catalog: Catalog
  /** What was run, in the order of beginning; `ended` counts all beginnings and ends. */
  runs: { id: string; name: string; began: number; ended: number | null }[]
  /** Lets go of the jobs that were asked for with `hold`, under this name. */
  release(name: string): void
}

/** What a job is asked to do. */
export interface Work {
  name: string
  writer?: string | null
  hold?: boolean
  fail?: boolean
}

export const request = ({ name, writer = null, hold = false, fail = false }: Work) => ({
  ...{ kind: 'work', database: 'default', trigger: 'manual', createdBy: 'conformance', writer },
  input: { name, hold, fail },
})

/** Asks until it holds: a busy machine may stand still. */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await check()); tries++) {
    if (tries === 9600) assert.fail(`Not seen within four minutes: ${what}.`)
    await delay(25)
  }
}

export const ended = (crew: Crew, ids: string[]) =>
  until(`the end of ${ids.length} jobs`, async () =>
    (await Promise.all(ids.map((id) => crew.catalog.jobs.get(id)))).every((job) => job && hasEnded(job)),
  )

/** Runs a rule on a crew, and sends the crew home. */
export async function withCrew(kit: QueueKit, rule: (crew: Crew) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-queue-'))
  const openCatalog = kit.catalog ?? (() => openSqliteCatalog(join(folder, 'catalog.sqlite')))
  const leave: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const runs: Crew['runs'] = []
  const { handler, release } = workHandler(runs)
  const open = async () => {
    const catalog = await openCatalog()
    leave.push(() => catalog.close())
    return catalog
  }
  const crew: Crew = {
    ...{ catalog: await open(), runs, release },
    async process({ works = true } = {}) {
      const jobs = jobsOn(await open(), kit.queue(), handler)
      leave.push(() => jobs.stop())
      if (works) await jobs.start()
      return jobs
    },
    outside() {
      const queue = kit.queue()
      leave.push(async () => queue?.close())
      return queue
    },
  }
  try {
    await rule(crew)
  } finally {
    for (const go of leave.reverse()) await go()
  }
}

function jobsOn(catalog: Catalog, host: HostQueue | null, handler: JobHandler): Jobs {
  const concurrency = 3
  return createJobs({
    catalog,
    queue: host
      ? createHostedQueue({ host, catalog, clock: systemClock, concurrency, bringAgainMs: 1500 })
      : createLocalQueue({ concurrency }),
    handlers: async () => ({ work: handler }),
    clock: systemClock,
    worker: randomId('w'),
    sweepMs: 150,
  })
}

function workHandler(runs: Crew['runs']) {
  const held = new Map<string, () => void>()
  const released = new Set<string>()
  let moments = 0
  const handler: JobHandler = {
    resumable: true,
    async run({ id, input }: JobRecord, { signal, report }) {
      const { name, hold, fail } = input as { name: string; hold: boolean; fail: boolean }
      const run: Crew['runs'][number] = { id, name, began: ++moments, ended: null }
      runs.push(run)
      try {
        if (hold && !released.has(name))
          await new Promise<void>((resolve, reject) => {
            held.set(name, resolve)
            const waiting = {
              reason: 'It is held.',
              blockedBy: null,
              nextTryAt: '2100-01-01T00:00:00.000Z',
              tryNow: resolve,
            }
            report({ type: 'phase', phase: 'waiting', waiting })
            signal.addEventListener('abort', () => reject(new Error('It was stopped.')), { once: true })
            if (signal.aborted) reject(new Error('It was stopped.'))
          })
        else await delay(20)
        if (fail) throw new Error('It fails on purpose.')
        return { name }
      } finally {
        run.ended = ++moments
      }
    },
  }
  return {
    handler,
    release(name: string) {
      released.add(name)
      held.get(name)?.()
    },
  }
}
