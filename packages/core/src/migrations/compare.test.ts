import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareMigrations, type MigrationVerdict } from './compare.ts'
import { describeMigrations } from './describe.ts'
import type { Migration, MigrationOrder } from './inspector.ts'

const ids = (text: string) => text.split(' ').filter(Boolean)
/** `a:1` is migration a with checksum 1. */
const history = (text: string): Migration[] =>
  ids(text).map((word) => {
    const [id = '', checksum] = word.split(':')
    return checksum === undefined ? { id } : { id, checksum }
  })

/** applied, known, verdict where order counts, verdict where it does not. */
const cases: [applied: string, known: string, strict: MigrationVerdict, any: MigrationVerdict][] = [
  ['', '', 'same', 'same'],
  ['a b', 'a b', 'same', 'same'],
  ['b a', 'a b', 'same', 'same'],
  ['', 'a b', 'behind', 'behind'],
  ['a', 'a b', 'behind', 'behind'],
  ['a c', 'a b c', 'diverged', 'behind'],
  ['b a', 'a b c', 'diverged', 'behind'],
  ['a b', 'a', 'ahead', 'ahead'],
  ['a x b', 'a b', 'diverged', 'ahead'],
  ['b a x', 'a b', 'diverged', 'ahead'],
  ['a x', 'a b', 'diverged', 'diverged'],
  ['x', 'a', 'diverged', 'diverged'],
  ['a', '', 'unknown', 'unknown'],
  ['a:1 b', 'a:1 b', 'same', 'same'],
  ['a:1 b', 'a:2 b', 'edited', 'edited'],
  ['a:1 b', 'a b', 'same', 'same'],
  ['a:1 x', 'a:2 b', 'edited', 'edited'],
  // A tool may record one id twice (a repeatable migration): the last one counts.
  ['a:1 b a:2', 'a:2 b', 'same', 'same'],
]

test.each(cases)('applied [%s], known [%s]: %s in order, %s in any', (applied, known, strict, any) => {
  const histories = { applied: history(applied), known: history(known) }
  expect(compareMigrations(histories).verdict).toBe(strict)
  expect(compareMigrations({ ...histories, order: 'any' }).verdict).toBe(any)
})

test('a side that cannot be read is unknown, not empty', () => {
  expect(compareMigrations({ applied: null, known: history('a') }).verdict).toBe('unknown')
  expect(compareMigrations({ applied: history('a'), known: null }).verdict).toBe('unknown')
})

test('says what the verdict rests on', () => {
  expect(compareMigrations({ applied: history('c a:1 x'), known: history('a:2 b c d') })).toEqual({
    verdict: 'edited',
    missing: ['b', 'd'],
    extra: ['x'],
    edited: ['a'],
    sourceChanged: [],
    gaps: ['b'],
    reordered: true,
  })
})

test('a changed source file only warns, and not where the tool keeps a checksum', () => {
  const applied = [
    { id: 'a', sourceHash: '1' },
    { id: 'b', sourceHash: '1', checksum: 'c' },
  ]
  const known = [
    { id: 'a', sourceHash: '2' },
    { id: 'b', sourceHash: '2', checksum: 'c' },
  ]
  expect(compareMigrations({ applied, known })).toMatchObject({ verdict: 'same', sourceChanged: ['a'] })
})

describe('against a reference model', () => {
  /** The same decision said another way: prefixes of lists where order counts, inclusion of sets where not. */
  function reference(applied: Migration[], known: Migration[], order: MigrationOrder): MigrationVerdict {
    const a = applied.map(({ id }) => id)
    const k = known.map(({ id }) => id)
    if (k.length === 0 && a.length > 0) return 'unknown'
    const clash = applied.some((one) =>
      known.some((other) => other.id === one.id && one.checksum && other.checksum && other.checksum !== one.checksum),
    )
    if (clash) return 'edited'
    const within = (few: string[], many: string[]) => few.every((id) => many.includes(id))
    if (within(a, k) && within(k, a)) return 'same'
    const begins = (few: string[], many: string[]) => few.join() === many.slice(0, few.length).join()
    const partOf = order === 'strict' ? begins : within
    if (partOf(a, k)) return 'behind'
    return partOf(k, a) ? 'ahead' : 'diverged'
  }

  /** What happens to code and databases: deploys, hotfixes, branches, edits, squashes, late merges. */
  const event = fc.record({
    kind: fc.constantFrom('write', 'apply', 'apply all', 'hotfix', 'edit', 'remove', 'insert', 'swap', 'forget'),
    at: fc.nat(9),
  })
  const order = fc.constantFrom<MigrationOrder>('strict', 'any')

  function live(events: { kind: string; at: number }[]): { applied: Migration[]; known: Migration[] } {
    const known: Migration[] = []
    let applied: Migration[] = []
    let next = 0
    const fresh = (prefix: string): Migration => ({ id: `${prefix}${next++}`, checksum: `${next}` })
    for (const { kind, at } of events) {
      const pending = known.filter(({ id }) => !applied.some((migration) => migration.id === id))
      if (kind === 'write') known.push(fresh('m'))
      if (kind === 'apply' && pending[at]) applied.push(pending[at])
      if (kind === 'apply all') applied = [...applied, ...pending]
      if (kind === 'hotfix') applied.push(fresh('x'))
      if (kind === 'edit' && known[at]) known[at] = { ...known[at], checksum: `edited ${next++}` }
      if (kind === 'remove') known.splice(at, 1)
      if (kind === 'insert') known.splice(at, 0, fresh('i'))
      if (kind === 'swap' && applied[at + 1]) applied.splice(at, 2, applied[at + 1]!, applied[at]!)
      if (kind === 'forget' && applied[at]) applied[at] = { id: applied[at].id }
    }
    return { applied, known }
  }

  test('2,000 lives of an application', () => {
    const seen = new Set<MigrationVerdict>()
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), order, (events, order) => {
        const { applied, known } = live(events)
        const { verdict } = compareMigrations({ applied, known, order })
        seen.add(verdict)
        expect(verdict).toBe(reference(applied, known, order))
      }),
      { seed: 20_261_122, numRuns: 2000 },
    )
    expect([...seen].sort()).toEqual(['ahead', 'behind', 'diverged', 'edited', 'same', 'unknown'])
  })

  test('behind means: running what is missing, in order, gives what the code knows', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), (events) => {
        const { applied, known } = live(events)
        const { verdict, missing } = compareMigrations({ applied, known })
        if (verdict !== 'behind') return
        expect([...applied.map(({ id }) => id), ...missing]).toEqual(known.map(({ id }) => id))
      }),
      { seed: 20_261_122, numRuns: 2000 },
    )
  })
})

test('every verdict has words and advice, and long lists are cut', () => {
  for (const [applied, known] of cases) {
    const comparison = compareMigrations({ applied: history(applied), known: history(known) })
    const { text, advice } = describeMigrations(comparison)
    expect(text).toMatch(/^\S.*\.$/)
    expect(advice).toMatch(/^[A-Z].*\.$/)
  }
  const many = compareMigrations({ applied: [], known: history('a b c d e f g') })
  expect(describeMigrations(many).text).toBe('The backup lacks 7 migrations the code has: a, b, c, d, e and 2 more.')
})
