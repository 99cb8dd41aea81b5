import { expect, test } from 'vitest'
import { type ApprovalState, approvalVerdict, type JudgedRequest, losesMore } from './approval-state.ts'
import type { ApprovalPolicy, Person } from './options.ts'
import { sharedIds, unsatisfiable } from './people.ts'

const person = (id: string, more: Partial<Person> = {}): Person => ({ id, role: 'admin', aliases: [], ...more })
const people = [person('ann', { aliases: ['root', 'ann-token-2'] }), person('bob'), person('carl')]
const policy = (more: Partial<ApprovalPolicy> = {}): ApprovalPolicy => ({
  ...{ actions: ['restores.run'], approvers: 1, validHours: 4 },
  ...more,
})
const request = (more: Partial<JudgedRequest> = {}): JudgedRequest => ({
  ...{ status: 'open', policy_hash: 'same', requested_by: 'ann', expires_at: '2026-01-01T04:00:00.000Z' },
  ...{ glass: null, votes: [], ...more },
})
const votes = (...actors: string[]) => actors.map((actor) => ({ actor }))
const glass = { usable_from: '2026-01-01T01:05:00.000Z' }
const at = (time: string) => new Date(`2026-01-01T${time}:00.000Z`)

interface Case {
  what: string
  request?: Partial<JudgedRequest>
  policy?: Partial<ApprovalPolicy> | null
  people?: Person[]
  policyHash?: string | null
  now?: string
  state: ApprovalState
  have?: number
  eligible?: string[]
}

test.each<Case>([
  { what: 'nobody has voted', state: 'pending', have: 0, eligible: ['bob', 'carl'] },
  { what: 'one of one has approved', request: { votes: votes('bob') }, state: 'approved', have: 1, eligible: ['carl'] },
  {
    what: 'one of two has approved',
    request: { votes: votes('bob') },
    policy: { approvers: 2 },
    state: 'pending',
    have: 1,
  },
  {
    ...{ what: 'two of two have', request: { votes: votes('bob', 'carl') }, policy: { approvers: 2 } },
    ...{ state: 'approved', have: 2, eligible: [] },
  },
  {
    ...{ what: 'one person with two tokens counts once', policy: { approvers: 2 }, state: 'pending', have: 1 },
    people: [person('ann'), person('bob', { aliases: ['bob-token'] }), person('carl')],
    request: { votes: votes('bob', 'bob-token') },
  },
  { what: 'the one who asked', request: { votes: votes('ann') }, state: 'pending', have: 0 },
  {
    what: 'the one who asked, under another token',
    request: { votes: votes('ann-token-2') },
    state: 'pending',
    have: 0,
  },
  {
    ...{ what: 'who asked through a shared account, under the own name', state: 'pending', have: 0 },
    request: { requested_by: 'root', votes: votes('ann') },
  },
  {
    ...{ what: 'an alias that became known after the vote', state: 'pending', have: 0 },
    ...{ people: [person('ann', { aliases: ['bob'] }), person('carl'), person('dora')] },
    request: { votes: votes('bob') },
  },
  {
    ...{ what: 'the role is gone since', people: [person('ann'), person('bob', { role: 'operator' }), person('carl')] },
    ...{ request: { votes: votes('bob') }, state: 'pending', have: 0, eligible: ['carl'] },
  },
  {
    ...{ what: 'the person is gone since', people: [person('ann'), person('carl')], request: { votes: votes('bob') } },
    ...{ state: 'pending', have: 0, eligible: ['carl'] },
  },
  {
    ...{
      what: 'a predicate that holds no more',
      policy: { from: ({ id }) => id !== 'bob' },
      state: 'pending',
      have: 0,
    },
    request: { votes: votes('bob') },
  },
  {
    what: 'named ids only',
    policy: { from: { ids: ['carl'] } },
    request: { votes: votes('bob') },
    state: 'pending',
    eligible: ['carl'],
  },
  {
    what: 'a role that nobody has but admins',
    policy: { from: { role: 'operator' } },
    state: 'pending',
    eligible: ['bob', 'carl'],
  },
  { what: 'a moment before it expires', now: '03:59', request: { votes: votes('bob') }, state: 'approved' },
  { what: 'expired while pending', now: '04:00', state: 'expired' },
  { what: 'expired although approved', now: '04:00', request: { votes: votes('bob') }, state: 'expired' },
  { what: 'expired although the glass was broken', now: '04:00', request: { glass }, state: 'expired' },
  { what: 'the policy is another one', policyHash: 'other', request: { votes: votes('bob') }, state: 'void' },
  {
    what: 'there is no policy any more',
    policy: null,
    policyHash: null,
    request: { votes: votes('bob') },
    state: 'void',
  },
  { what: 'glass, within its delay', now: '01:04', request: { glass }, state: 'waiting' },
  { what: 'glass, its delay is over', now: '01:05', request: { glass }, state: 'approved', have: 0 },
  {
    what: 'glass, and approved within its delay',
    now: '01:01',
    request: { glass, votes: votes('bob') },
    state: 'approved',
  },
  ...(['used', 'rejected', 'cancelled', 'expired', 'void'] as const).map((status) => ({
    ...{
      what: `${status}, whatever the votes`,
      request: { status, votes: votes('bob', 'carl'), glass },
      state: status,
    },
  })),
])(
  '$what: $state',
  ({ request: given, policy: rules, people: known = people, policyHash = 'same', now = '01:00', ...expected }) => {
    const verdict = approvalVerdict(request(given), {
      ...{ policy: rules === null ? null : policy(rules), policyHash, people: known, now: at(now) },
    })
    expect(verdict).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([name]) => ['state', 'have', 'eligible'].includes(name))),
    )
  },
)

test('a policy that could never be met says so; it needs one person more than approvers', () => {
  expect(unsatisfiable(policy(), people)).toBeNull()
  expect(unsatisfiable(policy({ approvers: 2 }), people)).toBeNull()
  expect(unsatisfiable(policy({ approvers: 3 }), people)).toMatch(/needs 3 approvers .* 4 people .* 3 are known/)
  expect(unsatisfiable(policy(), [person('ann')])).toMatch(/1 is known/)
  expect(
    unsatisfiable(
      policy({ from: { role: 'admin' } }),
      people.map((one) => ({ ...one, role: 'operator' as const })),
    ),
  ).not.toBeNull()
  expect(unsatisfiable(policy({ from: { ids: ['bob'] } }), people)).not.toBeNull()
})

test('an id stands for one person', () => {
  expect(sharedIds(people)).toEqual([])
  expect(sharedIds([...people, person('dora', { aliases: ['root'] })])).toEqual(['root'])
  expect(sharedIds([person('ann', { aliases: ['ann'] })])).toEqual([])
})

test('more rows lost than were approved: half as many again, and more than 100; not known is more than known', () => {
  const rows = (count: number | null, tables = 0) => ({ rows: count, tables })
  const cases: [ReturnType<typeof rows> | null, ReturnType<typeof rows> | null, boolean][] = [
    [null, null, false],
    [rows(0), rows(100), false],
    [rows(0), rows(101), true],
    [rows(1000), rows(1500), false],
    [rows(1000), rows(1501), true],
    [rows(1000), rows(10), false],
    [rows(10), rows(null), true],
    [rows(null), rows(null), false],
    [rows(null), rows(1e9), false],
    [rows(10, 1), rows(10, 2), true],
    [null, rows(1), true],
  ]
  for (const [approved, now, more] of cases)
    expect([approved, now, losesMore(approved, now)]).toEqual([approved, now, more])
})
