import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startStopwatch } from './stopwatch.ts'

test('time goes by, but not while the process stands still', async () => {
  const stopwatch = startStopwatch()
  await sleep(200)
  expect(stopwatch.milliseconds()).toBeGreaterThan(100)
  const before = stopwatch.milliseconds()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  expect(stopwatch.milliseconds() - before).toBeLessThan(150)
  expect(stopwatch.stoodStill()).toBeGreaterThan(800)
  stopwatch.restart()
  expect([stopwatch.milliseconds() < 50, stopwatch.stoodStill() < 50]).toEqual([true, true])
})
