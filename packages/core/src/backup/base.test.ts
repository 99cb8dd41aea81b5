import { expect, test } from 'vitest'
import type { Manifest } from '../repository/documents/documents.ts'
import { sampleManifest } from '../repository/documents/sample-manifest.ts'
import { type BaseCandidate, chooseBase } from './base.ts'

const now = new Date('2026-06-15T12:00:00Z')
const database = { system_identifier: '7000000000000000001', database_oid: 5 }

function backup(number: number, daysAgo: number, changes: Partial<Manifest> = {}): Manifest {
  const sample = sampleManifest('b000000000000000', {} as Manifest['streams'])
  const at = new Date(now.getTime() - daysAgo * 86_400_000).toISOString()
  return { ...sample, number, created_at: at, snapshot: { ...sample.snapshot, ...database }, type: 'full', ...changes }
}

/** An incremental one whose chain began so many days ago. */
function incremental(number: number, daysAgo: number, fullDaysAgo: number): Manifest {
  const last_full_at = new Date(now.getTime() - fullDaysAgo * 86_400_000).toISOString()
  const change = { ...noChange, last_full_at }
  return backup(number, daysAgo, { type: 'incremental', change })
}

const noChange: NonNullable<Manifest['change']> = {
  reason: '',
  last_full_at: now.toISOString(),
  large_object_pages: true,
  large_objects: { kind: 'unchanged', reason: 'unchanged', segments_read: 0 },
  bytes_read: 0,
  segments: 0,
  segments_read: 0,
  segments_sampled: 0,
}

const good = (manifest: Manifest): BaseCandidate => ({ manifest, failedVerification: false })
const bad = (manifest: Manifest): BaseCandidate => ({ manifest, failedVerification: true })
const elsewhere = (manifest: Manifest, changes: object) => ({
  ...manifest,
  snapshot: { ...manifest.snapshot, ...changes },
})

const cases: {
  name: string
  type?: Manifest['type']
  candidates: BaseCandidate[]
  damaged?: string[]
  fullEveryDays?: number
  expected: number | string
}[] = [
  { name: 'asked for', type: 'full', candidates: [good(backup(1, 1))], expected: 'asked for' },
  { name: 'nothing there', candidates: [], expected: 'the first backup' },
  { name: 'only a damaged one', candidates: [], damaged: ['b1'], expected: 'the earlier backup b1 cannot be read' },
  { name: 'a damaged one beside a good one', candidates: [good(backup(1, 1))], damaged: ['b2'], expected: 1 },
  { name: 'the newest', candidates: [good(backup(1, 2)), good(incremental(2, 1, 2))], expected: 2 },
  {
    name: 'by number, whatever the clocks say',
    candidates: [good(incremental(3, 2, 3)), good(backup(2, 1))],
    expected: 3,
  },
  {
    name: 'differential: the newest full one',
    type: 'differential',
    candidates: [good(backup(1, 3)), good(backup(2, 2)), good(incremental(3, 1, 2))],
    expected: 2,
  },
  {
    name: 'differential without a full one',
    type: 'differential',
    candidates: [good(incremental(3, 1, 2))],
    expected: 'no full backup of this database to compare with',
  },
  { name: 'incremental when the full one is deleted', candidates: [good(incremental(3, 1, 2))], expected: 3 },
  {
    name: 'another server',
    candidates: [good(elsewhere(backup(1, 1), { system_identifier: '7' }))],
    expected: 'no earlier backup of this very database',
  },
  {
    name: 'another database of the server',
    candidates: [good(elsewhere(backup(1, 1), { database_oid: 6 }))],
    expected: 'no earlier backup of this very database',
  },
  {
    name: 'imported files are not of a snapshot',
    candidates: [good(backup(1, 1, { trigger: 'import' }))],
    expected: 'no earlier backup of this very database',
  },
  { name: 'just young enough', candidates: [good(backup(1, 6.99))], expected: 1 },
  { name: 'too old', candidates: [good(backup(1, 7))], expected: 'the last full backup is 7 days old' },
  {
    name: 'the chain is too old, though its last link is young',
    candidates: [good(incremental(9, 0.1, 8))],
    expected: 'the last full backup is 8 days old',
  },
  { name: 'another limit', candidates: [good(backup(1, 20))], fullEveryDays: 30, expected: 1 },
  {
    name: 'always',
    candidates: [good(backup(1, 0.001))],
    fullEveryDays: 0,
    expected: 'the last full backup is 0 days old',
  },
  { name: 'of the future', candidates: [good(backup(1, -1))], expected: 'backup 1 is from the future' },
  { name: 'found wrong', candidates: [bad(backup(1, 1))], expected: 'verification found backup 1 wrong' },
  {
    name: 'a link of the chain found wrong',
    candidates: [good(backup(1, 3)), bad(incremental(2, 2, 3)), good(incremental(3, 1, 3))],
    expected: 'verification found backup 2 wrong',
  },
  {
    name: 'found wrong before the last full one',
    candidates: [bad(backup(1, 3)), good(backup(2, 2)), good(incremental(3, 1, 2))],
    expected: 3,
  },
]

test.each(cases)('$name', ({ type = 'incremental', candidates, damaged = [], fullEveryDays = 7, expected }) => {
  const choice = chooseBase({ type, candidates, damaged, database, fullEveryDays, now })
  expect('base' in choice ? choice.base.number : choice.reason).toBe(expected)
})
