import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MigrationInspector } from '../../migrations/inspector.ts'
import { formatRehearsal } from '../../migrations/rehearsal/format-rehearsal.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { restoreIdOfCopy } from '../names.ts'
import type { RestoreContext } from '../options.ts'
import { restoreFixture } from '../restore-fixture.ts'
import { parseRestoreComment } from '../undo/database-comment.ts'
import { findLeftovers } from '../undo/leftovers.ts'
import { rehearseMigrations } from './rehearse-migrations.ts'

const rows = process.env.LIFEBOAT_LONG === '1' ? 400_000 : 60_000
const slow = 600_000
/** The time for which the dangerous forms are held at least, and what is found too long of them. */
const [heldMs, limitMs] = [80, 30]

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
}, slow)
afterAll(() => cluster?.stop())
const { backup, contextOf, databases } = restoreFixture(() => cluster)

async function shop(name: string, more: Partial<RestoreContext>, count = 200): Promise<RestoreContext> {
  await cluster.createDatabase(name)
  await cluster.sql(
    name,
    `CREATE TABLE ledger (tool text, id text);
     CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 100);
     CREATE TABLE orders (id int PRIMARY KEY, customer int, number int, total int, note text);
     INSERT INTO orders SELECT i, 1 + i % 100, i, i % 1000, 'a note about order ' || i FROM generate_series(1, ${count}) i`,
  )
  const { resources, ...context } = await contextOf(name, more)
  return { ...context, resources: { ...resources, segmentBlocks: 1024, maxSnapshotAgeMs: slow } }
}

interface Tool {
  up: string[]
  down?: string[]
  /** One transaction that stays open until the watch has seen what it holds; else each statement is by itself. */
  isHeld?: boolean
}

/** A migration tool as plain as can be; its one migration is called `next`. */
function tool(name: string, { up, down, isHeld = false }: Tool): MigrationInspector {
  const run = async (databaseUrl: string, statements: string[], ledger: string) => {
    const client = new Client({ connectionString: databaseUrl, application_name: name })
    await client.connect()
    try {
      if (isHeld) await client.query('BEGIN')
      await client.query(ledger)
      for (const sql of statements) {
        await client.query(sql)
        if (isHeld) await untilSeen(databaseUrl)
      }
      if (isHeld) await client.query('COMMIT')
    } finally {
      await client.end()
    }
  }
  return {
    name,
    ledgerTables: ['public.ledger'],
    applied: (query) => query('SELECT id FROM public.ledger WHERE tool = $1', [name]),
    known: async () => [{ id: 'next', hasDown: down !== undefined }],
    migrate: ({ databaseUrl }) => run(databaseUrl, up, `INSERT INTO public.ledger VALUES ('${name}', 'next')`),
    ...(down
      ? { rollback: ({ databaseUrl }) => run(databaseUrl, down, `DELETE FROM public.ledger WHERE tool = '${name}'`) }
      : {}),
  }
}

/** Until the watch of the rehearsal has looked for the last time after `heldMs` from now. */
async function untilSeen(databaseUrl: string): Promise<void> {
  const copy = new URL(databaseUrl).pathname.slice(1)
  const [now] = await cluster.sql<{ at: string }>('postgres', 'SELECT clock_timestamp()::text AS at')
  const looked = `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND application_name = 'lifeboat: rehearsal watch'
    AND state = 'idle' AND query_start > $2::timestamptz + interval '${heldMs} ms'`
  while ((await cluster.sql('postgres', looked, [copy, now?.at])).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10))
}

const limits = { max_blocked_reads_ms: limitMs, max_blocked_writes_ms: limitMs, min_rows: 10_000, roundTrip: false }
const patient = { ...limits, max_blocked_reads_ms: slow, max_blocked_writes_ms: slow }

/** Statement, mode of the lock on public.orders, code of the advice, whether the table is rewritten. */
const dangerous: Record<string, [statements: string[], mode: string, code: string, rewrites?: boolean]> = {
  index: [['CREATE INDEX orders_note ON orders (note)'], 'SHARE', 'INDEX_NOT_CONCURRENT'],
  'foreign key': [
    ['ALTER TABLE orders ADD CONSTRAINT customer_key FOREIGN KEY (customer) REFERENCES customers (id)'],
    ...(['SHARE ROW EXCLUSIVE', 'FOREIGN_KEY_VALIDATED'] as const),
  ],
  check: [['ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0)'], 'ACCESS EXCLUSIVE', 'CHECK_VALIDATED'],
  'not null': [['ALTER TABLE orders ALTER COLUMN note SET NOT NULL'], 'ACCESS EXCLUSIVE', 'NOT_NULL_SCAN'],
  type: [['ALTER TABLE orders ALTER COLUMN total TYPE bigint'], 'ACCESS EXCLUSIVE', 'TYPE_CHANGED', true],
  column: [
    ['ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()'],
    ...(['ACCESS EXCLUSIVE', 'COLUMN_FILLED_BY_REWRITE', true] as const),
  ],
  unique: [
    ['ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number)'],
    'ACCESS EXCLUSIVE',
    'UNIQUE_BUILT_UNDER_LOCK',
  ],
  backfill: [
    ["ALTER TABLE orders ADD COLUMN state text DEFAULT 'new'", "UPDATE orders SET note = 'the same for all'"],
    ...(['ACCESS EXCLUSIVE', 'ROWS_CHANGED_UNDER_LOCK'] as const),
  ],
}

