import { expect, test } from 'vitest'
import { createSamples, type SessionRow } from './lock-sampler.ts'

const nobody = (at: number): SessionRow[] => [
  { at, pid: null, sql: '', active: false, started: null, ended: null, locks: null },
]
const session = (at: number, more: Partial<SessionRow>): SessionRow[] => [
  { at, pid: 7, sql: 'ALTER TABLE t ADD a int', active: true, started: 1004, ended: null, locks: null, ...more },
]

test('a lock is held from the start of its statement, or the look before, to the last look that saw it', () => {
  const samples = createSamples()
  samples.add(nobody(1000))
  samples.add(
    session(1010, {
      locks: [
        ['20000', 'AccessExclusiveLock'],
        ['20000', 'RowExclusiveLock'],
      ],
    }),
  )
  samples.add(session(1130, { active: false, ended: 1020, locks: [['20000', 'AccessExclusiveLock']] }))
  samples.add(session(1140, { sql: 'COMMIT', started: 1135 }))
  samples.add(nobody(1150))
  expect(samples.result()).toEqual({
    locks: [
      {
        ...{ pid: 7, relation: '20000', mode: 'AccessExclusiveLock', from: 1004, to: 1130 },
        ...{ statement: 'ALTER TABLE t ADD a int', outlivedStatement: true },
      },
    ],
    statements: [
      { pid: 7, sql: 'ALTER TABLE t ADD a int', milliseconds: 16 },
      { pid: 7, sql: 'COMMIT', milliseconds: 5 },
    ],
    resolutionMs: 120,
    looks: 5,
  })
})

test('one that is taken twice is two; an old statement does not make it older than the look that did not see it', () => {
  const samples = createSamples()
  const held = (at: number) => session(at, { locks: [['20000', 'ShareLock']] })
  samples.add(nobody(1100))
  samples.add(held(1110))
  samples.add(session(1120, {}))
  samples.add(held(1130))
  expect(samples.result().locks.map(({ from, to, outlivedStatement }) => [from, to, outlivedStatement])).toEqual([
    [1100, 1110, false],
    [1120, 1130, false],
  ])
})
