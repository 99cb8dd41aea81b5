import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { scanSegments } from './scan-segments.ts'
import { segmentRanges } from './segments.ts'
import { openSession, type Session } from './session.ts'

let cluster: TemporaryCluster
let session: Session
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
  await cluster.createDatabase('scan')
  session = await openSession(resolveConnection(cluster.url('scan')), { application: 'test' })
})
afterAll(async () => {
  await session?.close()
  await cluster?.stop()
})

const nextId = async () => {
  const [row] = await session.query<{ id: string }>(
    'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS id',
  )
  return row!.id
}

async function table(name: string, blocks = 4, segmentBlocks = 2) {
  const [row] = await session.query<{ oid: string }>(
    `SELECT '${name}'::pg_catalog.regclass::pg_catalog.oid::text AS oid`,
  )
  const [schema, relation] = name.split('.') as [string, string]
  return { oid: Number(row!.oid), schema, name: relation, ranges: segmentRanges(blocks, segmentBlocks) }
}

async function scan(tables: Awaited<ReturnType<typeof table>>[], xmin: string) {
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    return await scanSegments(session.query, tables, xmin)
  } finally {
    await session.query('ROLLBACK')
  }
}

test('rows and fresh rows of each range; several tables in one statement; nothing is left behind', async () => {
  await session.query(
    'CREATE TABLE public.a AS SELECT i, pg_catalog.repeat($$x$$, 400) AS v FROM pg_catalog.generate_series(1, 60) i',
  )
  await session.query('CREATE TABLE public.none (x int)')
  const before = await nextId()
  const tables = [await table('public.a'), await table('public.none', 0)]
  const [first, empty] = await scan(tables, before)
  expect(first).toMatchObject([
    { fresh: false, foreign: false },
    { fresh: false, foreign: false },
  ])
  expect((first as { rows: number }[]).reduce((sum, { rows }) => sum + rows, 0)).toBe(60)
  expect(empty).toEqual([{ rows: 0, fresh: false, foreign: false }])
  await session.query('UPDATE public.a SET v = v WHERE i = 1')
  const [second] = await scan(tables, before)
  // The new version lies at the end.
  expect(second).toMatchObject([{ fresh: false }, { fresh: true }])
  const [setting] = await session.query<{ enable_seqscan: string }>('SHOW enable_seqscan')
  expect(setting!.enable_seqscan).toBe('on')
})

test('what cannot be told older counts as fresh: bootstrap ids, and everything once the ids have gone around', async () => {
  const [types] = await scan([await table('pg_catalog.pg_am', 1)], await nextId())
  expect(types).toMatchObject([{ foreign: false }])
  const [{ rows, fresh }] = types as unknown as [{ rows: number; fresh: boolean }]
  expect([rows > 0, fresh]).toEqual([true, true])

  const future = String(BigInt(await nextId()) + 1000n)
  const [all] = await scan([await table('public.a')], future)
  for (const { rows, fresh } of all as { rows: number; fresh: boolean }[]) expect(fresh).toBe(rows > 0)
})

test('rows of another table under the name are noticed', async () => {
  const other = { ...(await table('public.a')), oid: 12_345 }
  const [ranges] = await scan([other], await nextId())
  for (const { rows, foreign } of ranges as { rows: number; foreign: boolean }[]) expect(foreign).toBe(rows > 0)
})

test('a plan that is not a scan of just these blocks is not believed; the tables beside it are scanned', async () => {
  await session.query('CREATE TABLE public.parted (x int) PARTITION BY LIST (x)')
  const tables = [await table('public.a'), await table('public.parted', 0), await table('public.none', 0)]
  const results = await scan(tables, await nextId())
  expect(results).toEqual([
    [expect.anything(), expect.anything()],
    { unexpectedPlan: 'another plan' },
    [expect.anything()],
  ])
})

test('a view of the name, and a node that an extension puts on top, are not believed either', async () => {
  await session.query('CREATE VIEW public.shadow AS SELECT ctid, xmin, tableoid, * FROM public.a')
  expect(await scan([await table('public.shadow')], await nextId())).toEqual([{ unexpectedPlan: 'another plan' }])
  const [plain] = [await table('public.a')]
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const withExtension: typeof session.query = async (sql, values) => {
    const rows = await session.query<{ 'QUERY PLAN'?: [{ Plan: unknown }] }>(sql, values)
    const plan = rows[0]?.['QUERY PLAN']
    if (plan) plan[0].Plan = { 'Node Type': 'Custom Scan', Plans: [plan[0].Plan] }
    return rows as never
  }
  const results = await scanSegments(withExtension, [plain!], await nextId())
  await session.query('ROLLBACK')
  expect(results).toEqual([{ unexpectedPlan: 'Custom Scan' }])
})

test('rows of a table that inherits from it are not its own', async () => {
  await session.query('CREATE TABLE public.parent (x int)')
  await session.query('CREATE TABLE public.child () INHERITS (public.parent)')
  await session.query('INSERT INTO public.child VALUES (1)')
  expect(await scan([await table('public.parent', 0)], await nextId())).toEqual([
    [{ rows: 0, fresh: false, foreign: false }],
  ])
})

test('a row of the very transaction that was the oldest one then is fresh, one of the transaction before is not', async () => {
  await session.query('CREATE TABLE public.edge (x int)')
  await session.query('INSERT INTO public.edge VALUES (1)')
  const [{ id }] = (await session.query<{ id: string }>(
    'SELECT pg_catalog.max(xmin::text::int8)::text AS id FROM public.edge',
  )) as [{ id: string }]
  expect(await scan([await table('public.edge', 1)], id)).toEqual([[{ rows: 1, fresh: true, foreign: false }]])
  expect(await scan([await table('public.edge', 1)], String(BigInt(id) + 1n))).toEqual([
    [{ rows: 1, fresh: false, foreign: false }],
  ])
})
