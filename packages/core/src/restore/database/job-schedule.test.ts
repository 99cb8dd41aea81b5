import { expect, test } from 'vitest'
import { type Job, runJobs } from './job-schedule.ts'

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function job(id: string, run: (session: string) => Promise<void>, more: Partial<Job<string>> = {}): Job<string> {
  return { id, dependsOn: [], exclusiveLocks: [], sharedLocks: [], weight: 0, run, ...more }
}

test('random graphs: nothing runs before what it depends on, locks hold, no session does two things', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    let state = seed * 7919
    const random = (below: number) => {
      state = (state * 48271) % 2147483647
      return state % below
    }
    const done = new Set<string>()
    const busy = new Set<string>()
    const held = new Map<number, number>()
    const jobs = Array.from({ length: 30 }, (_, number) => {
      const dependsOn = number === 0 ? [] : Array.from({ length: random(3) }, () => String(random(number)))
      const exclusiveLocks = random(3) === 0 ? [random(4)] : []
      const sharedLocks = random(2) === 0 ? [4 + random(2), random(4)].filter((id) => !exclusiveLocks.includes(id)) : []
      return job(
        String(number),
        async (session) => {
          expect(busy.has(session)).toBe(false)
          busy.add(session)
          for (const id of dependsOn) expect(done.has(id)).toBe(true)
          for (const id of exclusiveLocks) expect(held.get(id) ?? 0).toBe(0)
          for (const id of sharedLocks) expect(held.get(id) ?? 0).toBeGreaterThanOrEqual(0)
          for (const id of exclusiveLocks) held.set(id, -1)
          for (const id of sharedLocks) held.set(id, (held.get(id) ?? 0) + 1)
          await pause(random(3))
          for (const id of exclusiveLocks) held.set(id, 0)
          for (const id of sharedLocks) held.set(id, (held.get(id) ?? 0) - 1)
          busy.delete(session)
          done.add(String(number))
        },
        { dependsOn, exclusiveLocks, sharedLocks, weight: random(10) },
      )
    })
    await runJobs(jobs, ['a', 'b', 'c'])
    expect(done.size).toBe(30)
  }
})

test('a circle is gone through in the order given, and unknown dependencies count as done', async () => {
  const ran: string[] = []
  const one = (id: string, dependsOn: string[]) => job(id, async () => void ran.push(id), { dependsOn })
  await runJobs([one('a', ['b']), one('b', ['a']), one('c', ['gone'])], ['s'])
  expect(ran).toEqual(['c', 'a', 'b'])
})

test('the first failure is thrown after running jobs have ended, and nothing else starts', async () => {
  const ran: string[] = []
  const jobs = [
    job('slow', () => pause(30).then(() => void ran.push('slow')), { weight: 2 }),
    job('bad', () => Promise.reject(new Error('no')), { weight: 1 }),
    job('never', async () => void ran.push('never')),
  ]
  await expect(runJobs(jobs, ['a', 'b'])).rejects.toThrow('no')
  expect(ran).toEqual(['slow'])
})

test('no jobs is fine', async () => {
  await runJobs([], ['a'])
})
