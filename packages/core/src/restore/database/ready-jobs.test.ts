import { expect, test } from 'vitest'
import type { Job } from './job-schedule.ts'
import { createReadyJobs } from './ready-jobs.ts'

function job(id: string, weight: number): Job<string> {
  return { id, dependsOn: [], exclusiveLocks: [], sharedLocks: [], weight, run: async () => {} }
}

test('the heaviest comes first, of equals the one added first; those that are not free stay in their places', () => {
  const ready = createReadyJobs<string>()
  for (const [id, weight] of Object.entries({ a: 1, b: 5, c: 1, d: 3, e: 5, f: 1 })) ready.add(job(id, weight))
  const taken = (but: string) => ready.take(({ id }) => !but.includes(id))?.id
  expect([taken('b'), taken(''), taken('ac'), taken('')]).toEqual(['e', 'b', 'd', 'a'])
  expect(taken('cf')).toBeUndefined()
  expect(ready.size).toBe(2)
  expect([taken(''), taken(''), taken('')]).toEqual(['c', 'f', undefined])
})

test('random weights come out as a stable sort has them', () => {
  let state = 7
  const jobs = Array.from({ length: 500 }, (_, number) => {
    state = (state * 48_271) % 2_147_483_647
    return job(String(number), state % 20)
  })
  const ready = createReadyJobs<string>()
  for (const one of jobs) ready.add(one)
  const order = jobs.map(() => ready.take(() => true)?.id)
  expect(order).toEqual(jobs.toSorted((a, b) => b.weight - a.weight).map(({ id }) => id))
})

test('of ten thousand that are free, each is looked at once', () => {
  const ready = createReadyJobs<string>()
  for (let number = 0; number < 10_000; number++) ready.add(job(String(number), number % 7))
  let looks = 0
  while (ready.take(() => ++looks > 0));
  expect(looks).toBe(10_000)
})
