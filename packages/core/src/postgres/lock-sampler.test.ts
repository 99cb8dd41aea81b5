import { describe, expect, test } from 'vitest'
import { createSamples, type SessionRow } from './lock-sampler.ts'

const nobody = (at: number): SessionRow[] => [
  { at, pid: null, sql: '', active: false, started: null, ended: null, read: at, locks: null },
]
const session = (at: number, more: Partial<SessionRow>): SessionRow[] => [
  {
    at,
    pid: 7,
    sql: 'ALTER TABLE t ADD a int',
    active: true,
    started: 1004,
    ended: null,
    read: at,
    locks: null,
    ...more,
  },
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
        ...{ statements: ['ALTER TABLE t ADD a int'], outlivedStatement: true },
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

describe('the statement that took a lock is among those reported', () => {
  const locks: SessionRow['locks'] = [['20000', 'ShareLock']]
  const taken = (...looks: SessionRow[][]) => {
    const samples = createSamples()
    for (const rows of looks) samples.add(rows)
    return samples.result().locks.map(({ statements, outlivedStatement }) => ({ statements, outlivedStatement }))
  }

  test('where it began between the reading of the statements and that of the locks', () => {
    const insert = session(1010, { sql: 'INSERT INTO ledger', active: false, ended: 1005, read: 1060, locks })
    const index = (at: number, active: boolean) => session(at, { sql: 'CREATE INDEX', active, started: 1020, locks })
    const statements = ['INSERT INTO ledger', 'CREATE INDEX']
    expect(taken(nobody(1000), insert, index(1070, true))).toEqual([{ statements, outlivedStatement: false }])
    expect(taken(nobody(1000), insert, index(1070, false))).toEqual([{ statements, outlivedStatement: true }])
  })

  test('where the session had gone on before the next look', () => {
    const index = session(1010, { sql: 'CREATE INDEX' })
    const insert = session(1100, { sql: 'INSERT INTO ledger', started: 1090, locks })
    expect(taken(nobody(1000), index, insert)).toEqual([
      { statements: ['CREATE INDEX', 'INSERT INTO ledger'], outlivedStatement: false },
    ])
  })

  test('and no other: one that had ended before, or began later', () => {
    const before = session(1010, { sql: 'INSERT INTO ledger', active: false, ended: 1005 })
    const index = session(1030, { sql: 'CREATE INDEX', started: 1020, locks })
    const after = session(1050, { sql: 'COMMIT', started: 1040, locks })
    expect(taken(nobody(1000), before, index, after)).toEqual([
      { statements: ['CREATE INDEX'], outlivedStatement: true },
    ])
  })
})
