import { expect, test } from 'vitest'
import { planJob, workOf } from './read-work.ts'
import {
  changedWhole,
  countsOf,
  nameOf,
  type ReadableTable,
  readableLargeObjects,
  readableTable,
  segmentsOf,
  segmentsRead,
} from './readable.ts'

const range = (start: number, end: number | null) => ({ start, end, blocks: 10 })
const before = { start: 0, end: 10, blocks: 10, rows: 7, bytes: 70, chunks: ['a'] }

function table(name: string, ranges: ReturnType<typeof range>[]): ReadableTable {
  const described = { oid: 1, schema: 'public', name, columns: ['n'], blocks: 10 * ranges.length, total_bytes: 81920 }
  // What planning and reading do not look at is left out.
  const planned = { table: described as ReadableTable['table'], ranges, segmentBlocks: 10 }
  return readableTable(planned, changedWhole(ranges, 'new table'))
}

const pages = () => {
  const ranges = [range(0, 5000), range(5000, null)]
  return readableLargeObjects({ ranges, direct: true, totalBytes: 100 }, changedWhole(ranges, 'asked for'))
}

const kinds = (groups: ReturnType<typeof workOf>) => groups.map((group) => group.map(({ kind }) => kind).join(' '))

test('a small table is read and counted together, a large one and large objects apart', () => {
  const all = () => true
  expect(kinds(workOf(table('small', [range(0, null)]), all))).toEqual(['read count'])
  expect(kinds(workOf(table('large', [range(0, 10), range(10, null)]), all))).toEqual(['read read', 'count'])
  expect(kinds(workOf(pages(), all))).toEqual(['read read', 'count'])
  expect(kinds(workOf(table('left_out', []), all))).toEqual([])
})

test('what was scanned is not counted again, and what is unchanged is not read', () => {
  const large = table('large', [range(0, 10), range(10, null)])
  large.change = { takenOver: [before, undefined], counted: [7, 3], voided: null }
  const wanted = (_: unknown, segment: number) => large.change.takenOver[segment] === undefined
  expect(workOf(large, wanted).flat()).toMatchObject([{ kind: 'read', segment: 1 }])
  expect(countsOf(large)).toEqual([7, 3])
})

test('a job locks each table once, large objects never, and names its results', () => {
  const small = table('small', [range(0, null)])
  const large = table('large', [range(0, 10), range(10, null)])
  const items = [large, pages(), small].flatMap((readable) => workOf(readable, () => true).flat())
  const { job, reads, counted } = planJob(items, 'UTF8')
  expect(job.lock).toEqual(['"public"."large"', '"public"."small"'])
  expect(job.copies.map(({ lock }) => lock)).toEqual([0, 0, null, null, 1])
  expect(reads.map(({ of, segment }) => `${nameOf(of)} ${segment}`)).toEqual([
    'public.large 0',
    'public.large 1',
    'large objects 0',
    'large objects 1',
    'public.small 0',
  ])
  expect(job.copies[1]?.range).toMatchObject({ name: 'large', start: 10, end: null })
  expect(job.copies[2]?.range).toBeUndefined()
  expect(job.copies[3]?.sql).toContain('loid >= 5000')
  expect(job.counts.map(({ lock }) => lock)).toEqual([0, null, 1])
  expect(counted.map(nameOf)).toEqual(['public.large', 'large objects', 'public.small'])
})

test('a readable has what was taken over and what was read, in its order; a gap is an error', () => {
  const large = table('large', [range(0, 10), range(10, null)])
  large.change = { takenOver: [before, undefined], counted: null, voided: null }
  expect(() => segmentsOf(large)).toThrow('Range 1 of public.large was not read')
  // The first one was read as a sample: what is taken over stays.
  large.read[0] = { rows: 7, bytes: 70, ids: ['b'] }
  large.read[1] = { rows: 3, bytes: 30, ids: ['c'] }
  expect(segmentsOf(large).map(({ rows, ids }) => [rows, ids])).toEqual([
    [7, ['a']],
    [3, ['c']],
  ])
  expect(segmentsRead(large)).toBe(2)
})
