import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Catalog, NewJob } from '../catalog/catalog.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { parseEngineOptions } from '../config.ts'
import type { HostQueue, JobMessage, MessageEnd, RunMessage } from './host-queue.ts'
import { createHostedQueue } from './hosted-queue.ts'
import type { Delivery } from './job-queue.ts'

let folder: string
let catalog: Catalog
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-hosted-'))
  catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'))
})
afterEach(async () => {
  await catalog.close()
  await rm(folder, { recursive: true, force: true })
})

const job = (id: string, more: Partial<NewJob> = {}) => ({
  ...{ id, kind: 'backup', subject_id: `b-${id}`, database: 'shop', writer: 'shop', position: 0 },
  ...{ input: { secret: 'of the job' }, trigger: 'manual', created_by: 'u1', created_at: '2026-01-01T00:00:00.000Z' },
  ...more,
})

/** A queue whose deliveries the test makes itself, and a clock it moves. */
function setting() {
  const brought: JobMessage[] = []
  const state = { now: 0, away: false, closed: false }
  let run: RunMessage | undefined
  const host: HostQueue = {
    name: 'the queue of the test',
    async bring(message) {
      if (state.away) throw new Error('away')
      brought.push(message)
    },
    async work(to) {
      run = to
    },
    async close() {
      state.closed = true
    },
  }
  const clock = { now: () => state.now, after: () => ({ cancel() {} }) }
  const queue = createHostedQueue({ host, catalog, clock, concurrency: 2 })
  const deliver = async (id: string): Promise<MessageEnd | undefined> => run?.(id)
  return { brought, state, queue, deliver }
}

test('a message says which task, of what kind, of which database, and nothing else', async () => {
  const { brought, queue } = setting()
  await queue.add(job('t1'))
  expect(brought).toEqual([{ task_id: 't1', kind: 'backup', label: 'shop' }])
})

test('what is still queued is brought again after half a minute, at once after a pause, and when it was moved', async () => {
  const { brought, state, queue } = setting()
  await catalog.jobs.insert(job('t1'))
  const look = () => queue.add(job('t1'))
  await look()
  await look()
  expect(brought).toHaveLength(1)
  state.now = 29_999
  await look()
  expect(brought).toHaveLength(1)
  state.now = 30_000
  await look()
  expect(brought).toHaveLength(2)
  await queue.resume()
  await look()
  expect(brought).toHaveLength(2)
  await queue.pause()
  await queue.resume()
  await look()
  expect(brought).toHaveLength(3)
  await queue.move('t1', -1)
  expect(brought).toHaveLength(4)
})

test('a queue that is away makes no call fail; it is asked again five seconds later', async () => {
  const { brought, state, queue } = setting()
  state.away = true
  await queue.add(job('t1'))
  state.away = false
  await queue.add(job('t2'))
  expect(brought).toEqual([])
  state.now = 5000
  await queue.add(job('t1'))
  await queue.add(job('t2'))
  expect(brought.map(({ task_id }) => task_id)).toEqual(['t1', 't2'])
})

test('a message runs its job only where that is queued and the next one of its writer', async () => {
  const { brought, queue, deliver } = setting()
  const delivered: string[] = []
  let answer: Delivery = 'done'
  await queue.start(async (id) => {
    delivered.push(id)
    const claim = { worker: 'w', lease_until: '2027-01-01T00:00:00.000Z', started_at: '2026-01-01T00:00:00.000Z' }
    if (answer === 'done') await catalog.jobs.claim(id, claim)
    return answer
  })
  await catalog.jobs.insert(job('t1'))
  await catalog.jobs.insert(job('t2', { position: 1 }))
  await catalog.jobs.insert(job('other', { position: 2, writer: 'blog' }))
  expect(await deliver('t2')).toEqual({ laterMs: 2000 })
  expect(await deliver('absent')).toBe('done')
  expect(delivered).toEqual([])
  answer = 'busy'
  expect(await deliver('other')).toEqual({ laterMs: 1000 })
  answer = 'done'
  expect(await deliver('t1')).toBe('done')
  // The next one need not wait until it asks again.
  expect(brought.map(({ task_id }) => task_id)).toEqual(['t2'])
  // Its record could not be ended, and the message comes to the very process that ran it.
  expect(await deliver('t1')).toBe('done')
  expect(delivered).toEqual(['other', 't1'])
  await queue.pause()
  expect(await deliver('t2')).toEqual({ laterMs: 10_000 })
})

test('a catalog that is away puts the message off', async () => {
  const { queue, deliver } = setting()
  await queue.start(async () => {
    throw new Error('the catalog is away')
  })
  await catalog.jobs.insert(job('t1'))
  expect(await deliver('t1')).toEqual({ laterMs: 5000 })
})

test('stop lets what runs come to its end before it closes the queue', async () => {
  const { state, queue, deliver } = setting()
  let finish = () => {}
  await queue.start(
    () =>
      new Promise((resolve) => {
        finish = () => resolve('done')
      }),
  )
  await catalog.jobs.insert(job('t1'))
  const delivery = deliver('t1')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const stopping = queue.stop()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(state.closed).toBe(false)
  finish()
  await stopping
  expect(await delivery).toBe('done')
  expect(state.closed).toBe(true)
  expect(await deliver('t1')).toEqual({ laterMs: 1000 })
})

test('an option that is no queue is named', () => {
  const options = { database: 'postgres://localhost/a', repository: '/backups', encryption: 'none' }
  expect(() => parseEngineOptions({ ...options, queue: { name: 'x', bring() {} } })).toThrow(/queue: a queue of/)
})
