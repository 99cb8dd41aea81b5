import assert from 'node:assert/strict'
import type { RestoreRecord } from '../catalog.ts'
import { at, job } from './fixtures.ts'
import type { CatalogRule } from './rule.ts'

const restore: RestoreRecord = {
  id: 'r1',
  backup_id: 'b1',
  database: 'default',
  strategy: 'swap',
  status: 'running',
  verdict: 'behind',
  safety_backup_id: null,
  kept_database: null,
  undo_until: null,
  started_at: at(0),
  finished_at: null,
  rows: null,
  error: null,
  job_id: 'j1',
  created_by: 'u1',
  plan: { hash: 'h', steps: [{ id: 'create' }] },
  swapped: true,
  undone: false,
  problems: [{ code: 'MEDIA_NOT_IN_PLACE', text: 'The folder "é" is missing.' }],
  ran: { migrations: ['0002'], data_migrations: [{ name: 'é', when: 'after', sha256: null, milliseconds: 3 }] },
}

/** Restores, run-time settings, schedules and workers. */
export const recordConformance: CatalogRule[] = [
  {
    name: 'restores are added, replaced and listed newest first',
    async run({ restores }) {
      await restores.put(restore)
      const done = {
        ...restore,
        status: 'succeeded',
        rows: 5_000_000_000,
        kept_database: 'shop_before',
        finished_at: at(9),
      }
      await restores.put(done)
      assert.deepEqual(await restores.get('r1'), done)
      await restores.put({ ...restore, id: 'r2', database: 'other', started_at: at(5) })
      assert.deepEqual(
        (await restores.list()).map(({ id }) => id),
        ['r2', 'r1'],
      )
      assert.deepEqual(
        (await restores.list({ database: 'default', statuses: ['succeeded'] })).map(({ id }) => id),
        ['r1'],
      )
      assert.equal(await restores.get('r9'), null)
    },
  },
  {
    name: 'configuration is written in part and values can be taken back',
    async run({ configuration }) {
      assert.deepEqual(await configuration.read(), {})
      await configuration.write({ max_backups: 5, zone: null, on: false, list: [1, 'a'] }, { by: 'u1', at: at(0) })
      await configuration.write({ max_backups: 6, list: undefined }, { by: 'u1', at: at(1) })
      assert.deepEqual(await configuration.read(), { max_backups: 6, zone: null, on: false })
    },
  },
  {
    name: 'a slot fires once, with its job or not at all, and never backwards',
    async run({ schedule, jobs }) {
      const slot = (seconds: number, worker = 'w1') => ({
        schedule: 'nightly',
        slot: at(seconds),
        worker,
        fired_at: at(seconds + 1),
      })
      assert.equal(await schedule.lastSlot('nightly'), null)
      const fired = await Promise.all(
        Array.from({ length: 6 }, (_, n) => schedule.fire(slot(100, `w${n}`), job(`s${n}`))),
      )
      assert.equal(fired.filter(Boolean).length, 1)
      assert.equal(await jobs.count(), 1)
      assert.equal(await schedule.fire(slot(50), job('earlier')), false)
      assert.equal(await schedule.fire({ ...slot(50), schedule: 'weekly' }, null), true)
      assert.equal(await schedule.fire(slot(200), job('later')), true)
      assert.equal(await schedule.lastSlot('nightly'), at(200))
      await schedule.forget(at(300))
      assert.equal(await schedule.lastSlot('nightly'), at(200))
      assert.equal(await schedule.fire(slot(100), null), false)
      assert.equal(await jobs.count(), 2)
    },
  },
  {
    name: 'workers are seen, renewed and forgotten',
    async run({ workers }) {
      const worker = { id: 'w1', host: 'h', pid: 7, roles: ['jobs'], started_at: at(0), seen_at: at(0) }
      await workers.beat(worker)
      await workers.beat({ ...worker, id: 'w2', seen_at: at(1) })
      await workers.beat({ ...worker, seen_at: at(9), roles: ['jobs', 'scheduler'] })
      assert.deepEqual(await workers.list(), [
        { ...worker, seen_at: at(9), roles: ['jobs', 'scheduler'] },
        { ...worker, id: 'w2', seen_at: at(1) },
      ])
      await workers.forget(at(5))
      assert.deepEqual(
        (await workers.list()).map(({ id }) => id),
        ['w1'],
      )
      await workers.remove('w1')
      assert.deepEqual(await workers.list(), [])
    },
  },
]
