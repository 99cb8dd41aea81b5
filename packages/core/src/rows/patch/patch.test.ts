import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRewindOptions, type RewindOptions, type RowChoice } from '../rewind/options.ts'
import { planRewind } from '../rewind/plan-rewind.ts'
import { rewindFixture } from '../rewind/rewind-fixture.ts'
import { type RewindRunning, runRewind } from '../rewind/run-rewind.ts'
import { undoRewind } from '../rewind/undo-rewind.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)

const schema = `
  CREATE TABLE team (id int PRIMARY KEY, name text UNIQUE, twice int GENERATED ALWAYS AS (id * 2) STORED);
  CREATE TABLE member (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, team int REFERENCES team, name text REFERENCES team (name), v text);
  CREATE TABLE keyless (a int);
  CREATE TABLE log (at int PRIMARY KEY, v text) PARTITION BY RANGE (at);
  CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (100);
  CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (100) TO (200);
  INSERT INTO team SELECT i, 't' || i FROM generate_series(1, 50) i;
  INSERT INTO member (team, v) SELECT 1 + i % 50, E'tab\\t \\\\ ' || i FROM generate_series(1, 500) i;
  INSERT INTO keyless VALUES (1); INSERT INTO log SELECT i, 'v' FROM generate_series(1, 199) i;
  CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'fired'; END$$;
  CREATE TRIGGER fails BEFORE INSERT OR DELETE ON member FOR EACH ROW EXECUTE FUNCTION fail();
  ALTER TABLE member DISABLE TRIGGER fails;`

const changes = `
  UPDATE member SET v = 'wrong' WHERE id <= 20; DELETE FROM member WHERE id BETWEEN 15 AND 30;
  UPDATE member SET v = v WHERE id BETWEEN 40 AND 50; INSERT INTO member (team, v) VALUES (1, 'new'), (2, 'new');
  ALTER TABLE member ENABLE ALWAYS TRIGGER fails;`

type Asked = Partial<Omit<RowChoice, 'kind'>> & { table?: string }

function choosing(backupId: string, { table = 'member', where = null, onConflict = 'backup' }: Asked): RewindOptions {
  const choice = { kind: 'rows', where, onConflict } as const
  return { ...defaultRewindOptions, safetyBackup: false, backupId, tables: [table], choice }
}

/** A database with a backup, changed since. */
async function changed(name: string, sql = changes, owner?: string) {
  const { context, backup, contents } = await prepared(name, schema, owner)
  const backupId = await backup()
  await cluster.sql(name, sql)
  const plan = (asked: Asked) => planRewind(context, choosing(backupId, asked))
  const patch = async (asked: Asked, running: RewindRunning = {}) => runRewind(context, await plan(asked), running)
  const refused = async (asked: Asked) => {
    const error = await patch(asked).catch((thrown: unknown) => thrown)
    return isEngineError(error) ? [error.code, error.message] : error
  }
  return { context, plan, patch, refused, contents, backupId }
}

const states = (name: string) =>
  cluster.sql(
    name,
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE v = 'wrong')::int AS wrong, count(*) FILTER (WHERE v = 'new')::int AS added,
       count(*) FILTER (WHERE id <= 30)::int AS first FROM member`,
  )

test.each(['superuser', 'owner'] as const)(
  'chosen rows come back: missing ones inserted, changed ones replaced, newer ones stay; undo is the way back: as %s',
  async (who) => {
    const name = `patch_${who}`
    if (who === 'owner') await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x'`)
    const { context, plan, patch, contents } = await changed(name, changes, who === 'owner' ? 'plain' : undefined)
    const before = await contents()
    expect(await states(name)).toEqual([{ rows: 486, wrong: 14, added: 2, first: 14 }])
    const asked = { where: 'member.id BETWEEN 10 AND 25 -- these' }
    const planned = await plan(asked)
    expect(planned).toMatchObject({
      refusals: [],
      way: who === 'owner' ? 'owner' : 'replica',
      put_back: 16,
      take_out: 5,
    })
    expect(planned.tables[0]?.counts).toEqual({ inserted: 0, updated: 5, deleted: 11, touched: 0 })
    const { rewindId } = await patch(asked)
    expect(await states(name)).toEqual([{ rows: 497, wrong: 9, added: 2, first: 25 }])
    expect(await plan(asked)).toMatchObject({ tables: [], put_back: 0 })
    await undoRewind(context, rewindId)
    expect(await contents()).toEqual(before)

    const live = await patch({ ...asked, onConflict: 'live' })
    expect(live).toMatchObject({ putBack: 11, takenOut: 0 })
    expect(await states(name)).toEqual([{ rows: 497, wrong: 14, added: 2, first: 25 }])
    await undoRewind(context, live.rewindId)
    expect(await contents()).toEqual(before)
    // Without a condition: all that is missing or changed; rows that were only written again are no part of it.
    expect(await patch({})).toMatchObject({ putBack: 30, takenOut: 14 })
    expect(await states(name)).toEqual([{ rows: 502, wrong: 0, added: 2, first: 30 }])
  },
)

