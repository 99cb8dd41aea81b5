import { expect, test } from 'vitest'
import type { EngineError } from '../errors.ts'
import { watchLimits } from './limits.ts'

const hour = 3_600_000

function exceeded(
  limits: Partial<Parameters<typeof watchLimits>[0]>,
  waitMs: number,
): Promise<EngineError | undefined> {
  return new Promise((resolve) => {
    const stop = watchLimits({
      maxSnapshotAgeMs: hour,
      stallMs: hour,
      activity: () => [],
      onExceeded: resolve,
      ...limits,
    })
    setTimeout(() => {
      stop()
      resolve(undefined)
    }, waitMs)
  })
}

test('a snapshot that grows too old', async () => {
  expect(await exceeded({ maxSnapshotAgeMs: 40 }, 500)).toMatchObject({ code: 'SNAPSHOT_TOO_OLD' })
})

test('one worker on which nothing moves, beside one that is busy', async () => {
  let bytes = 0
  const activity = () => [
    { active: true, bytes: bytes++ },
    { active: true, bytes: 7 },
  ]
  expect(await exceeded({ stallMs: 40, activity }, 500)).toMatchObject({ code: 'BACKUP_STALLED' })
})

test('a worker that has nothing to read is not stalled', async () => {
  const activity = () => [{ active: false, bytes: 7 }]
  expect(await exceeded({ stallMs: 20, activity }, 150)).toBeUndefined()
})
