import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import type { EngineEvent } from '../events.ts'
import { withAttempts } from './attempts.ts'

const blocked = () =>
  new EngineError('LOCK_BUDGET', 'ALTER TABLE waits.', { detail: { pid: 7, statement: 'ALTER TABLE t' } })

test('gives way as often as there are delays, then fails with the last error', async () => {
  const events: EngineEvent[] = []
  const seen: number[] = []
  const run = withAttempts(
    async (number) => {
      seen.push(number)
      throw blocked()
    },
    { delaysMs: [1, 1, 1], report: (event) => events.push(event) },
  )
  await expect(run).rejects.toMatchObject({ code: 'LOCK_BUDGET' })
  expect(seen).toEqual([1, 2, 3, 4])
  expect(events.map(({ type }) => type)).toEqual(['log', 'phase', 'log', 'phase', 'log', 'phase'])
})

test('a later attempt may succeed', async () => {
  const result = await withAttempts(
    async (number) => {
      if (number < 3) throw number === 1 ? blocked() : new EngineError('DATABASE_CHANGED', 'A table went away.')
      return number
    },
    { delaysMs: [1, 1, 1] },
  )
  expect(result).toBe(3)
})

test('other errors are not tried again', async () => {
  let attempts = 0
  const run = withAttempts(
    async () => {
      attempts += 1
      throw new EngineError('ROW_COUNT_MISMATCH', 'no')
    },
    { delaysMs: [1, 1] },
  )
  await expect(run).rejects.toMatchObject({ code: 'ROW_COUNT_MISMATCH' })
  expect(attempts).toBe(1)
})

test('a wait says why, who is in the way and until when, and ends as soon as somebody asks for it', async () => {
  const begun = Date.now()
  const run = withAttempts(
    async (number) => {
      if (number === 1) throw blocked()
      return number
    },
    {
      delaysMs: [3_600_000],
      report(event) {
        if (event.type !== 'phase') return
        expect(event.waiting).toMatchObject({
          reason: 'ALTER TABLE waits.',
          blockedBy: { pid: 7, statement: 'ALTER TABLE t' },
        })
        expect(Date.parse(event.waiting?.nextTryAt ?? '') - begun).toBeGreaterThanOrEqual(3_600_000)
        setTimeout(() => event.waiting?.tryNow?.(), 20)
      },
    },
  )
  expect(await run).toBe(2)
})

test('an abort ends the wait', async () => {
  const abort = new AbortController()
  const run = withAttempts(() => Promise.reject(blocked()), { delaysMs: [3_600_000], signal: abort.signal })
  setTimeout(() => abort.abort(), 20)
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
})
