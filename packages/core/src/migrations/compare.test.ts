import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareMigrations, type MigrationVerdict } from './compare.ts'
import { describeMigrations } from './describe.ts'
import type { Migration, MigrationOrder } from './inspector.ts'

const ids = (text: string) => text.split(' ').filter(Boolean)
/** `a:1` is migration a with checksum 1, `a!` one that did not finish, `s=a+b` a squash of a and b. */
const history = (text: string): Migration[] =>
  ids(text).map((word) => {
    const [left = '', replaces] = word.split('=')
    const [name = '', checksum] = left.split(':')
    const failed = name.endsWith('!')
    return {
      id: failed ? name.slice(0, -1) : name,
      ...(checksum === undefined ? {} : { checksum }),
      ...(failed ? { state: 'failed' as const } : {}),
      ...(replaces === undefined ? {} : { replaces: replaces.split('+') }),
    }
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
  // Half-applied: above all else, unless a later row of the same name says that it went well.
  ['a b!', 'a b', 'dirty', 'dirty'],
  ['a b!', 'a', 'dirty', 'dirty'],
  ['a:1 b!', 'a:2 b c', 'dirty', 'dirty'],
  ['a! a', 'a', 'same', 'same'],
  ['a a!', 'a', 'dirty', 'dirty'],
  ['a!', '', 'dirty', 'dirty'],
  // Squashes: applied under its own name, by its parts, not at all, in part; files still there or gone.
  ['a b', 's=a+b', 'same', 'same'],
  ['a b s', 's=a+b', 'same', 'same'],
  ['s', 'a b s=a+b', 'same', 'same'],
  ['s', 'a b s=a+b c', 'behind', 'behind'],
  ['a b c', 's=a+b c', 'same', 'same'],
  ['a b', 's=a+b c', 'behind', 'behind'],
  ['', 's=a+b', 'behind', 'behind'],
  ['a', 's=a+b', 'diverged', 'diverged'],
  ['a b', 's=a+b a b', 'same', 'same'],
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
    restyled: [],
    failed: [],
    retired: [],
    sourceChanged: [],
    gaps: ['b'],
    reordered: true,
    foreign: false,
    hints: [],
    labels: {},
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

test.each<[retired: string, applied: string, known: string, MigrationVerdict]>([
  ['old', 'old a', 'a', 'same'],
  ['old', 'old a', 'a b', 'behind'],
  ['old', 'old a x', 'a', 'ahead'],
  ['old', 'a old b', 'a b', 'same'],
  ['old', 'a', 'a', 'same'],
  ['old', 'old!', 'a', 'dirty'],
])('retired [%s], applied [%s], known [%s]: %s', (retired, applied, known, verdict) => {
  const compared = compareMigrations({ applied: history(applied), known: history(known), retired: ids(retired) })
  expect(compared.verdict).toBe(verdict)
})

describe('a ledger that is a pointer', () => {
  test.each<[rows: string, known: string, MigrationVerdict, missing: string]>([
    ['', '1 2 3', 'behind', '1 2 3'],
    ['2', '1 2 3', 'behind', '3'],
    ['3', '1 2 3', 'same', ''],
    ['3!', '1 2 3', 'dirty', ''],
    ['10', '1 2 3', 'ahead', ''],
    ['20', '10 30', 'diverged', '30'],
    ['9', '2 10', 'diverged', '10'],
    ['5', '', 'unknown', ''],
  ])('golang-migrate at [%s], files [%s]: %s', (rows, known, verdict, missing) => {
    const compared = compareMigrations({ applied: history(rows), known: history(known), shape: 'pointer' })
    expect(compared).toMatchObject({ verdict, missing: ids(missing) })
  })

  /** `c<a+b`: c comes after a and b. */
  const graph = (text: string): Migration[] =>
    ids(text).map((word) => {
      const [id = '', parents = ''] = word.split('<')
      return { id, parents: parents.split('+').filter(Boolean) }
    })
  test.each<[rows: string, known: string, MigrationVerdict, missing: string]>([
    ['a', 'a b<a c<a', 'behind', 'b c'],
    ['b', 'a b<a c<a', 'behind', 'c'],
    ['b c', 'a b<a c<a', 'same', ''],
    ['m', 'a b<a c<a m<b+c', 'same', ''],
    ['z', 'a b<a c<a', 'ahead', ''],
    ['b z', 'a b<a c<a', 'ahead', ''],
  ])('Alembic at [%s], revisions [%s]: %s', (rows, known, verdict, missing) => {
    const compared = compareMigrations({ applied: history(rows), known: graph(known), shape: 'pointer', order: 'any' })
    expect(compared).toMatchObject({ verdict, missing: ids(missing) })
  })
})

test('other line ends are the same text, other comments a warning, other SQL an edit', () => {
  const applied = [
    { id: 'ends', checksum: 'crlf', sourceHash: '1' },
    { id: 'comment', checksum: 'c1', sourceHash: '1' },
    { id: 'sql', checksum: 's1', sourceHash: '1' },
    { id: 'unrecorded', checksum: 'u1' },
  ]
  const known = [
    { id: 'ends', checksum: 'lf', equalChecksums: ['crlf'], sourceHash: '1' },
    { id: 'comment', checksum: 'c2', sourceHash: '1' },
    { id: 'sql', checksum: 's2', sourceHash: '2' },
    { id: 'unrecorded', checksum: 'u2', sourceHash: '1' },
  ]
  expect(compareMigrations({ applied, known })).toMatchObject({
    verdict: 'edited',
    edited: ['sql', 'unrecorded'],
    restyled: ['ends', 'comment'],
  })
  expect(compareMigrations({ applied: applied.slice(0, 2), known: known.slice(0, 2) }).verdict).toBe('same')
})

test('a ledger without one migration in common is of another application, and the words say so', () => {
  const compared = compareMigrations({ applied: history('x y'), known: history('a b') })
  expect(compared).toMatchObject({ verdict: 'diverged', foreign: true })
  expect(describeMigrations(compared).text).toContain('another application')
  expect(compareMigrations({ applied: history('a x'), known: history('a b') }).foreign).toBe(false)
})

test('names that look alike are hints, and the words say which', () => {
  const source = compareMigrations({ applied: history('1_a.ts 2_b.ts'), known: history('1_a.js 2_b.js') })
  expect(source.hints).toEqual([
    { kind: 'extension', applied: '1_a.ts', known: '1_a.js' },
    { kind: 'extension', applied: '2_b.ts', known: '2_b.js' },
  ])
  expect(describeMigrations(source).text).toContain('as source and as build')
  const renamed = compareMigrations({
    applied: history('Orders1700000000001'),
    known: history('Purchases1700000000001 Other1700000000002'),
  })
  expect(renamed.hints).toEqual([{ kind: 'renamed', applied: 'Orders1700000000001', known: 'Purchases1700000000001' }])
  expect(describeMigrations(renamed).text).toContain('renamed')
  expect(compareMigrations({ applied: history('a'), known: history('b') }).hints).toEqual([])
})

test('a migration under another of its names is the same', () => {
  const known = [
    { id: 'a.js', aliases: ['a.ts'] },
    { id: '2023_b', aliases: ['second:17', 'hash:b'] },
  ]
  const applied = [{ id: 'a.ts' }, { id: '17123', aliases: ['second:17', 'hash:?'] }]
  expect(compareMigrations({ applied, known }).verdict).toBe('same')
  expect(compareMigrations({ applied: [{ id: 'b.ts' }], known }).verdict).toBe('diverged')
})

test('people read labels, where ids say little', () => {
  const known = [
    { id: '1700000000000', label: '0000_init' },
    { id: '1700000001000', label: '0001_next' },
  ]
  const compared = compareMigrations({ applied: [{ id: '1700000000000' }], known })
  expect(compared.labels).toEqual({ '1700000001000': '0001_next' })
  expect(describeMigrations(compared).text).toContain(': 0001_next.')
})

test('ten thousand migrations on each side, squashed ones among them, are compared at once', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => ({ id: `m${n}`, ...(n % 2 ? { replaces: [`r${n}`] } : {}) }))
  const started = performance.now()
  const applied = [...many.map(({ id }) => ({ id })), ...many.map((_, n) => ({ id: `r${n}` }))]
  expect(compareMigrations({ applied, known: many }).extra).toHaveLength(5000)
  expect(performance.now() - started).toBeLessThan(5000)
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
