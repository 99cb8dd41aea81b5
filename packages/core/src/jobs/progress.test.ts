import { expect, test, vi } from 'vitest'
import { createProgressMeter } from './progress.ts'

test('percentage, bytes and time left of the present phase', () => {
  let now = 0
  const meter = createProgressMeter(() => now)
  expect(meter.read()).toBeNull()
  meter.take({ type: 'log', level: 'info', message: 'x' })
  expect(meter.read()).toBeNull()
  meter.take({ type: 'phase', phase: 'rows' })
  expect(meter.read()).toEqual({
    phase: 'rows',
    percent: null,
    bytes: 0,
    bytes_total: null,
    rows: null,
    eta_seconds: null,
  })
  now = 10_000
  meter.take({ type: 'progress', phase: 'rows', bytes: 250, bytesTotal: 1000, rows: 7 })
  expect(meter.read()).toEqual({
    phase: 'rows',
    percent: 25,
    bytes: 250,
    bytes_total: 1000,
    rows: 7,
    eta_seconds: 30,
  })
  meter.take({ type: 'progress', phase: 'indexes', bytes: 0, items: 1, itemsTotal: 3 })
  expect(meter.read()).toMatchObject({ phase: 'indexes', percent: 33.3, eta_seconds: null })
  now = 12_000
  meter.take({ type: 'progress', phase: 'indexes', bytes: 0, items: 4, itemsTotal: 3 })
  expect(meter.read()).toMatchObject({ percent: 100, eta_seconds: 0 })
})

test('a wait is part of the phase, and is over with the next one', () => {
  const meter = createProgressMeter(() => 0)
  expect(meter.tryNow()).toBe(false)
  const tryNow = vi.fn()
  const waiting = { reason: 'Locked.', blockedBy: { pid: 7, statement: 'ALTER' }, nextTryAt: 'later', tryNow }
  meter.take({ type: 'phase', phase: 'waiting', waiting })
  expect(meter.read()).toMatchObject({
    phase: 'waiting',
    waiting: { reason: 'Locked.', blocked_by: { pid: 7, statement: 'ALTER' }, next_try_at: 'later' },
  })
  expect([meter.tryNow(), tryNow.mock.calls.length]).toEqual([true, 1])
  meter.take({ type: 'phase', phase: 'prepare' })
  expect(meter.read()).not.toHaveProperty('waiting')
  expect([meter.tryNow(), tryNow.mock.calls.length]).toEqual([false, 1])
})
