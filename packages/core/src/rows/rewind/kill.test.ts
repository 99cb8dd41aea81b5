import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRewindOptions, type RewindOptions } from './options.ts'
import { planRewind } from './plan-rewind.ts'
import { rewindChanges, rewindFixture } from './rewind-fixture.ts'
import { type RewindResult, runRewind } from './run-rewind.ts'
import { keptRewinds, undoRewind } from './undo-rewind.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
  await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x'`)
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)

/** Ends the session that rewinds, as an administrator or a crash would. */
const endSession = () =>
  cluster.sql(
    'postgres',
    `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'lifeboat: rewind' AND backend_xid IS NOT NULL
     UNION ALL SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'lifeboat: rewind' AND state = 'idle in transaction'`,
  )

/** As few objects as make every kind of statement. */
const schema = `
  CREATE TABLE team (id int PRIMARY KEY, v text); INSERT INTO team SELECT i, 'v' FROM generate_series(1, 9) i;
  CREATE TABLE member (id int PRIMARY KEY, team int REFERENCES team, v text); INSERT INTO member SELECT i, i FROM generate_series(1, 9) i;
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'fired'; END$$;`
const changes = `
  UPDATE team SET v = 'x' WHERE id = 1; DELETE FROM member WHERE id = 2; INSERT INTO member VALUES (10, 3, 'new');
  CREATE TRIGGER always BEFORE INSERT OR DELETE ON member FOR EACH ROW EXECUTE FUNCTION note();
  ALTER TABLE member ENABLE ALWAYS TRIGGER always;`
const states = `SELECT (SELECT string_agg(t::text, ' ' ORDER BY id) FROM team t) AS team,
  (SELECT string_agg(m::text, ' ' ORDER BY id) FROM member m) AS member,
  (SELECT string_agg(tgenabled::text, '') FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
  (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f') AS keys`

/** A rewind; a patch of one table; one of all rows of a tenant. What each makes of the tables. */
const chosen: Record<string, { options: Partial<RewindOptions>; made: (before: State, after: State) => State }> = {
  rewind: { options: {}, made: (before) => before },
  patch: {
    options: { tables: ['member'], choice: { kind: 'rows', where: 'id < 5', onConflict: 'backup' } },
    made: (before, after) => ({ ...after, member: `${before.member} (10,3,new)` }),
  },
  tenant: {
    options: { choice: { kind: 'tenant', table: 'team', key: null, value: '1' } },
    made: (before, after) => ({ ...after, team: before.team, member: after.member }),
  },
}

interface State {
  team: string
  member: string
}

/** The statements of all are those of a rewind, so that `npm test` has each of the others in one way. */
const isLong = process.env.LIFEBOAT_LONG === '1'
const cases = Object.keys(chosen)
  .flatMap((what) => (['superuser', 'owner'] as const).map((who) => ({ what, who })))
  .filter(({ what, who }) => isLong || what === 'rewind' || (who === 'owner') === (what === 'tenant'))

test.each(cases)(
  'killed at each statement of a $what, the tables are entirely as they were; undo likewise: as $who',
  { timeout: 1_800_000 },
  async ({ what, who }) => {
    const name = `killed_${what}_${who}`
    const { context, backup } = await prepared(name, schema, who === 'owner' ? 'plain' : undefined)
    const contents = async () => (await cluster.sql<State>(name, states))[0]!
    const backupId = await backup()
    const before = { ...(await contents()), triggers: 'A' }
    await cluster.sql(name, changes)
    const after = await contents()
    const options = { ...defaultRewindOptions, safetyBackup: false, backupId, ...chosen[what]!.options }
    const made = chosen[what]!.made(before, after)
    expect(made).not.toEqual(after)
    const plan = await planRewind(context, options)

    // The first statement is BEGIN, where there is nothing to kill yet.
    let rewindId = ''
    let statements = 0
    for (let kill = 2; rewindId === ''; kill++) {
      statements = 0
      const onStatement = async () => {
        if (++statements === kill) await endSession()
      }
      const ended = await runRewind(context, plan, { onStatement }).catch((thrown: unknown) => thrown)
      if (!isEngineError(ended)) {
        rewindId = (ended as RewindResult).rewindId
        continue
      }
      expect(await contents()).toEqual(after)
      // One that was not committed cannot be undone, whatever is left of it.
      for (const { id } of await keptRewinds(context)) {
        const undone = await undoRewind(context, id).catch((thrown: unknown) => thrown)
        expect(isEngineError(undone, 'REWIND_NOT_FOUND')).toBe(true)
      }
    }
    expect(await contents()).toEqual(made)
    expect(statements).toBeGreaterThan(15)
    if (who === 'owner') return

    for (let kill = 2, done = false; !done; kill++) {
      let statement = 0
      const onStatement = async () => {
        if (++statement === kill) await endSession()
      }
      done = await undoRewind(context, rewindId, { onStatement }).then(
        () => true,
        () => false,
      )
      expect(await contents()).toEqual(done ? after : made)
    }
  },
)

const orders: Partial<RewindOptions> = {
  tables: ['orders'],
  choice: { kind: 'rows', where: 'id % 500 = 0', onConflict: 'backup' },
}
test.each([
  ['rewinds', {}],
  ['patches of the same rows', orders],
] as const)('of two %s at once one waits, and sees then that its plan has changed', async (what, choice) => {
  const name = `twice_${what.slice(0, 5)}`
  const { context, backup, contents } = await prepared(name)
  const before = await contents()
  const backupId = await backup()
  await cluster.sql(name, rewindChanges)
  const plan = await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId, ...choice })
  // Both have read all, and wait for each other before they lock.
  const both = Promise.withResolvers<void>()
  let waiting = 0
  const onStatement = async (sql: string) => {
    if (sql !== 'BEGIN') return
    if (++waiting === 2) both.resolve()
    await both.promise
  }
  const ended = await Promise.allSettled([
    runRewind(context, plan, { onStatement }),
    runRewind(context, plan, { onStatement }),
  ])
  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = ended.find((one) => one.status === 'rejected')!
  expect(isEngineError(refused.reason, 'PLAN_CHANGED')).toBe(true)
  if (what === 'rewinds') expect(await contents()).toEqual(before)
  else expect(await planRewind(context, plan.options)).toMatchObject({ tables: [], put_back: 0, refusals: [] })
})