test('a table that is read whole, and a partitioned one', async () => {
  const { plan, patch } = await changed(
    'whole',
    `UPDATE log SET v = 'x' WHERE at IN (5, 150); DELETE FROM log WHERE at = 151; INSERT INTO log VALUES (0, 'new');
     UPDATE team SET name = 'x' WHERE id = 7`,
  )
  await cluster.sql('whole', 'VACUUM (FULL) team')
  expect(await plan({ table: 'team', where: 'id < 9' })).toMatchObject({
    tables: [{ way: 'content', counts: { updated: 1 } }],
  })
  expect(await patch({ table: 'team', where: 'id < 9' })).toMatchObject({ putBack: 1, takenOut: 1 })
  expect(await patch({ table: 'log', where: 'at > 100' })).toMatchObject({
    tables: [{ table: 'log_2', putBack: 2, takenOut: 1 }],
  })
  const left = `SELECT (SELECT string_agg(at || v, ' ' ORDER BY at) FROM log WHERE at IN (0, 5, 150, 151)) AS log, (SELECT name FROM team WHERE id = 7)`
  expect(await cluster.sql('whole', left)).toEqual([{ log: '0new 5x 150v 151v', name: 't7' }])
})

test('other sessions can write while it runs; what was chosen must not change', async () => {
  const { context, plan } = await changed('busy')
  const asked = { where: 'id BETWEEN 1 AND 20' }
  const during = async (sql: string) => {
    const reviewed = await plan(asked)
    await cluster.sql(
      'busy',
      `UPDATE member SET v = 'other' WHERE id = 100; INSERT INTO log VALUES (0, 'x') ON CONFLICT DO NOTHING`,
    )
    let done = false
    const onStatement = async () => {
      if (!done) await cluster.sql('busy', sql)
      done = true
    }
    return runRewind(context, reviewed, { onStatement }).catch((thrown: unknown) => thrown)
  }
  // An UPDATE of rows of the patch, by which they get other places; a row that comes back with the key of a missing one.
  expect(isEngineError(await during(`UPDATE member SET v = 'late' WHERE id = 5`), 'PLAN_CHANGED')).toBe(true)
  const key = `INSERT INTO member (id, v) OVERRIDING SYSTEM VALUE VALUES (20, 'late')`
  await cluster.sql('busy', 'ALTER TABLE member DISABLE TRIGGER fails')
  expect(isEngineError(await during(key), 'UNIQUE_TAKEN')).toBe(true)
  await cluster.sql('busy', 'DELETE FROM member WHERE id = 20')
  const result = await during(
    `UPDATE member SET v = 'still' WHERE id = 300; INSERT INTO member (team, v) VALUES (3, 'late')`,
  )
  expect(result).toMatchObject({ putBack: 20, takenOut: 14 })
  const stale = await plan({ where: 'id = 25' })
  await cluster.sql('busy', `INSERT INTO member (id, v) OVERRIDING SYSTEM VALUE VALUES (25, 'late')`)
  const error = await runRewind(context, stale).catch((thrown: unknown) => thrown)
  expect(isEngineError(error, 'PLAN_CHANGED')).toBe(true)
})

const refusals: [string, string, Asked, string[]][] = [
  ['nokey', 'UPDATE keyless SET a = 2', { table: 'keyless' }, ['NO_PRIMARY_KEY', 'No primary key: keyless.']],
  [
    'parent',
    'DELETE FROM member WHERE team = 7; DELETE FROM team WHERE id = 7',
    { where: 'id IN (6, 7)' },
    ['SUBSET_NOT_CLOSED', 'Rows of member would point to rows of team that are not there (member_team_fkey): (7).'],
  ],
  [
    'child',
    `UPDATE team SET name = 'renamed' WHERE id = 3; UPDATE member SET name = 'renamed' WHERE id = 9`,
    { table: 'team', where: 'id = 3' },
    [
      'SUBSET_NOT_CLOSED',
      'Rows of member would point to rows of team that are not there (member_name_fkey): (renamed).',
    ],
  ],
  [
    'taken',
    `UPDATE team SET name = 'x' WHERE id = 3; INSERT INTO team VALUES (60, 't3')`,
    { table: 'team' },
    ['UNIQUE_TAKEN', 'A newer row holds what a row of the backup needs (team_name_key).'],
  ],
]

test('refused by name, and nothing is changed', async () => {
  const { context, refused, contents, backupId } = await changed('refusals', 'SELECT')
  for (const [name, sql, asked, expected] of refusals) {
    await cluster.sql('refusals', sql)
    const before = await contents()
    expect([name, await refused(asked)]).toEqual([name, expected])
    expect([name, await contents()]).toEqual([name, before])
    const all = { ...defaultRewindOptions, safetyBackup: false, backupId }
    await runRewind(context, await planRewind(context, all))
  }
  await cluster.sql('refusals', 'ALTER TABLE member ADD COLUMN x int')
  expect(await refused({})).toEqual(['SCHEMA_CHANGED', 'Columns or types changed since: member.'])
})

test('a chosen row may stand on one that is there', async () => {
  const { patch } = await changed(
    'stands',
    `DELETE FROM member WHERE team = 7; UPDATE team SET name = 'x' WHERE id = 7`,
  )
  expect(await patch({ where: 'id = 6' })).toMatchObject({ putBack: 1, takenOut: 0 })
})

test('a condition that writes, or means nothing, is refused', async () => {
  const { refused, contents } = await changed('condition')
  const before = await contents()
  for (const [where, message] of [
    ['nonsense', /nonsense/],
    ['true); DROP TABLE member; SELECT (true', /multiple commands/],
    [`setval('member_id_seq', 1) = 1`, /read-only/],
    ['wrong.v IS NULL', /wrong/],
    ['EXISTS (DELETE FROM member RETURNING 1)', /syntax error/],
  ] as const)
    expect(await refused({ where })).toEqual(['DATABASE_ERROR', expect.stringMatching(message)])
  expect(await contents()).toEqual(before)
})
