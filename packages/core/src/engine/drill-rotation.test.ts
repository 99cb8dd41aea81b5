import { expect, test } from 'vitest'
import { rotationOf } from './drill-rotation.ts'

const all = { backups: 5, copies: ['attic', 'cloud'], hasRecoveryKey: true, isEncrypted: true }
const said = (turn: number, more: Partial<typeof all> = {}) => {
  const { age, fromCopy, withRecoveryKey } = rotationOf({ ...all, turn, ...more })
  return [age === 0 ? 'newest' : `older ${age}`, ...(fromCopy ? [fromCopy] : []), ...(withRecoveryKey ? ['key'] : [])].join(' ') // biome-ignore format: one line
}

test('twelve turns prove an older backup, a copy and the recovery key, and so does each twelve after', () => {
  expect(Array.from({ length: 12 }, (_, at) => said(at + 1))).toEqual([
    ...['newest', 'newest', 'older 1', 'newest attic', 'newest', 'newest'],
    ...['older 2', 'newest key', 'newest', 'newest', 'older 3', 'older 4 cloud key'],
  ])
  expect([15, 16, 19, 20, 23, 24].map((turn) => said(turn))).toEqual([
    ...['older 1', 'newest attic', 'older 2', 'newest key', 'older 3', 'older 4 cloud key'],
  ])
})

test('every older backup has its turn, however many there are', () => {
  for (const backups of [2, 3, 4, 9]) {
    const ages = Array.from({ length: 12 * backups }, (_, at) => rotationOf({ ...all, backups, turn: at + 1 }).age)
    expect(new Set(ages)).toEqual(new Set(Array.from({ length: backups }, (_, age) => age)))
  }
})

test('what an installation does not have is left out, and said where it would have mattered', () => {
  const none = { backups: 1, copies: [], hasRecoveryKey: false }
  for (let turn = 1; turn <= 24; turn++) expect(said(turn, none)).toBe('newest')
  const notes = (turn: number, more: Partial<typeof all> = none) => rotationOf({ ...all, turn, ...more }).notes
  expect(notes(1)).toEqual([])
  expect(notes(3)).toEqual([expect.stringContaining('an older backup')])
  expect(notes(4)).toEqual([expect.stringContaining('none is configured')])
  expect(notes(8)).toEqual([expect.stringContaining('`drills.recoveryKey`')])
  expect(notes(12)).toHaveLength(3)
  expect(notes(12, {})).toEqual([])
  // Without encryption there is no key to prove.
  expect(notes(8, { ...none, isEncrypted: false })).toEqual([])
})
