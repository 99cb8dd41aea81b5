import assert from 'node:assert/strict'
import { at, claim, job } from './fixtures.ts'
import type { CatalogRule } from './rule.ts'

const running: CatalogRule[] = [
  {
    name: 'a job that runs from the beginning is running, keeps its writer busy, and ends like any other',
    async run({ jobs }) {
      assert.equal(await jobs.insertRunning(job('j1'), claim('w1')), 'claimed')
      const running = await jobs.get('j1')
      assert.equal(running?.status, 'running')
      assert.equal(running?.worker, 'w1')
      assert.equal(await jobs.insertRunning(job('j2'), claim('w2')), 'busy')
      assert.equal(await jobs.get('j2'), null)
      await jobs.insert(job('j3'))
      assert.equal(await jobs.claim('j3', claim('w2')), 'busy')
      assert.equal(await jobs.finish('j1', 'w1', { status: 'succeeded', finished_at: at(2) }), true)
      assert.equal(await jobs.insertRunning(job('j4'), claim('w2')), 'claimed')
    },
  },
]

const planned: CatalogRule[] = [
  {
    name: 'schedules are added, replaced, listed by name and removed',
    async run({ schedule }) {
      const nightly = {
        ...{ name: 'nightly', kind: 'backup', database: 'default', cron: '0 2 * * *', time_zone: null },
        ...{ jitter_minutes: 5, enabled: true, input: { type: 'full' }, changed_by: 'u1', changed_at: at(0) },
      }
      const drill = { ...nightly, name: 'drill', kind: 'verify', database: null, enabled: false }
      await schedule.put(nightly)
      await schedule.put(drill)
      assert.deepEqual(await schedule.list(), [drill, nightly])
      await schedule.put({ ...drill, enabled: true })
      assert.deepEqual((await schedule.list())[0], { ...drill, enabled: true })
      assert.equal(await schedule.remove('drill'), true)
      assert.equal(await schedule.remove('drill'), false)
      assert.deepEqual(await schedule.list(), [nightly])
    },
  },
]

