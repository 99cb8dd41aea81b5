import { describe, expect, test } from 'vitest'
import { judgeSize, type SizedBackup } from './odd-size.ts'

const days = 365
const databases = 60
type Random = () => number

/** mulberry32 */
function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** The step of a day, as the logarithm of a ratio. */
const histories: Record<string, (day: number, random: Random) => number> = {
  'stays as it is': (_, random) => 0.0005 * normal(random),
  grows: (_, random) => 0.004 + 0.002 * normal(random),
  'constant, then it grows': (day, random) => (day < 180 ? 0 : 0.005 + 0.003 * normal(random)),
  'works on weekdays': (day, random) => (day % 7 < 5 ? 0.006 + 0.002 * normal(random) : 0),
  'archives 12 % each month': (day, random) => 0.004 + 0.001 * normal(random) - (day % 30 === 29 ? 0.128 : 0),
  'imports 8 % now and then': (_, random) => 0.001 * normal(random) + (random() < 0.05 ? Math.log(1.08) : 0),
  'tiny, and noisy': (_, random) => 0.03 * normal(random),
  'heavy tail': (_, random) => (0.003 * normal(random)) / Math.max(0.05, Math.abs(normal(random))),
  'cleans up each Sunday': (day, random) => 0.01 + 0.002 * normal(random) - (day % 7 === 6 ? 0.07 : 0),
}

function historyOf(step: (day: number, random: Random) => number, random: Random, first: number): SizedBackup[] {
  let bytes = first
  return Array.from({ length: days }, (_, day) => {
    bytes *= Math.exp(day === 0 ? 0 : step(day, random))
    return { bytes: Math.round(bytes) }
  })
}

describe('nine histories of 60 databases, a year each', () => {
  const found = Object.entries(histories).map(([name, step], index) => {
    let falseAlarms = 0
    const hits = new Map([0.5, 0.8, 2].map((factor) => [factor, 0]))
    let tries = 0
    for (let database = 0; database < databases; database++) {
      const random = randomOf(1000 * index + database)
      const history = historyOf(step, random, name.startsWith('tiny') ? 50_000 : 1e9)
      for (let day = 1; day < days; day++)
        if (judgeSize(history.slice(Math.max(0, day - 100), day + 1)).odd) falseAlarms++
      for (let day = 40; day < days; day += 13) {
        tries++
        const before = history.slice(Math.max(0, day - 100), day)
        for (const factor of hits.keys()) {
          const hit = { bytes: (history[day]?.bytes ?? 0) * factor }
          const wanted = factor < 1 ? 'smaller' : 'larger'
          if (judgeSize([...before, hit]).odd === wanted) hits.set(factor, (hits.get(factor) ?? 0) + 1)
        }
      }
    }
    return { name, perYear: falseAlarms / databases, share: (factor: number) => (hits.get(factor) ?? 0) / tries }
  })

  test.each(found)('$name: at most two false alarms a year', ({ perYear }) => {
    expect(perYear).toBeLessThanOrEqual(2)
  })
  test('a loss of a fifth is found in 85 of 100 cases, one of a half and twice the size nearly always', () => {
    const mean = (factor: number) => found.reduce((sum, { share }) => sum + share(factor), 0) / found.length
    expect(mean(0.8)).toBeGreaterThanOrEqual(0.85)
    expect(mean(0.5)).toBeGreaterThanOrEqual(0.98)
    expect(mean(2)).toBeGreaterThanOrEqual(0.98)
  })
})

describe('single cases', () => {
  const flat = (count: number, bytes = 1000): SizedBackup[] => Array.from({ length: count }, () => ({ bytes }))
  const cases: [string, SizedBackup[], odd: string | null][] = [
    ['no backup', [], null],
    ['the first', flat(1), null],
    ['few backups: less than half', [...flat(3), { bytes: 499 }], 'smaller'],
    ['few backups: 40 % gone is not odd yet', [...flat(3), { bytes: 600 }], null],
    ['many: 12 % gone', [...flat(20), { bytes: 880 }], 'smaller'],
    ['many: 8 % gone', [...flat(20), { bytes: 920 }], null],
    ['many: 20 % more', [...flat(20), { bytes: 1200 }], null],
    ['many: 30 % more', [...flat(20), { bytes: 1300 }], 'larger'],
    ['empty, of 50 kB', [...flat(20, 50_000), { bytes: 0 }], 'smaller'],
    ['a migration explains it', [...flat(20), { bytes: 300, isExplained: true }], null],
    [
      'a step that was explained is no measure',
      [...flat(20), { bytes: 300, isExplained: true }, { bytes: 200 }],
      'smaller',
    ],
    ['after an empty one', [...flat(20), { bytes: 0 }, { bytes: 1000 }], null],
    [
      'a habit, twice before',
      [...flat(9), { bytes: 700 }, ...flat(9), { bytes: 700 }, ...flat(9), { bytes: 720 }],
      null,
    ],
  ]
  test.each(cases)('%s', (_, series, odd) => {
    expect(judgeSize(series).odd).toBe(odd)
  })
  test('says what would have been usual', () => {
    const { usual } = judgeSize([...flat(20), { bytes: 1 }])
    expect([Math.round(usual.low), Math.round(usual.high)]).toEqual([909, 1250])
  })
})
