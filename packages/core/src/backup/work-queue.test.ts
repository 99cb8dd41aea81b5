import { expect, test } from 'vitest'
import { createWorkQueue, type ReadItem, type WorkItem } from './work-queue.ts'

const segment = (of: number, index: number, weight: number): ReadItem<number> => ({
  kind: 'read',
  of,
  segment: index,
  weight,
})

function drain(groups: WorkItem<number>[][], options: Parameters<typeof createWorkQueue>[1]): WorkItem<number>[][] {
  const queue = createWorkQueue(groups, options)
  const jobs: WorkItem<number>[][] = []
  for (let job = queue.next(); job; job = queue.next()) jobs.push(job)
  expect(queue.remainingWeight).toBe(0)
  return jobs
}

test('every item is handed out exactly once, the heaviest table first, segments in order', () => {
  const groups = [[segment(0, 0, 5)], Array.from({ length: 50 }, (_, i) => segment(1, i, 10)), [segment(2, 0, 300)]]
  const jobs = drain(groups, { workers: 2, jobWeight: 100 })
  const items = jobs.flat()
  expect(items).toHaveLength(52)
  expect(items[0]).toEqual(segment(1, 0, 10))
  expect(items.flatMap((item) => (item.kind === 'read' && item.of === 1 ? [item.segment] : []))).toEqual([
    ...Array(50).keys(),
  ])
  expect(items.at(-1)).toEqual(segment(0, 0, 5))
})

test('jobs shrink towards the end, so that workers end together', () => {
  const jobs = drain([Array.from({ length: 64 }, (_, i) => segment(0, i, 1))], { workers: 2, jobWeight: 1000 })
  expect(jobs[0]).toHaveLength(16)
  expect(jobs.at(-1)).toHaveLength(1)
})

test('many small tables share a job, up to the bound of locks', () => {
  const jobs = drain(
    Array.from({ length: 1000 }, (_, i) => [segment(i, 0, 1), { kind: 'count' as const, of: i, weight: 1 }]),
    { workers: 2, jobLocks: 16 },
  )
  expect(jobs[0]).toHaveLength(32)
  expect(Math.max(...jobs.map((job) => new Set(job.map((item) => item.of)).size))).toBe(16)
})

test('an item heavier than the bound is a job of its own', () => {
  expect(drain([[segment(0, 0, 500)], [segment(1, 0, 1)]], { workers: 2, jobWeight: 10 })).toEqual([
    [segment(0, 0, 500)],
    [segment(1, 0, 1)],
  ])
})

test('no work, no jobs', () => {
  expect(drain([], { workers: 2 })).toEqual([])
})
