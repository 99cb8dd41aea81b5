import assert from 'node:assert/strict'
import type { NotificationStep } from '../catalog.ts'
import type { CatalogRule } from './rule.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()

function step(from: number, to: number, more: Partial<NotificationStep> = {}): NotificationStep {
  return { position: { from, to }, at: at(0), events: [], deliveries: [], conditions: [], ended: [], ...more }
}
const event = (id: string) => ({ id, at: at(0), type: 'backup.failed', body: { title: `"${id}" 'é'` } })
const delivery = (id: string, channel: string) => ({ id: `${id}.${channel}`, event_id: id, channel, next_at: at(0) })

export const notificationConformance: CatalogRule[] = [
  {
    name: 'facts are looked at once: of many that move the position one does, and only it writes',
    async run({ notifications }) {
      assert.equal(await notifications.position(7), 7)
      assert.equal(await notifications.position(99), 7)
      const tries = Array.from({ length: 8 }, (_, index) =>
        notifications.record(step(7, 9, { events: [event(`e${index}`)], deliveries: [delivery(`e${index}`, 'ops')] })),
      )
      assert.equal((await Promise.all(tries)).filter(Boolean).length, 1)
      assert.equal(await notifications.position(0), 9)
      assert.equal(await notifications.count(), 1)
    },
  },
  {
    name: 'an event that is there already is not delivered again',
    async run({ notifications }) {
      await notifications.position(0)
      const again = { events: [event('e')], deliveries: [delivery('e', 'ops')] }
      assert.equal(await notifications.record(step(0, 0, again)), true)
      assert.equal(await notifications.record(step(0, 0, again)), true)
      assert.equal(await notifications.count({ channel: 'ops', status: 'queued' }), 1)
      assert.deepEqual((await notifications.get('e.ops'))?.event, event('e').body)
    },
  },
  {
    name: 'one process has an attempt; its end counts, and not that of an attempt before',
    async run({ notifications }) {
      await notifications.position(0)
      await notifications.record(step(0, 1, { events: [event('e')], deliveries: [delivery('e', 'ops')] }))
      const attempt = { attempts: 0, now: at(0), until: at(2) }
      const claims = await Promise.all([1, 2, 3].map(() => notifications.claim('e.ops', attempt)))
      assert.equal(claims.filter(Boolean).length, 1)
      assert.deepEqual(await notifications.due(at(1), 10), [])
      // The process has died: its time is over.
      assert.equal((await notifications.due(at(2), 10)).length, 1)
      assert.equal(await notifications.claim('e.ops', { attempts: 1, now: at(2), until: at(4) }), true)
      const sent = { status: 'sent' as const, next_at: at(3), ended_at: at(3), last_error: null, body_sha256: 'aa' }
      assert.equal(await notifications.settle('e.ops', 1, { ...sent, status: 'given_up' }), false)
      assert.equal(await notifications.settle('e.ops', 2, sent), true)
      assert.deepEqual(await notifications.due(at(60), 10), [])
      assert.equal((await notifications.get('e.ops'))?.status, 'sent')
      assert.equal(await notifications.again('e.ops', at(5)), true)
      assert.equal((await notifications.due(at(5), 10))[0]?.attempts, 0)
    },
  },
  {
    name: 'conditions begin, are renewed and end; what has ended is forgotten, what waits is not',
    async run({ notifications }) {
      await notifications.position(0)
      const condition = { key: 'backup', since: at(0), count: 1, told_at: at(0), event: { title: 'x' } }
      await notifications.record(step(0, 1, { conditions: [condition, { ...condition, key: 'copy' }] }))
      await notifications.record(step(1, 2, { conditions: [{ ...condition, count: 2 }], ended: ['copy'] }))
      assert.deepEqual(await notifications.conditions(), [{ ...condition, count: 2 }])
      const both = { events: [event('e')], deliveries: [delivery('e', 'a'), delivery('e', 'b')] }
      await notifications.record(step(2, 3, both))
      await notifications.claim('e.a', { attempts: 0, now: at(0), until: at(2) })
      const end = { next_at: at(1), ended_at: at(1), last_error: 'http_500', body_sha256: null }
      await notifications.settle('e.a', 1, { ...end, status: 'given_up' })
      await notifications.forget(at(30))
      assert.deepEqual(
        (await notifications.list()).map(({ id }) => id),
        ['e.b'],
      )
    },
  },
]
