import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { type Crew, ended, type QueueKit, request, until, withCrew } from './conformance-crew.ts'

/** One rule of what a queue must do; `run` gets an empty one and throws where the rule does not hold. */
export interface QueueRule {
  name: string
  run(kit: QueueKit): Promise<void>
}

const rule = (name: string, run: (crew: Crew, kit: QueueKit) => Promise<void>): QueueRule => ({
  name,
  run: (kit) => withCrew(kit, (crew) => run(crew, kit)),
})

const names = (crew: Crew) => crew.runs.map(({ name }) => name)

/**
 * What every queue of jobs must do, the catalog's own and a host's (`HostQueue`). Free of any test framework:
 *
 * ```ts
 * for (const { name, run } of queueConformance)
 *   test(name, () => run({ queue: () => myQueue({ connection, name: aFreshName }) }))
 * ```
 */
export const queueConformance: readonly QueueRule[] = [
  rule('every job runs once, in whatever process, and its record says how it ended', async (crew) => {
    const processes = [await crew.process(), await crew.process(), await crew.process()]
    const jobs = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        processes[n % 3]?.add(request({ name: `job ${n}`, writer: n % 4 ? null : 'one' })),
      ),
    )
    const ids = jobs.map((job) => job?.id ?? '')
    await ended(crew, ids)
    assert.deepEqual(crew.runs.map(({ id }) => id).sort(), [...ids].sort())
    for (const id of ids) {
      const { status, result } = (await crew.catalog.jobs.get(id)) ?? {}
      assert.deepEqual([status, result], ['succeeded', { name: names(crew)[crew.runs.findIndex((r) => r.id === id)] }])
    }
  }),

  rule('a job that was asked for by a process that runs none is run by another', async (crew) => {
    const asker = await crew.process({ works: false })
    const { id } = await asker.add(request({ name: 'asked' }))
    await crew.process()
    await ended(crew, [id])
    assert.deepEqual(names(crew), ['asked'])
  }),

  rule('jobs of one writer run one after the other, in order; others run at the same time', async (crew) => {
    const first = await crew.process()
    await crew.process()
    const ids: string[] = []
    for (const name of ['a', 'b', 'c', 'd'])
      ids.push((await first.add(request({ name, writer: 'one', hold: name === 'a' }))).id)
    const { id: other } = await first.add(request({ name: 'other', writer: 'two' }))
    await ended(crew, [other])
    crew.release('a')
    await ended(crew, ids)
    const ofOne = crew.runs.filter(({ name }) => name !== 'other')
    assert.deepEqual(
      ofOne.map(({ name }) => name),
      ['a', 'b', 'c', 'd'],
    )
    ofOne.slice(1).forEach(({ began }, n) => {
      assert.ok(began > (ofOne[n]?.ended ?? Number.POSITIVE_INFINITY))
    })
  }),

  rule('what is brought again, waiting, running or ended, runs once', async (crew) => {
    const one = await crew.process()
    const two = await crew.process()
    const job = await one.add(request({ name: 'held', hold: true }))
    const outside = crew.outside()
    const bringAgain = async () => {
      await outside?.bring({ task_id: job.id, kind: job.kind, label: job.database })
      await Promise.all([one.notice(job), two.notice(job)])
    }
    await bringAgain()
    await until('the job runs', () => crew.runs.length > 0)
    await bringAgain()
    // Messages come in their order: once this one has ended, those before it have been delivered.
    await ended(crew, [(await one.add(request({ name: 'after' }))).id])
    crew.release('held')
    await ended(crew, [job.id])
    await bringAgain()
    await ended(crew, [(await two.add(request({ name: 'last' }))).id])
    await delay(500)
    assert.deepEqual(names(crew), ['held', 'after', 'last'])
  }),

  rule('a job that fails is not tried again', async (crew) => {
    const process = await crew.process()
    await crew.process()
    const { id } = await process.add(request({ name: 'bad', fail: true }))
    await ended(crew, [id])
    await delay(1500)
    assert.equal((await crew.catalog.jobs.get(id))?.status, 'failed')
    assert.deepEqual(names(crew), ['bad'])
  }),

  rule(
    'a job that is cancelled while it waits never runs; one that runs is stopped, by whatever process',
    async (crew) => {
      const one = await crew.process()
      const asker = await crew.process({ works: false })
      const running = await one.add(request({ name: 'running', writer: 'one', hold: true }))
      await until('it runs', () => crew.runs.length === 1)
      const waiting = await one.add(request({ name: 'waiting', writer: 'one' }))
      const last = await one.add(request({ name: 'last', writer: 'one' }))
      assert.equal(await asker.cancel(waiting.id), 'cancelled')
      assert.equal(await asker.cancel(running.id), 'requested')
      await ended(crew, [running.id, last.id])
      assert.equal((await crew.catalog.jobs.get(running.id))?.status, 'cancelled')
      assert.deepEqual(names(crew), ['running', 'last'])
    },
  ),

  rule('a job that waits for its next try goes on when it is asked to, by whatever process', async (crew) => {
    const one = await crew.process()
    const asker = await crew.process({ works: false })
    for (const [name, by] of [
      ['here', one],
      ['elsewhere', asker],
    ] as const) {
      const { id } = await one.add(request({ name, hold: true }))
      await until('it waits', async () => (await crew.catalog.jobs.get(id))?.progress?.phase === 'waiting')
      assert.equal(await by.tryNow(id), 'asked')
      await ended(crew, [id])
      assert.equal((await crew.catalog.jobs.get(id))?.status, 'succeeded')
      assert.equal(await by.tryNow(id), 'not_waiting')
    }
  }),

  rule('while the queue is paused nothing begins, in no process; afterwards everything runs', async (crew) => {
    const one = await crew.process()
    const two = await crew.process()
    await one.pause()
    const jobs = [await one.add(request({ name: 'a' })), await two.add(request({ name: 'b', writer: 'one' }))]
    // One that starts now learns of it too.
    await crew.process()
    await delay(1500)
    assert.deepEqual(names(crew), [])
    await two.resume()
    await ended(
      crew,
      jobs.map(({ id }) => id),
    )
    assert.deepEqual(names(crew).sort(), ['a', 'b'])
  }),

  rule('what is put first runs first', async (crew) => {
    const one = await crew.process()
    const { id } = await one.add(request({ name: 'running', writer: 'one', hold: true }))
    await until('it runs', () => crew.runs.length === 1)
    const ids: Record<string, string> = {}
    for (const name of ['a', 'b', 'c', 'd']) ids[name] = (await one.add(request({ name, writer: 'one' }))).id
    const wanted = [ids.d ?? '', ids.b ?? '']
    assert.deepEqual(await one.reorder(wanted), wanted)
    crew.release('running')
    await ended(crew, [id, ...Object.values(ids)])
    assert.deepEqual(names(crew), ['running', 'd', 'b', 'a', 'c'])
  }),

  rule('a process that ends hands on what it was doing', async (crew) => {
    const one = await crew.process()
    const { id } = await one.add(request({ name: 'long', hold: true }))
    await until('it runs', () => crew.runs.length === 1)
    await one.stop()
    assert.equal((await crew.catalog.jobs.get(id))?.status, 'interrupted')
    crew.release('long')
    await crew.process()
    await ended(crew, [`${id}-2`])
    assert.deepEqual(
      crew.runs.map((run) => run.id),
      [id, `${id}-2`],
    )
  }),

  rule('a queue that loses its messages loses no job', async (crew, kit) => {
    if (!kit.lose) return
    const one = await crew.process()
    const { id } = await one.add(request({ name: 'running', writer: 'one', hold: true }))
    await until('it runs', () => crew.runs.length === 1)
    const waiting = [
      (await one.add(request({ name: 'a', writer: 'one' }))).id,
      (await one.add(request({ name: 'b', writer: 'one' }))).id,
    ]
    await kit.lose()
    crew.release('running')
    await ended(crew, [id, ...waiting])
    assert.deepEqual(names(crew), ['running', 'a', 'b'])
  }),
]
