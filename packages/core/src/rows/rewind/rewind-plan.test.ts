import { expect, test } from 'vitest'
import { defaultRewindOptions } from './options.ts'
import { type ComparedTable, type RewindFacts, type RewindRights, rewindPlan, wayOf } from './rewind-plan.ts'

const rights: RewindRights = {
  replicaRole: true,
  temporaryTables: true,
  ...{ notWritable: [], notOwned: [], stubbornTriggers: [], stuckForeignKeys: [], rules: { replica: [], owner: [] } },
}
const table: ComparedTable = {
  ...{ table: 'orders', way: 'headers', rows: 1000, putBack: 10, takeOut: 12, bytes: 100, hasKey: true, hash: 'ab' },
  counts: { inserted: 2, updated: 10, deleted: 0, touched: 0 },
}
const facts = (changes: Partial<RewindFacts> = {}): RewindFacts => ({
  options: { ...defaultRewindOptions, backupId: 'b' },
  backup: { id: 'b', number: 1, checksum: 'c', created_at: '', database: 'd', rows: 1_000_000, largeObjects: 0 },
  ...{ database: 'd', inRecovery: false, subscriptions: [], tables: [table], incomparable: [] },
  ...{ dropped: [], made: [], changedLedgers: [], rights, refusals: [] },
  ...changes,
})
const refusals = (changes: Partial<RewindFacts>) => rewindPlan(facts(changes)).refusals.map(({ code }) => code)

test('what changed is in the plan, and its hash is of nothing else', () => {
  const untouched = {
    ...table,
    table: 'same',
    putBack: 3,
    takeOut: 3,
    counts: { ...table.counts!, inserted: 0, updated: 0, touched: 3 },
  }
  const plan = rewindPlan(facts({ tables: [untouched, table] }))
  expect(plan).toMatchObject({ way: 'replica', put_back: 10, take_out: 12, unchanged: 1, refusals: [] })
  expect(plan.tables.map((one) => one.table)).toEqual(['orders'])
  expect(rewindPlan(facts({ tables: [untouched, table] })).hash).toBe(plan.hash)
  expect(rewindPlan(facts({ tables: [untouched, { ...table, hash: 'ac' }] })).hash).not.toBe(plan.hash)
})

test.each<[string, Partial<RewindFacts>, string[]]>([
  ['a standby', { inRecovery: true }, ['NO_RIGHTS']],
  ['a subscriber', { subscriptions: ['s'] }, ['REPLICATION_TARGET']],
  ['no temporary tables', { rights: { ...rights, temporaryTables: false } }, ['NO_RIGHTS']],
  ['not writable', { rights: { ...rights, notWritable: ['orders'] } }, ['NO_RIGHTS']],
  ['nothing changed needs no rights', { tables: [], rights: { ...rights, notWritable: ['orders'] } }, []],
  ['a third of all rows', { tables: [{ ...table, putBack: 400_000, counts: null }] }, ['TOO_MUCH_CHANGED']],
  ['a whole table of a large database', { tables: [{ ...table, putBack: 200_000, rows: 200_000, counts: null }] }, []],
  ['a whole small database', { tables: [{ ...table, putBack: 900 }], backup: { ...facts().backup, rows: 1000 } }, []],
  [
    'a table without rows in the backup',
    { incomparable: [{ table: 'x', reason: 'left out', rows: 0, schemaChanged: false }] },
    [],
  ],
])('%s', (_, changes, expected) => {
  expect(refusals(changes)).toEqual(expected)
})

test('a refusal with a name can be gone past, and is listed then', () => {
  const options = { ...facts().options, overrides: ['too-much-changed'] }
  const plan = rewindPlan(facts({ options, tables: [{ ...table, putBack: 400_000, counts: null }] }))
  expect([plan.refusals, plan.overridden.map(({ code }) => code)]).toEqual([[], ['TOO_MUCH_CHANGED']])
})

test.each<[string, Partial<RewindRights>, ReturnType<typeof wayOf>]>([
  ['all', {}, 'replica'],
  ['a stubborn trigger of others', { stubbornTriggers: ['t'], notOwned: ['orders'] }, null],
  ['the owner', { replicaRole: false }, 'owner'],
  ['an owner whose tables others refer to', { replicaRole: false, stuckForeignKeys: ['k'] }, null],
  ['neither', { replicaRole: false, notOwned: ['orders'] }, null],
  ['a rule for replicas', { rules: { replica: ['r'], owner: ['r'] } }, null],
  ['a rule for replicas only', { rules: { replica: ['r'], owner: [] } }, 'owner'],
])('how triggers are left aside: %s', (_, changes, way) => {
  expect(wayOf({ ...rights, ...changes })).toBe(way)
})
