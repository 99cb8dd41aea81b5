import assert from 'node:assert/strict'
import type { NewApproval } from '../approvals.ts'
import type { CatalogRule } from './rule.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()

const request = (id: string, more: Partial<NewApproval> = {}): NewApproval => ({
  ...{ id, action: 'restores.run', subject: null, ask_hash: 'ask', plan_hash: 'plan', policy_hash: 'policy' },
  ...{ asked: { text: `"${id}" 'é'` }, requested_by: 'ann', requested_at: at(0), expires_at: at(240), ...more },
})
const vote = (person: string, minute = 1) => ({ person, actor: `${person}@host`, at: at(minute), comment: null })

export const approvalConformance: CatalogRule[] = [
  {
    name: 'the same plan is requested once while it is open, and again after that',
    async run({ approvals }) {
      const added = await Promise.all([1, 2, 3, 4].map((n) => approvals.add(request(`a${n}`))))
      assert.equal(added.filter(({ isNew }) => isNew).length, 1)
      assert.equal(new Set(added.map(({ approval }) => approval.id)).size, 1)
      assert.equal((await approvals.add(request('b', { plan_hash: 'other' }))).isNew, true)
      const id = (added[0] as { approval: { id: string } }).approval.id
      assert.deepEqual((await approvals.get(id))?.asked, { text: `"${id}" 'é'` })
      assert.equal(await approvals.end(id, { status: 'cancelled', at: at(1), by: 'ann' }), true)
      assert.equal((await approvals.add(request('c'))).isNew, true)
      assert.equal(await approvals.count({ statuses: ['open'], askHash: 'ask' }), 2)
    },
  },
  {
    name: 'a person votes once, and only on what is open; votes come in their order',
    async run({ approvals }) {
      await approvals.add(request('a'))
      const tries = await Promise.all([1, 2, 3].map(() => approvals.vote('a', vote('bob'))))
      assert.deepEqual(tries.sort(), ['again', 'again', 'recorded'])
      assert.equal(await approvals.vote('a', { ...vote('carl', 2), comment: 'looked at it' }), 'recorded')
      assert.deepEqual(
        (await approvals.get('a'))?.votes.map(({ person, comment }) => [person, comment]),
        [
          ['bob', null],
          ['carl', 'looked at it'],
        ],
      )
      await approvals.end('a', { status: 'rejected', at: at(3), by: 'dora', reason: 'no' })
      assert.equal(await approvals.vote('a', vote('eve')), 'closed')
      assert.equal(await approvals.vote('none', vote('eve')), 'closed')
    },
  },
  {
    name: 'of many that use a request at once one does, and it stays used',
    async run({ approvals }) {
      await approvals.add(request('a'))
      const tries = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          approvals.end('a', { status: 'used', at: at(1), by: 'ann', useId: `use${n}` }),
        ),
      )
      assert.equal(tries.filter(Boolean).length, 1)
      assert.equal((await approvals.get('a'))?.use_id, `use${tries.indexOf(true)}`)
      assert.equal(await approvals.end('a', { status: 'expired', at: at(2), by: 'scheduler' }), false)
      assert.equal((await approvals.get('a'))?.status, 'used')
    },
  },
  {
    name: 'what a request was used for did not begin: given back by that use alone, it can be used again',
    async run({ approvals }) {
      await approvals.add(request('a'))
      await approvals.end('a', { status: 'used', at: at(1), by: 'ann', useId: 'one' })
      assert.equal(await approvals.giveBack('a', 'two'), false)
      assert.equal(await approvals.giveBack('a', 'one'), true)
      assert.equal(await approvals.giveBack('a', 'one'), false)
      const { status, use_id, ended_at } = (await approvals.get('a')) ?? {}
      assert.deepEqual([status, use_id, ended_at], ['open', null, null])
      assert.equal(await approvals.end('a', { status: 'used', at: at(2), by: 'ann', useId: 'three' }), true)
    },
  },
  {
    name: 'glass is broken once, and only of what is open; what is over is found by its time',
    async run({ approvals }) {
      const glass = { by: 'ann', at: at(1), reason: 'the shop is down', usable_from: at(6) }
      await approvals.add(request('a', { expires_at: at(10) }))
      await approvals.add(request('b', { plan_hash: 'other', expires_at: at(10), requested_at: at(1) }))
      assert.equal(await approvals.breakGlass('a', glass, at(60)), true)
      assert.equal(await approvals.breakGlass('a', { ...glass, usable_from: at(2) }, at(60)), false)
      assert.deepEqual((await approvals.get('a'))?.glass, glass)
      assert.deepEqual(
        (await approvals.list({ expiredAt: at(10) })).map(({ id }) => id),
        ['b'],
      )
      await approvals.end('b', { status: 'expired', at: at(10), by: 'scheduler' })
      assert.deepEqual(await approvals.list({ expiredAt: at(10) }), [])
      assert.equal(await approvals.breakGlass('b', glass, at(60)), false)
      assert.deepEqual(
        (await approvals.list()).map(({ id }) => id),
        ['b', 'a'],
      )
    },
  },
]