const queued: CatalogRule[] = [
  {
    name: 'a job comes back as it was put in, queued',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      assert.deepEqual(await jobs.get('j1'), {
        ...job('j1'),
        status: 'queued',
        progress: null,
        result: null,
        error: null,
        started_at: null,
        finished_at: null,
        worker: null,
        lease_until: null,
        cancel_requested: false,
        attempt: 1,
        resumes: null,
      })
      assert.equal(await jobs.get('j2'), null)
    },
  },
  {
    name: 'queued jobs come in the order they will run, others newest first; filters and pages hold',
    async run({ jobs }) {
      await jobs.insert(job('j1', { position: 5, created_at: at(1) }))
      await jobs.insert(job('j2', { position: -1.5, created_at: at(3), kind: 'verify', writer: null }))
      await jobs.insert(job('j3', { position: 5, created_at: at(0), database: 'other' }))
      const ids = async (...parameters: Parameters<typeof jobs.list>) =>
        (await jobs.list(...parameters)).map(({ id }) => id)
      assert.deepEqual(await ids({ statuses: ['queued'] }), ['j2', 'j3', 'j1'])
      assert.deepEqual(await ids(), ['j2', 'j1', 'j3'])
      assert.deepEqual(await ids({}, { limit: 1, offset: 1 }), ['j1'])
      assert.deepEqual(await ids({ kinds: ['verify'] }), ['j2'])
      assert.deepEqual(await ids({ database: 'other' }), ['j3'])
      assert.deepEqual(await ids({ subjectId: 'b-j1' }), ['j1'])
      assert.deepEqual(await ids({ statuses: [] }), [])
      assert.equal(await jobs.count({ statuses: ['queued'] }), 3)
      const [outlined, ...others] = await jobs.outline({ kinds: ['verify'] })
      assert.deepEqual({ ...outlined }, { id: 'j2', subject_id: 'b-j2', status: 'queued' })
      assert.deepEqual(others, [])
      assert.deepEqual(
        (await jobs.outline()).map(({ id }) => id),
        ['j2', 'j1', 'j3'],
      )
      assert.equal(await jobs.move('j1', -9), true)
      assert.deepEqual(await ids({ statuses: ['queued'] }), ['j1', 'j2', 'j3'])
    },
  },
  {
    name: 'of many claims of one job exactly one wins',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      const outcomes = await Promise.all(Array.from({ length: 8 }, (_, n) => jobs.claim('j1', claim(`w${n}`))))
      assert.equal(outcomes.filter((outcome) => outcome === 'claimed').length, 1)
      assert.equal(outcomes.filter((outcome) => outcome === 'gone').length, 7)
      assert.equal(await jobs.claim('absent', claim('w1')), 'gone')
    },
  },
  {
    name: 'one writer at a time; jobs without a writer run beside',
    async run({ jobs }) {
      for (const id of ['j1', 'j2', 'j3']) await jobs.insert(job(id))
      await jobs.insert(job('reader', { writer: null }))
      await jobs.insert(job('reader2', { writer: null }))
      await jobs.insert(job('other', { writer: 'other' }))
      const outcomes = await Promise.all(['j1', 'j2', 'j3'].map((id) => jobs.claim(id, claim(id))))
      assert.deepEqual([...outcomes].sort(), ['busy', 'busy', 'claimed'])
      for (const id of ['reader', 'reader2', 'other']) assert.equal(await jobs.claim(id, claim(id)), 'claimed')
      const winner = ['j1', 'j2', 'j3'][outcomes.indexOf('claimed')] as string
      const loser = ['j1', 'j2', 'j3'][outcomes.indexOf('busy')] as string
      assert.equal(await jobs.finish(winner, winner, { status: 'succeeded', finished_at: at(2) }), true)
      assert.equal(await jobs.claim(loser, claim(loser)), 'claimed')
    },
  },
  {
    name: 'only the worker that holds a job beats and finishes it',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      const beat = (worker: string) => jobs.beat('j1', { worker, lease_until: at(60), progress: { percent: 50 } })
      assert.equal(await beat('w1'), 'lost')
      await jobs.claim('j1', claim('w1'))
      assert.equal(await beat('w2'), 'lost')
      assert.equal(await beat('w1'), 'held')
      assert.deepEqual((await jobs.get('j1'))?.progress, { percent: 50 })
      assert.equal(await jobs.beat('j1', { worker: 'w1', lease_until: at(61) }), 'held')
      assert.deepEqual((await jobs.get('j1'))?.progress, { percent: 50 })
      assert.equal(await jobs.finish('j1', 'w2', { status: 'failed', finished_at: at(9) }), false)
      const outcome = { status: 'failed', error: { code: 'LOCK_BUDGET' }, finished_at: at(9) } as const
      assert.equal(await jobs.finish('j1', 'w1', outcome), true)
      const after = await jobs.get('j1')
      assert.deepEqual([after?.status, after?.error, after?.finished_at], ['failed', { code: 'LOCK_BUDGET' }, at(9)])
      assert.deepEqual(
        [await jobs.count({ finishedSince: at(9) }), await jobs.count({ finishedSince: at(10) })],
        [1, 0],
      )
      assert.equal(await jobs.finish('j1', 'w1', { status: 'succeeded', finished_at: at(10) }), false)
      assert.equal(await beat('w1'), 'lost')
    },
  },
  {
    name: 'cancelling ends a queued job, asks a running one, and leaves an ended one',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      await jobs.insert(job('j2'))
      assert.equal(await jobs.cancel('j1', at(5)), 'cancelled')
      assert.equal((await jobs.get('j1'))?.status, 'cancelled')
      assert.equal(await jobs.claim('j1', claim('w1')), 'gone')
      await jobs.claim('j2', claim('w1'))
      assert.equal(await jobs.cancel('j2', at(5)), 'requested')
      assert.equal(await jobs.beat('j2', { worker: 'w1', lease_until: at(60) }), 'cancel')
      await jobs.finish('j2', 'w1', { status: 'cancelled', finished_at: at(6) })
      assert.equal(await jobs.cancel('j2', at(7)), 'finished')
      assert.equal(await jobs.cancel('absent', at(7)), 'missing')
      assert.equal(await jobs.move('j2', 1), false)
    },
  },
  {
    name: 'who does not want to wait for the next try is heard once, by the worker of a running job',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      assert.equal(await jobs.requestTry('j1'), false)
      await jobs.claim('j1', claim('w1'))
      assert.equal(await jobs.requestTry('j1'), true)
      const beat = { worker: 'w1', lease_until: at(60) }
      assert.equal(await jobs.beat('j1', beat), 'try_now')
      assert.equal(await jobs.beat('j1', beat), 'held')
      await jobs.finish('j1', 'w1', { status: 'succeeded', finished_at: at(6) })
      assert.equal(await jobs.requestTry('j1'), false)
      assert.equal(await jobs.requestTry('absent'), false)
    },
  },
  {
    name: 'a silent worker loses its job, once, and its writer is free again',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      await jobs.insert(job('j2'))
      await jobs.claim('j1', claim('w1', 30))
      assert.deepEqual(await jobs.expire(at(29)), [])
      const [first, second] = await Promise.all([jobs.expire(at(31)), jobs.expire(at(31))])
      assert.deepEqual(
        [...first, ...second].map(({ id, status }) => [id, status]),
        [['j1', 'interrupted']],
      )
      assert.equal(await jobs.beat('j1', { worker: 'w1', lease_until: at(60) }), 'lost')
      assert.equal(await jobs.finish('j1', 'w1', { status: 'succeeded', finished_at: at(40) }), false)
      assert.equal(await jobs.claim('j2', claim('w2')), 'claimed')
    },
  },
  {
    name: 'what continues a broken-off job is there as soon as that job is broken off',
    async run({ jobs }) {
      // Of two writers: what continues the first would have to run before the second.
      const made = (id: string) => ({ ...job(id), writer: id.slice(0, 2) })
      for (const id of ['j1', 'j2']) await jobs.insert(made(id))
      await jobs.claim('j1', claim('w1', 30))
      const next = ({ id }: { id: string }) => ({ ...made(`${id}-2`), attempt: 2, resumes: id })
      await jobs.expire(at(31), next)
      assert.equal((await jobs.get('j1-2'))?.status, 'queued')
      await jobs.claim('j2', claim('w1', 90))
      await jobs.finish('j2', 'w1', { status: 'interrupted', finished_at: at(40), next: next({ id: 'j2' }) })
      assert.equal((await jobs.get('j2-2'))?.resumes, 'j2')
      await jobs.claim('j2-2', claim('w1', 90))
      await jobs.cancel('j2-2', at(41))
      await jobs.finish('j2-2', 'w1', { status: 'interrupted', finished_at: at(42), next: next({ id: 'j2-2' }) })
      assert.equal(await jobs.get('j2-2-2'), null, 'somebody asked to cancel it')
    },
  },
  {
    name: 'logs keep their order and are read on from any line',
    async run({ jobs }) {
      await jobs.insert(job('j1'))
      const lines = Array.from({ length: 1200 }, (_, index) => ({
        seq: index + 1,
        at: at(index),
        level: 'info',
        message: `line ${index + 1}`,
        detail: index % 2 ? { index } : null,
      }))
      await jobs.appendLogs('j1', lines)
      await jobs.appendLogs('j1', lines.slice(-3))
      await jobs.appendLogs('j1', [])
      assert.deepEqual(await jobs.readLogs('j1', 0, 5000), lines)
      assert.deepEqual(await jobs.readLogs('j1', 1190, 3), lines.slice(1190, 1193))
      assert.deepEqual(await jobs.readLogs('j2', 0), [])
    },
  },
  {
    name: 'forgetting drops ended jobs with their logs and no others',
    async run({ jobs }) {
      for (const id of ['old', 'new', 'queued']) await jobs.insert(job(id))
      await jobs.appendLogs('old', [{ seq: 1, at: at(1), level: 'info', message: 'x', detail: null }])
      await jobs.cancel('old', at(10))
      await jobs.cancel('new', at(20))
      assert.equal(await jobs.forget(at(15)), 1)
      assert.equal(await jobs.get('old'), null)
      assert.deepEqual(await jobs.readLogs('old', 0), [])
      assert.equal(await jobs.count(), 2)
    },
  },
  {
    name: 'forgetting a subject drops its ended jobs of that kind with their logs and no others',
    async run({ jobs }) {
      await jobs.insert(job('first', { subject_id: 'b1' }))
      await jobs.insert(job('other kind', { subject_id: 'b1', kind: 'verify' }))
      await jobs.insert(job('other subject', { subject_id: 'b2' }))
      await jobs.insert(job('queued', { subject_id: 'b1' }))
      await jobs.appendLogs('first', [{ seq: 1, at: at(1), level: 'info', message: 'x', detail: null }])
      for (const id of ['first', 'other kind', 'other subject']) await jobs.cancel(id, at(10))
      assert.equal(await jobs.forgetSubject('backup', 'b1'), 1)
      assert.equal(await jobs.get('first'), null)
      assert.deepEqual(await jobs.readLogs('first', 0), [])
      assert.equal(await jobs.count(), 3)
    },
  },
]

/** How jobs are added, claimed, carried on and ended. */
export const jobConformance: CatalogRule[] = [...queued, ...running, ...planned]
