import { expect, test } from 'vitest'
import { formatRehearsal, formatRehearsalMarkdown } from './format-rehearsal.ts'
import { findingsOf, type Rehearsal, type RehearsedLock, type RehearsedRun } from './rehearsal.ts'

const limits = { max_blocked_reads_ms: 500, max_blocked_writes_ms: 2000, min_rows: 1000 }
const lock: RehearsedLock = {
  ...{ table: 'public.orders', mode: 'ACCESS EXCLUSIVE', blocks: 'reads and writes', held_ms: 5300 },
  ...{ until_commit: true, rows: 400_000, bytes: 30_000_000, statements: ['ALTER TABLE orders ADD COLUMN state text'] },
}
const run: RehearsedRun = {
  ...{ inspector: 'knex', direction: 'up', migrations: ['1_state.ts'], ok: true, milliseconds: 5400, error: null },
  ...{ locks: [lock], tables: [], statements: [{ sql: 'UPDATE orders SET note = …', milliseconds: 1900 }] },
}

test('a lock over its limit is a finding with what to write instead', () => {
  const [finding, ...others] = findingsOf([run], limits)
  expect(others).toEqual([])
  expect(finding).toMatchObject({ code: 'READS_BLOCKED', severity: 'blocks', table: 'public.orders' })
  expect(finding?.text).toBe('reads and writes blocked for 5300 ms (limit 500 ms)')
  expect(finding?.advice.map(({ code }) => code)).toEqual(['ROWS_CHANGED_UNDER_LOCK', 'HELD_TO_COMMIT'])
})

test('rows of another table are not changed under it: the row of the migrations table is none of the advice', () => {
  const ledger = { sql: 'INSERT INTO public.ledger VALUES (…, …)', milliseconds: 9000 }
  const [finding] = findingsOf([{ ...run, statements: [ledger] }], limits)
  expect(finding?.advice.map(({ code }) => code)).toEqual(['HELD_TO_COMMIT'])
})

test.each<[what: string, other: Partial<RehearsedLock>]>([
  ['at its limit', { held_ms: 500 }],
  ['of writes, under the limit for writes', { held_ms: 1999, blocks: 'writes', mode: 'SHARE' }],
  ['on a small table', { rows: 999 }],
  ['that holds up only schema changes', { blocks: 'schema changes', mode: 'SHARE UPDATE EXCLUSIVE' }],
])('a lock %s is none', (_, other) => {
  expect(findingsOf([{ ...run, locks: [{ ...lock, ...other }] }], limits)).toEqual([])
})

test('a rewrite of a large table is a notice with its reason', () => {
  const table = {
    table: 'public.orders',
    rows: 5000,
    rewritten: true,
    inserted: 0,
    updated: 0,
    deleted: 0,
    growth_bytes: 0,
  }
  const statements = [{ sql: 'ALTER TABLE orders ALTER COLUMN total TYPE bigint', milliseconds: 9 }]
  const found = findingsOf([{ ...run, locks: [], tables: [table, { ...table, rows: 5 }], statements }], limits)
  expect(found.map(({ code, severity, advice }) => [code, severity, advice[0]?.code])).toEqual([
    ['REWRITTEN', 'notice', 'TYPE_CHANGED'],
  ])
})

const rehearsal: Rehearsal = {
  backup: { id: 'b1', number: 12, created_at: '2026-11-28T02:00:00.000Z', database: 'shop' },
  ...{ ok: false, runs: [run], findings: findingsOf([run], limits), error: null, limits, resolution_ms: 173 },
  ...{ growth_bytes: 35_000_000, wal_bytes_at_most: 86_000_000, longest_live_transaction_ms: 42_000 },
  ...{ validators: ['a', 'b'], data_migrations: [], restore_milliseconds: 1000, milliseconds: 250_000 },
}

test('the report for a terminal', () => {
  expect(formatRehearsal(rehearsal).split('\n')).toEqual([
    'Rehearsal of 1 migration: not good · backup 12 of 2026-11-28 02:00 · 4 min 10 s · copy dropped',
    '✗ 1_state.ts (knex)   5.4 s',
    '   public.orders (400,000 rows, 30 MB): reads and writes blocked 5.3 s, until COMMIT (ACCESS EXCLUSIVE)   limit 500 ms',
    '     from  ALTER TABLE orders ADD COLUMN state text',
    '     → Change the rows after COMMIT, in batches, in a migration of its own.',
    '     → The lock is held until COMMIT: put the statement into a migration of its own, and set lock_timeout.',
    'Growth: +35 MB, WAL ≤ 86 MB. Validators: 2 passed. The longest transaction on live just now: 42.0 s; a lock waits behind it. Looked every 173 ms at worst; a copy has a cold cache and no bloat: times are a guide.',
  ])
})

test('the report for a pull request has no markup of the database in it', () => {
  const table = 'public.<b>@all</b> | [x](y)\n# head'
  const bad = { ...run, migrations: ['</summary><script>'], locks: [{ ...lock, table, statements: ['``` ends'] }] }
  const text = formatRehearsalMarkdown({
    ...rehearsal,
    runs: [bad],
    findings: findingsOf([bad], limits),
    error: { code: 'MIGRATION_FAILED', text: '**no** @team' },
  })
  const row = text.split('\n').find((line) => line.startsWith('| public'))
  expect(row).toContain('| public.&lt;b&gt;\\@all&lt;/b&gt; \\| \\[x\\](y) \\# head |')
  expect(text).not.toContain('<script>')
  expect(text).toContain('\\*\\*no\\*\\* \\@team')
  expect(text.match(/^```/gm)).toHaveLength(2)
})

test('what is too short to be seen is not given as a number of its own', () => {
  const short = { ...run, locks: [{ ...lock, held_ms: 20 }] }
  expect(formatRehearsal({ ...rehearsal, runs: [short], findings: [] })).toContain('blocked < 173 ms')
})
