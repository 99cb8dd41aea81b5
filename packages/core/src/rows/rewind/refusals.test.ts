import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { restoreFixture } from '../../restore/restore-fixture.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { measureLoss } from '../lost.ts'
import { defaultRewindOptions, type RewindOptions } from './options.ts'
import { planRewind } from './plan-rewind.ts'
import { rewindFixture } from './rewind-fixture.ts'
import { runRewind } from './run-rewind.ts'
import { undoRewind } from './undo-rewind.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)
const { restore } = restoreFixture(() => cluster)

const small = `
  CREATE TABLE team (id int PRIMARY KEY, name text UNIQUE);
  CREATE TABLE member (id int PRIMARY KEY, team int REFERENCES team, v text);
  INSERT INTO team SELECT i, 't' || i FROM generate_series(1, 50) i;
  INSERT INTO member SELECT i, 1 + i % 50, 'v' FROM generate_series(1, 500) i;
  CREATE TABLE ledger (id text); INSERT INTO ledger VALUES ('one'); CREATE TABLE keyless (a int); INSERT INTO keyless VALUES (1);`

/** The code that planning or running ends with. */
async function refusal(name: string, sql: string, options: Partial<RewindOptions> = {}, extra?: { asRole?: string }) {
  const { context, backup } = await prepared(name, small)
  const inspectors = [
    {
      name: 'own',
      ledgerTables: ['public.ledger'],
      order: 'set' as const,
      applied: async () => [],
      known: async () => [],
    },
  ]
  Object.assign(context, { inspectors })
  const backupId = await backup()
  await cluster.sql(name, sql)
  if (extra?.asRole) context.database = resolveConnection(cluster.url(name, { name: extra.asRole, password: 'x' }))
  const plan = await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId, ...options })
  if (plan.refusals.length > 0) return plan.refusals.map(({ code }) => code)
  const error = await runRewind(context, plan).catch((thrown: unknown) => thrown)
  return isEngineError(error) ? [error.code, error.detail] : ['done']
}

test.each<[string, string, Partial<RewindOptions>, unknown[]]>([
  ['columns', `ALTER TABLE member ADD COLUMN x int`, {}, ['SCHEMA_CHANGED']],
  ['dropped', `DROP TABLE keyless`, {}, ['SCHEMA_CHANGED']],
  ['other', `ALTER TABLE member ADD COLUMN x int; DELETE FROM keyless`, { tables: ['keyless'] }, ['done']],
  ['ledger', `INSERT INTO ledger VALUES ('two'); UPDATE keyless SET a = 2`, {}, ['LEDGER_CHANGED']],
  ['beside', `INSERT INTO ledger VALUES ('two'); UPDATE keyless SET a = 2`, { tables: ['keyless'] }, ['done']],
  ['nokey', `UPDATE keyless SET a = 2`, { keepNew: true }, ['NO_PRIMARY_KEY']],
  [
    'rules',
    `UPDATE keyless SET a = 2; CREATE RULE r AS ON DELETE TO keyless DO INSTEAD NOTHING; ALTER TABLE keyless ENABLE ALWAYS RULE r`,
    {},
    ['FOREIGN_RULES'],
  ],
  [
    'closed',
    `DELETE FROM member WHERE team = 7; DELETE FROM team WHERE id = 7`,
    { tables: ['member'] },
    ['SUBSET_NOT_CLOSED', { constraint: 'member_team_fkey', child: 'member', parent: 'team', keys: ['(7)'] }],
  ],
  [
    'needed',
    `INSERT INTO team VALUES (60, 'new'); INSERT INTO member VALUES (600, 60, 'new')`,
    { tables: ['team'] },
    ['SUBSET_NOT_CLOSED', { constraint: 'member_team_fkey', child: 'member', parent: 'team', keys: ['(60)'] }],
  ],
  [
    'taken',
    `UPDATE team SET name = 'x' WHERE id = 3; INSERT INTO team VALUES (60, 't3')`,
    { keepNew: true },
    ['UNIQUE_TAKEN', { constraint: 'team_name_key' }],
  ],
  [
    'check',
    `UPDATE team SET name = 'x' || name; ALTER TABLE team ADD CHECK (name LIKE 'x%')`,
    {},
    ['SCHEMA_CHANGED', { constraint: 'team_name_check' }],
  ],
])('refused by name: %s', async (name, sql, options, expected) => {
  expect(await refusal(name, sql, options)).toEqual(expected)
})

