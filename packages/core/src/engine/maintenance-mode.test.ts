import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { createMaintenanceMode } from './maintenance-mode.ts'

const swap = { database: 'shop', restoreId: 'r1' }

test('a swap waits for the requests that run, lets none in while it runs, and all afterwards', async () => {
  const { mode, around } = createMaintenanceMode({})
  const leave = mode.enter()
  let renamed = false
  const swapping = around(swap, async () => {
    renamed = true
    expect([mode.active, mode.enter()]).toEqual([true, null])
    return 'done'
  })
  await wait(50)
  expect([mode.active, renamed, mode.enter()]).toEqual([true, false, null])
  leave?.()
  leave?.()
  expect(await swapping).toBe('done')
  expect([renamed, mode.active]).toEqual([true, false])
  expect(mode.enter()).toBeTypeOf('function')
})

test('a request that does not end holds a swap up for a second only', async () => {
  const { mode, around } = createMaintenanceMode({})
  mode.enter()
  const stopwatch = startStopwatch()
  await around(swap, async () => {})
  // The timer may fire a moment early.
  expect(stopwatch.milliseconds() + stopwatch.stoodStill()).toBeGreaterThan(900)
  expect(stopwatch.milliseconds()).toBeLessThan(1900)
})

test('hooks hear of a swap in order, and whether it happened', async () => {
  const heard: unknown[] = []
  const { mode, around } = createMaintenanceMode({
    beforeSwap: (notice) => void heard.push(['before', mode.active, notice]),
    afterSwap: async (notice) => void heard.push(['after', mode.active, notice]),
  })
  const failing = around(swap, async () => {
    throw new Error('busy')
  })
  await expect(failing).rejects.toThrow('busy')
  const notice = { database: 'shop', restore_id: 'r1' }
  expect(heard).toEqual([
    ['before', false, notice],
    ['after', true, { ...notice, swapped: false }],
  ])
  expect(mode.active).toBe(false)
})

test('what afterSwap throws is logged and changes nothing; beforeSwap stops the swap', async () => {
  const events: EngineEvent[] = []
  const after = createMaintenanceMode({
    afterSwap: async () => {
      throw new Error('no pool')
    },
  })
  const report = (event: EngineEvent) => void events.push(event)
  expect(await after.around({ ...swap, report }, async () => 7)).toBe(7)
  expect(events).toMatchObject([{ type: 'log', level: 'warning', message: expect.stringContaining('no pool') }])
  const before = createMaintenanceMode({
    beforeSwap() {
      throw new Error('not now')
    },
  })
  let renamed = false
  const stopped = before.around(swap, async () => {
    renamed = true
  })
  await expect(stopped).rejects.toMatchObject({ code: 'RESTORE_FAILED', message: expect.stringContaining('not now') })
  expect([renamed, before.mode.active]).toEqual([false, false])
})
