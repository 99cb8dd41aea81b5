import { describe, expect, test } from 'vitest'
import { type PackFacts, type PrunePlan, type PrunePlanOptions, prunePlan } from './prune-plan.ts'

const hour = 3600_000
const options: PrunePlanOptions = {
  now: 1_000 * hour,
  graceMs: 26 * hour,
  markMs: 26 * hour,
  repackUnusedShare: 0.3,
  smallPackBytes: 2_000,
  smallPackCount: 3,
  maxRepackBytes: 100_000,
}
/** A full pack of 10,000 bytes, indexed, 100 hours old, all of it needed. */
function pack(
  name: string,
  facts: Partial<Omit<PackFacts, 'stored'>> & { ageHours?: number; gone?: boolean; bytes?: number } = {},
): PackFacts {
  const { ageHours = 100, gone = false, bytes = 10_000, ...rest } = facts
  return {
    name,
    indexed: true,
    stored: gone ? null : { bytes, modifiedAt: options.now - ageHours * hour },
    markedAt: null,
    chunkBytes: bytes,
    neededBytes: bytes,
    ...rest,
  }
}
const marked = (hours: number) => ({ markedAt: options.now - hours * hour })
/** The plan in one word a pack, e.g. `mark(unused)`. */
function words(plan: PrunePlan): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  const say = (name: string, word: string) => {
    found[name] = [...(found[name] ?? []), word]
  }
  for (const { pack, reason } of plan.repack) say(pack, `repack(${reason})`)
  for (const { pack, reason } of plan.mark) say(pack, `mark(${reason})`)
  for (const { pack } of plan.delete) say(pack, 'delete')
  for (const { pack, until } of plan.wait) say(pack, `wait(${(until - options.now) / hour})`)
  for (const { pack, until } of plan.locked) say(pack, `locked(${(until - options.now) / hour})`)
  for (const pack of plan.unmark) say(pack, 'unmark')
  for (const pack of plan.missing) say(pack, 'missing')
  return found
}

describe('one pack', () => {
  const cases: [name: string, facts: PackFacts, expected: string[], changed?: Partial<PrunePlanOptions>][] = [
    ['all needed', pack('p'), []],
    ['all needed and young', pack('p', { ageHours: 1 }), []],
    ['unused', pack('p', { neededBytes: 0 }), ['mark(unused)']],
    ['unused, just old enough', pack('p', { neededBytes: 0, ageHours: 26 }), ['mark(unused)']],
    ['unused, but a running backup may have just written it', pack('p', { neededBytes: 0, ageHours: 25.9 }), []],
    ['unused, from the future by a clock set back', pack('p', { neededBytes: 0, ageHours: -5 }), []],
    ['not indexed', pack('p', { neededBytes: 0, indexed: false }), ['mark(orphan)']],
    ['not indexed, of a running backup', pack('p', { neededBytes: 0, indexed: false, ageHours: 3 }), []],
    ['indexed, unused, and the object is gone', pack('p', { neededBytes: 0, gone: true }), ['mark(unused)']],
    ['needed, and the object is gone', pack('p', { gone: true }), ['missing']],
    ['needed, marked, and the object is gone', pack('p', { gone: true, ...marked(50) }), ['missing']],
    ['marked a moment ago', pack('p', { neededBytes: 0, ...marked(0) }), ['wait(26)']],
    [
      'marked long ago, and locked',
      pack('p', { neededBytes: 0, ...marked(500), lockedUntil: options.now + 5 * hour }),
      ['locked(5)'],
    ],
    [
      'marked long ago, its lock over',
      pack('p', { neededBytes: 0, ...marked(26), lockedUntil: options.now }),
      ['delete', 'unmark'],
    ],
    [
      'locked, and not to be deleted yet anyway',
      pack('p', { neededBytes: 0, ...marked(0), lockedUntil: options.now + 5 * hour }),
      ['wait(26)'],
    ],
    ['marked almost long enough ago', pack('p', { neededBytes: 0, ...marked(25) }), ['wait(1)']],
    ['marked long enough ago', pack('p', { neededBytes: 0, ...marked(26) }), ['delete', 'unmark']],
    ['marked in the future', pack('p', { neededBytes: 0, ...marked(-2) }), ['wait(28)']],
    ['marked and needed again', pack('p', { neededBytes: 10, ...marked(1) }), ['repack(needed-again)', 'wait(25)']],
    [
      'marked long ago and needed again',
      pack('p', { neededBytes: 10, ...marked(30) }),
      ['repack(needed-again)', 'delete', 'unmark'],
    ],
    ['marked, deleted, index not yet', pack('p', { neededBytes: 0, gone: true, ...marked(30) }), ['delete', 'unmark']],
    [
      'marked, out of the index, not yet deleted',
      pack('p', { neededBytes: 0, indexed: false, ...marked(30) }),
      ['delete', 'unmark'],
    ],
    [
      'a mark that outlived its pack',
      pack('p', { neededBytes: 0, indexed: false, gone: true, ...marked(30) }),
      ['unmark'],
    ],
    ['at once: unused', pack('p', { neededBytes: 0, ageHours: 0 }), ['mark(unused)'], { graceMs: 0 }],
    [
      'at once: marked; the mark stays for backups that run',
      pack('p', { neededBytes: 0, ...marked(0) }),
      ['delete'],
      { graceMs: 0 },
    ],
    [
      'at once: the mark of a deleted pack',
      pack('p', { neededBytes: 0, indexed: false, gone: true, ...marked(1) }),
      ['wait(25)'],
      { graceMs: 0 },
    ],
    ['partly used', pack('p', { neededBytes: 7_000 }), ['repack(partly-used)', 'mark(partly-used)']],
    ['partly used, below the share', pack('p', { neededBytes: 7_001 }), []],
    ['partly used and young', pack('p', { neededBytes: 1, ageHours: 2 }), []],
    ['one small pack', pack('p', { bytes: 500 }), []],
  ]
  test.each(cases)('%s', (_, facts, expected, changed) => {
    expect(words(prunePlan([facts], { ...options, ...changed })).p ?? []).toEqual(expected)
  })
})

