import { expect, test } from 'vitest'
import { noSnapshot } from '../repository/documents/nothing-read.ts'
import { whyNotIdle } from './idle-since.ts'
import { sampleOf } from './sample.ts'

const facts = { ...noSnapshot, taken_at: '2026-01-02T03:04:05.000Z', postmaster_started: 'then' }
const at = (xmax: number, open: number[] | undefined) => ({
  ...{ ...facts, xmax: String(xmax), xmin: String(Math.min(xmax, ...(open ?? []))) },
  ...(open ? { open_transactions: open.map(String) } : {}),
})

test.each<[string, Parameters<typeof whyNotIdle>[0], Parameters<typeof whyNotIdle>[1], string | null]>([
  ['the same moment', at(100, []), at(100, []), null],
  ['nothing but the marker', at(100, []), at(101, []), null],
  ['nothing but two markers', at(100, []), at(106, [101, 102, 103, 104]), null],
  ['one that is open still', at(100, [90]), at(101, [90]), null],
  ['one that has begun since, and is open', at(100, []), at(102, [101]), null],
  ['one that was open has ended', at(100, [90]), at(101, []), '1 transaction has ended since'],
  [
    'one that was open, and in no list, has ended',
    at(90, []),
    at(101, [91, 92, 93, 94, 95]),
    '5 transactions have ended since',
  ],
  ['one that has begun since has ended', at(100, []), at(102, []), '1 transaction has ended since'],
  ['many', at(100, []), at(1101, []), '1001 transactions have begun since'],
  ['back in time', at(100, []), at(99, []), 'the server has gone back in time'],
  [
    'an older version made the base',
    at(100, undefined),
    at(101, []),
    'the base does not tell which transactions were open',
  ],
  ['a standby', at(100, []), at(101, undefined), 'which transactions are open is not known'],
  ['restarted', at(100, []), { ...at(101, []), postmaster_started: 'later' }, 'the server was restarted since'],
])('%s', (_, base, now, expected) => {
  const markerTransactions = new Set(['100', '105'])
  expect(whyNotIdle(base, now, { markerTransactions, rowSurgery: false })).toBe(expected)
})

test('with pg_surgery nothing is idle, and without its markers no backup', () => {
  const markerTransactions = new Set(['100'])
  expect(whyNotIdle(at(100, []), at(101, []), { markerTransactions, rowSurgery: true })).toContain('pg_surgery')
  expect(whyNotIdle(at(100, []), at(101, []), { markerTransactions: new Set(), rowSurgery: false })).toContain(
    'has ended',
  )
})

test('of idle backups one in eight reads a sample, whatever else is numbered in between; others, and where one is asked for, always', () => {
  const manifest = (number: number) => ({ manifest: { number }, notIdle: null })
  for (let databases = 1; databases <= 16; databases++)
    for (let first = 1; first <= databases; first++) {
      const turns = Array.from({ length: 400 }, (_, n) => sampleOf(undefined, manifest(first + n * databases)))
      const sampled = turns.filter(({ share }) => share > 0)
      expect(sampled.length, `${databases} databases`).toBeGreaterThan(30)
      expect(sampled.length, `${databases} databases`).toBeLessThan(80)
      expect(sampled.every(({ turn }) => Number.isInteger(turn))).toBe(true)
    }
  expect(sampleOf(0.5, manifest(3))).toEqual({ share: 0.5, turn: 4 })
  expect(sampleOf(undefined, { ...manifest(3), notIdle: '1 transaction has ended since' }).share).toBe(0.01)
  const differential = Array.from({ length: 400 }, (_, index) => ({ ...manifest(1), newest: index + 1 }))
  expect(differential.filter((base) => sampleOf(undefined, base).share > 0).length).toBeGreaterThan(30)
  expect(sampleOf(undefined, null).share).toBe(0)
})