test(
  'the eight dangerous statements are named with table, mode and what to write instead',
  async () => {
    const inspectors = Object.entries(dangerous).map(([name, [up]]) => tool(name, { up, isHeld: true }))
    const context = await shop('dangerous', { inspectors }, rows)
    const id = await backup(context)
    const before = await databases()
    const rehearsal = await rehearseMigrations(context, id, limits, {})
    expect(await databases()).toEqual(before)
    expect(rehearsal).toMatchObject({ ok: false, error: null, backup: { id, database: 'dangerous' } })
    expect(rehearsal.resolution_ms).toBeGreaterThan(0)
    expect(rehearsal.runs.map(({ inspector }) => inspector)).toEqual(Object.keys(dangerous))
    for (const [name, [statements, mode, code, rewrites = false]] of Object.entries(dangerous)) {
      const run = rehearsal.runs.find(({ inspector }) => inspector === name)
      const lock = run?.locks.find(({ table, mode: other }) => table === 'public.orders' && other === mode)
      expect(lock, name).toMatchObject({ rows, until_commit: true })
      expect(lock?.held_ms, name).toBeGreaterThan(limitMs)
      const found = rehearsal.findings.find(({ inspector, table, severity }) => {
        return inspector === name && table === 'public.orders' && severity === 'blocks'
      })
      expect(found?.code, name).toBe(mode === 'ACCESS EXCLUSIVE' ? 'READS_BLOCKED' : 'WRITES_BLOCKED')
      expect(
        found?.advice.map((one) => one.code),
        name,
      ).toContain(code)
      const orders = run?.tables.find(({ table }) => table === 'public.orders')
      expect(orders?.rewritten ?? false, name).toBe(rewrites)
      if (statements.length > 1) expect(orders?.updated).toBe(rows)
    }
    const text = formatRehearsal(rehearsal)
    expect(text).toContain('from  ALTER TABLE orders ALTER COLUMN total TYPE bigint')
    expect(text).not.toContain('the same for all')
  },
  slow,
)

test(
  'their safe forms pass',
  async () => {
    const batches = (set: string) =>
      Array.from({ length: 5 }, (_, i) => `UPDATE orders SET ${set} WHERE id % 5 = ${i} AND id <= 1000`)
    const safe: Record<string, string[]> = {
      index: ['CREATE INDEX CONCURRENTLY orders_note ON orders (note)'],
      'foreign key': [
        'ALTER TABLE orders ADD CONSTRAINT customer_key FOREIGN KEY (customer) REFERENCES customers (id) NOT VALID',
        'ALTER TABLE orders VALIDATE CONSTRAINT customer_key',
      ],
      check: [
        'ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID',
        'ALTER TABLE orders VALIDATE CONSTRAINT positive',
      ],
      'not null': [
        'ALTER TABLE orders ADD CONSTRAINT has_note CHECK (note IS NOT NULL) NOT VALID',
        'ALTER TABLE orders VALIDATE CONSTRAINT has_note',
        'ALTER TABLE orders ALTER COLUMN note SET NOT NULL',
        'ALTER TABLE orders DROP CONSTRAINT has_note',
      ],
      type: ['ALTER TABLE orders ADD COLUMN big_total bigint', ...batches('big_total = total')],
      column: [
        'ALTER TABLE orders ADD COLUMN token uuid',
        'ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid()',
      ],
      unique: [
        'CREATE UNIQUE INDEX CONCURRENTLY one_number ON orders (number)',
        'ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE USING INDEX one_number',
      ],
      backfill: ["ALTER TABLE orders ADD COLUMN state text DEFAULT 'new'", ...batches("note = 'x'")],
    }
    const inspectors = Object.entries(safe).map(([name, up]) => tool(name, { up }))
    const context = await shop('safe', { inspectors }, rows)
    const rehearsal = await rehearseMigrations(context, await backup(context), patient, {})
    expect(rehearsal).toMatchObject({ ok: true, error: null, findings: [] })
    expect(rehearsal.runs.map(({ ok, inspector }) => [inspector, ok])).toEqual(
      Object.keys(safe).map((name) => [name, true]),
    )
    expect(rehearsal.runs.flatMap(({ tables }) => tables).filter(({ rewritten }) => rewritten)).toEqual([])
  },
  slow,
)