test('small packs are put together once there are enough', () => {
  const small = ['a', 'b', 'c'].map((name) => pack(name, { bytes: 500 }))
  expect(words(prunePlan(small.slice(1), options))).toEqual({})
  expect(Object.values(words(prunePlan(small, options)))).toEqual(Array(3).fill(['repack(small)', 'mark(small)']))
})

test('the emptiest packs are repacked first, up to the bound; what must be copied is beyond it', () => {
  const packs = [
    pack('half', { neededBytes: 5_000 }),
    pack('tenth', { neededBytes: 1_000 }),
    pack('fifth', { neededBytes: 2_000 }),
    pack('again', { neededBytes: 9_000, ...marked(1) }),
  ]
  const plan = prunePlan(packs, { ...options, maxRepackBytes: 3_000 })
  expect(plan.repack.map(({ pack }) => pack)).toEqual(['again', 'tenth', 'fifth'])
  expect(plan.kept).toEqual({ packs: 1, bytes: 10_000, unusedBytes: 5_000 })
})

test('whatever the facts, a needed pack is deleted only if it is copied first, and nothing is decided twice', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed % below
  }
  for (let round = 0; round < 5_000; round++) {
    const packs = Array.from({ length: 1 + random(6) }, (_, index) => {
      const bytes = [100, 3_000, 10_000][random(3)] as number
      return pack(`p${index}`, {
        bytes,
        neededBytes: [0, 0, 1, bytes >> 1, bytes][random(5)],
        indexed: random(4) > 0,
        gone: random(6) === 0,
        ageHours: random(60) - 5,
        markedAt: random(3) === 0 ? options.now - (random(60) - 5) * hour : null,
      })
    })
    const plan = prunePlan(packs, { ...options, graceMs: [0, 26 * hour][random(2)] as number })
    const copied = new Set(plan.repack.map(({ pack }) => pack))
    const deleted = new Set(plan.delete.map(({ pack }) => pack))
    const markedNow = new Set(plan.mark.map(({ pack }) => pack))
    for (const { name, neededBytes, stored, markedAt } of packs) {
      if (neededBytes > 0 && stored === null) expect(plan.missing).toContain(name)
      if (neededBytes > 0 && (deleted.has(name) || markedNow.has(name))) expect(copied).toContain(name)
      if (deleted.has(name)) expect(markedAt).not.toBe(null)
      expect(deleted.has(name) && markedNow.has(name)).toBe(false)
    }
  }
})
