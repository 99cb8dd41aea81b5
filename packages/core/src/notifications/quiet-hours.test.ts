import { expect, test } from 'vitest'
import { afterQuietHours } from './quiet-hours.ts'

const berlin = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' }

test.each([
  ['by day', '2026-01-10T12:00:00.000Z', '2026-01-10T12:00:00.000Z'],
  ['before midnight', '2026-01-10T21:30:10.000Z', '2026-01-11T06:00:00.000Z'],
  ['after midnight', '2026-01-11T01:00:00.000Z', '2026-01-11T06:00:00.000Z'],
  ['at their very end', '2026-01-11T06:00:00.000Z', '2026-01-11T06:00:00.000Z'],
  ['in the night in which the clocks leap', '2026-03-28T22:00:00.000Z', '2026-03-29T05:00:00.000Z'],
  ['in the night in which an hour comes twice', '2026-10-24T21:00:00.000Z', '2026-10-25T06:00:00.000Z'],
])('%s', (_, moment, end) => {
  expect(afterQuietHours(new Date(moment), berlin).toISOString()).toBe(end)
})

test('hours within one day', () => {
  const noon = { from: '12:00', to: '13:00', timeZone: 'UTC' }
  expect(afterQuietHours(new Date('2026-01-10T12:59:59.999Z'), noon).toISOString()).toBe('2026-01-10T13:00:00.000Z')
})