test('down and up again; validators see the copy, which counts as a leftover of the live database if it stays', async () => {
  const seen: string[] = []
  const up = ['ALTER TABLE orders ADD COLUMN state text']
  const context = await shop('round', {
    inspectors: [tool('two-way', { up, down: ['ALTER TABLE orders DROP COLUMN state'], isHeld: true })],
    validators: [
      {
        name: 'state is there',
        sql: "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'state'",
        expect: 1,
      },
      {
        name: 'look',
        async validate({ databaseUrl }) {
          const copy = new URL(databaseUrl).pathname.slice(1)
          const [row] = await cluster.sql<{ comment: string }>(
            'postgres',
            `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1`,
            [copy],
          )
          expect(parseRestoreComment(row?.comment ?? null)).toMatchObject({
            ...{ state: 'loading', database: 'round', restore: restoreIdOfCopy(copy) },
          })
          // While it is worked on it is none.
          expect(
            await findLeftovers((text, values) => cluster.sql('postgres', text, values as unknown[]), 'round'),
          ).toEqual([])
          seen.push(copy)
        },
      },
    ],
    dataMigrations: [{ name: 'forget', sql: 'UPDATE orders SET note = NULL' }],
  })
  const rehearsal = await rehearseMigrations(
    context,
    await backup(context),
    { ...limits, roundTrip: true, min_rows: 1 },
    {},
  )
  expect(rehearsal.runs.map(({ direction, migrations, ok }) => [direction, migrations, ok])).toEqual([
    ['up', ['next'], true],
    ['down', ['next'], true],
    ['up', ['next'], true],
  ])
  expect(rehearsal).toMatchObject({ error: null, validators: ['state is there', 'look'], data_migrations: ['forget'] })
  expect(rehearsal.findings.map(({ table, code }) => [table, code])).toContainEqual(['public.orders', 'READS_BLOCKED'])
  expect(await databases()).not.toContain(seen[0])
  expect(await cluster.sql('round', 'SELECT count(*)::int FROM ledger')).toEqual([{ count: 0 }])
})

test.each<[string, string, RegExp, Tool, Partial<RestoreContext>]>([
  ['a migration fails', 'MIGRATION_FAILED', /nowhere/, { up: ['SELECT * FROM nowhere'], isHeld: true }, {}],
  ['there is no way back', 'MIGRATION_FAILED', /no way back/, { up: ['SELECT 1'] }, {}],
  [
    'a validator refuses',
    'VALIDATION_FAILED',
    /expected 1, found 2/,
    { up: ['SELECT 1'], down: ['SELECT 1'] },
    { validators: [{ name: 'one', sql: 'SELECT 2', expect: 1 }] },
  ],
])('%s: it is in the report, and the copy is gone', async (what, code, text, given, more) => {
  const name = what.replaceAll(' ', '_')
  const context = await shop(name, { inspectors: [tool('tool', given)], ...more })
  const id = await backup(context)
  const before = await databases()
  const rehearsal = await rehearseMigrations(context, id, { ...limits, roundTrip: true }, {})
  expect(rehearsal).toMatchObject({ ok: false, error: { code, text: expect.stringMatching(text) } })
  expect(formatRehearsal(rehearsal)).toContain(code)
  expect(await databases()).toEqual(before)
})

test('a tool that migrates the live database is found out, and nothing pending is a good rehearsal', async () => {
  const wrong = tool('wrong', { up: [] })
  const context = await shop('wrong', {
    inspectors: [
      {
        ...wrong,
        migrate: async () => void (await cluster.sql('wrong', "INSERT INTO ledger VALUES ('wrong', 'next')")),
      },
    ],
  })
  const id = await backup(context)
  const before = await databases()
  await expect(rehearseMigrations(context, id, limits, {})).rejects.toMatchObject({ code: 'MIGRATION_WRONG_DATABASE' })
  expect(await databases()).toEqual(before)
  const nothing = await rehearseMigrations(context, await backup(context), limits, {})
  expect(nothing).toMatchObject({ ok: true, runs: [], findings: [], error: null })
  expect(formatRehearsal(nothing)).toContain('Nothing is pending')
})

test('an abort drops the copy', async () => {
  const stop = new AbortController()
  const hanging = tool('hanging', { up: [] })
  const context = await shop('aborted', {
    inspectors: [
      {
        ...hanging,
        migrate: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true })
            stop.abort()
          }),
      },
    ],
  })
  const id = await backup(context)
  const before = await databases()
  await expect(rehearseMigrations(context, id, limits, { signal: stop.signal })).rejects.toBeInstanceOf(Error)
  expect(await databases()).toEqual(before)
})
