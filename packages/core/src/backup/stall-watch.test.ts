import { expect, test } from 'vitest'
import type { EngineError } from '../errors.ts'
import { watchForStall } from './stall-watch.ts'

type Activity = Parameters<typeof watchForStall>[0]['activity']

function stalled(stallMs: number, activity: Activity, waitMs: number): Promise<EngineError | undefined> {
  return new Promise((resolve) => {
    const stop = watchForStall({ stallMs, activity, onStalled: resolve })
    setTimeout(() => {
      stop()
      resolve(undefined)
    }, waitMs)
  })
}

test('one worker on which nothing moves, beside one that is busy', async () => {
  let bytes = 0
  const activity = () => [
    { active: true, bytes: bytes++ },
    { active: true, bytes: 7 },
  ]
  expect(await stalled(40, activity, 500)).toMatchObject({ code: 'BACKUP_STALLED' })
})

test('a worker that has nothing to read is not stalled, nor is a slow one', async () => {
  let bytes = 0
  const activity = () => [
    { active: false, bytes: 7 },
    { active: true, bytes: bytes++ },
  ]
  expect(await stalled(20, activity, 150)).toBeUndefined()
})
