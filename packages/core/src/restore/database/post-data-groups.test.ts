import { expect, test } from 'vitest'
import type { TableRecord } from '../../repository/documents/documents.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import { postDataGroups } from './post-data-groups.ts'
import type { RowsPart } from './rows.ts'
import { definitionBatches } from './run-definitions.ts'
import { rowsBatches } from './small-tables.ts'

function step(id: number, more: Partial<DefinitionStep> = {}): DefinitionStep {
  const named = { kind: 'INDEX', schema: 'public', tag: `i${id}`, name: `INDEX public.i${id}`, owner: null }
  const where = { section: 'post-data' as const, pass: 'main' as const, sql: `CREATE INDEX i${id}`, dependsOn: [] }
  return { id, ...named, ...where, exclusiveLocks: [], sharedLocks: [1], ...more }
}

const ids = (groups: { id: number }[][]) => groups.map((group) => group.map(({ id }) => id))

test('batches keep the order, are bounded, and leave what must be alone to itself', () => {
  const steps = Array.from({ length: 250 }, (_, id) => step(id))
  expect(definitionBatches(steps).map(({ length }) => length)).toEqual([100, 100, 50])
  expect(definitionBatches(steps).flat()).toEqual(steps)
  const extension = step(2, { kind: 'EXTENSION' })
  const rows = step(3, { kind: 'TABLE DATA', sql: null })
  expect(ids(definitionBatches([step(0), step(1), extension, rows, step(4), step(5)]))).toEqual([
    [0, 1],
    [2],
    [3],
    [4, 5],
  ])
  const long = step(1, { sql: 'x'.repeat(200_000) })
  expect(ids(definitionBatches([step(0), long, { ...long, id: 2 }]))).toEqual([[0, 1], [2]])
})

test('what is built on small tables is grouped by batch of tables and by what it waits for', () => {
  const key = step(10, { kind: 'CONSTRAINT', exclusiveLocks: [1], sharedLocks: [] })
  const foreign = step(11, { kind: 'FK CONSTRAINT', exclusiveLocks: [2, 1], sharedLocks: [], dependsOn: [10] })
  const steps = [
    step(1),
    step(2, { sharedLocks: [2] }),
    step(3, { sharedLocks: [70] }),
    step(4, { sharedLocks: [99] }),
    key,
    foreign,
  ]
  // Tables 1 and 2 are loaded together, 70 in another batch; 99 is large.
  const batchOf = (table: number) => (table === 99 ? undefined : table > 64 ? 1 : 0)
  expect(ids(postDataGroups(steps, batchOf))).toEqual([[1, 2, 10], [3], [4], [11]])
})

test('random graphs: each step is in one group, and no groups wait for each other in a circle', () => {
  let state = 4711
  const random = (below: number) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
  for (let round = 0; round < 200; round++) {
    const steps = Array.from({ length: 300 }, (_, id) =>
      step(id, {
        sharedLocks: [random(40)],
        dependsOn: id === 0 ? [] : Array.from({ length: random(3) }, () => random(id)),
        sql: random(10) === 0 ? null : 'x',
      }),
    )
    const groups = postDataGroups(steps, (table) => (table < 30 ? table >> 3 : undefined))
    expect(
      groups
        .flat()
        .map(({ id }) => id)
        .sort((a, b) => a - b),
    ).toEqual(steps.map(({ id }) => id))
    const groupOf = new Map(groups.flatMap((group, number) => group.map(({ id }) => [id, number])))
    const waitsFor = groups.map(
      (group) => new Set(group.flatMap(({ dependsOn }) => dependsOn.map((id) => groupOf.get(id) as number))),
    )
    const done = new Set<number>()
    for (let before = -1; before !== done.size; ) {
      before = done.size
      for (const [number, open] of waitsFor.entries())
        if (!open.has(number) && [...open].every((id) => done.has(id))) done.add(number)
    }
    expect(done.size).toBe(groups.length)
  }
})

test('small tables are loaded many together, and never so that a session has nothing to do', () => {
  const part = (bytes: number, more: Partial<TableRecord> = {}): RowsPart => ({
    table: { schema: 's', name: 't', bytes, rows: 1, segments: [], load_via: null, ...more } as unknown as TableRecord,
    segments: null,
    bytes,
  })
  const sizes = (parts: RowsPart[], sessions: number) => rowsBatches(parts, sessions).map(({ length }) => length)
  const small = Array.from({ length: 300 }, () => part(100))
  expect(sizes(small, 2)).toEqual([64, 64, 64, 64, 44])
  expect(sizes(small.slice(0, 12), 2)).toEqual([3, 3, 3, 3])
  // A large one, one that was cut, one through its root, and one whose segments are listed elsewhere, each alone.
  const others = [
    part(1_000_000),
    { ...part(100), segments: { from: 0, to: 1 } },
    part(100, { load_via: { schema: 's', name: 'root' } }),
    part(100, { segments: { ids: [], bytes: 1, level: 0 } as unknown as TableRecord['segments'] }),
  ]
  expect(sizes([...others, ...small.slice(0, 4)], 2)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  expect(
    sizes(
      Array.from({ length: 300 }, () => part(60_000)),
      1,
    )[0],
  ).toBe(17)
})