test('a role that neither owns the tables nor may act as a replica is refused, and told what it lacks', async () => {
  await cluster.sql('postgres', `CREATE ROLE guest LOGIN PASSWORD 'x' IN ROLE pg_read_all_data, pg_write_all_data`)
  expect(await refusal('guest', 'UPDATE keyless SET a = 2', {}, { asRole: 'guest' })).toEqual(['NO_RIGHTS'])
  await cluster.sql('postgres', `GRANT SET ON PARAMETER session_replication_role TO guest`)
  expect(await refusal('guest', 'UPDATE keyless SET a = 2', {}, { asRole: 'guest' })).toEqual(['done'])
})

test('rows that change between the plan and the lock are noticed, whatever is open', async () => {
  const { context, backup } = await prepared('late', small)
  const backupId = await backup()
  await cluster.sql('late', `UPDATE team SET name = 'x' WHERE id = 3`)
  const options = { ...defaultRewindOptions, safetyBackup: false, backupId }
  for (const change of [
    `UPDATE team SET name = 'y' WHERE id = 9`,
    `DELETE FROM member WHERE id = 1`,
    `INSERT INTO member VALUES (1, 1, 'v')`,
    'VACUUM (FULL) member',
    'ALTER TABLE member ADD COLUMN y int',
  ]) {
    const plan = await planRewind(context, options)
    if (plan.refusals.length > 0) break
    let done = false
    const onStatement = async () => {
      if (!done) await cluster.sql('late', change)
      done = true
    }
    const error = await runRewind(context, plan, { onStatement }).catch((thrown: unknown) => thrown)
    expect([change, isEngineError(error) && error.code]).toEqual([change, 'PLAN_CHANGED'])
  }
  const stale = await planRewind(context, { ...options, tables: ['team'] })
  await cluster.sql('late', `UPDATE team SET name = 'z' WHERE id = 11`)
  const error = await runRewind(context, stale).catch((thrown: unknown) => thrown)
  expect(isEngineError(error, 'PLAN_CHANGED')).toBe(true)
})

test('an undo does not throw away what was done to rows that were put back', async () => {
  const { backup, rewind, context } = await prepared('undone', small)
  const id = await backup()
  await cluster.sql('undone', `UPDATE team SET name = 'x' || id WHERE id < 9`)
  const { rewindId } = await rewind(id)
  await cluster.sql('undone', `UPDATE team SET name = 'mine' WHERE id = 3`)
  const error = await undoRewind(context, rewindId).catch((thrown: unknown) => thrown)
  expect(isEngineError(error, 'CHANGED_SINCE')).toBe(true)
})

test('after a restore by swap the history is another one: rows are compared whole, and taken back', async () => {
  const { context, backup, contents } = await prepared('swapped', small)
  const before = await contents()
  const backupId = await backup()
  await restore(context, backupId, { safetyBackup: false })
  await cluster.sql(
    'swapped',
    `UPDATE member SET v = 'x' WHERE id < 9; DELETE FROM keyless; INSERT INTO team VALUES (60, 'new')`,
  )
  expect(await measureLoss(context, backupId)).toMatchObject({ not_comparable: expect.stringContaining('database') })
  const plan = await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId })
  expect(plan.tables.map(({ table, way, counts }) => ({ table, way, ...counts }))).toEqual([
    { table: 'member', way: 'content', inserted: 0, updated: 8, deleted: 0, touched: 0 },
    { table: 'keyless', way: 'content', inserted: 0, updated: 0, deleted: 1, touched: 0 },
    { table: 'team', way: 'content', inserted: 1, updated: 0, deleted: 0, touched: 0 },
  ])
  await runRewind(context, plan)
  expect(await contents()).toEqual(before)
})
