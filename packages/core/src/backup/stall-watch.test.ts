import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EngineError } from '../errors.ts'
import { watchForStall } from './stall-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

type Activity = Parameters<typeof watchForStall>[0]['activity']

function stalled(stallMs: number, activity: Activity, waitMs: number): EngineError | undefined {
  let error: EngineError | undefined
  const stop = watchForStall({
    ...{ stallMs, activity },
    onStalled(reason) {
      error = reason
    },
  })
  vi.advanceTimersByTime(waitMs)
  stop()
  return error
}

test('one worker on which nothing moves, beside one that is busy', () => {
  let bytes = 0
  const activity = () => [
    { active: true, bytes: bytes++ },
    { active: true, bytes: 7 },
  ]
  expect(stalled(40, activity, 500)).toMatchObject({ code: 'BACKUP_STALLED' })
})

test('a worker that has nothing to read is not stalled, nor is a slow one', () => {
  let bytes = 0
  const activity = () => [
    { active: false, bytes: 7 },
    { active: true, bytes: bytes++ },
  ]
  expect(stalled(20, activity, 150)).toBeUndefined()
})
