import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeObjectMatrix, matrixRoles } from './object-matrix.ts'

/**
 * Every kind of object in a masked copy: with the policy that is suggested, and with the strictest one, in which each column
 * is NULL where it may be, else a pseudonym where its type has one.
 */
type Policy = NonNullable<EngineOptions['masking']>
type Tables = NonNullable<Policy['tables']>

let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []

function open(tables?: Tables): BackupEngine {
  const engine = createBackupEngine({
    database: cluster.url('matrix'),
    repository: join(folder, 'repository'),
    encryption: { rawKey: Buffer.alloc(32, 7) },
    appName: 'matrix',
    ...(tables ? { masking: { key: 'a key of the matrix', tables } } : {}),
  })
  engines.push(engine)
  return engine
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-masked-matrix-'))
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('matrix')
  for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
  await cluster.sql('postgres', 'GRANT CREATE ON DATABASE matrix TO matrix_owner')
  // Only what servers of all versions know.
  await makeObjectMatrix(cluster.url('matrix'), 15)
  await cluster.sql('matrix', `ALTER DATABASE matrix SET app.secret = 'of the application'`)
  const engine = open()
  await engine.repository.init()
  await engine.backups.create({ name: 'matrix' })
}, 300_000)

afterAll(async () => {
  for (const engine of engines) await engine.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function suggested(): Promise<Tables> {
  const { columns, tables } = await open().masking.suggest('latest')
  const policy: Record<string, unknown> = Object.fromEntries(tables.map(({ table, as }) => [table, as]))
  for (const { table, column, mask } of columns) policy[table] = { ...(policy[table] as object), [column]: mask }
  return policy as Tables
}

/** Text values of a database by table and column, as they are shown. */
async function values(database: string): Promise<Map<string, string[]>> {
  const columns = await cluster.sql<{ place: string; table: string; column: string }>(
    database,
    `SELECT nspname || '.' || coalesce(root.relname, c.relname) || '.' || attname AS place, format('%I.%I', nspname, c.relname) AS table, quote_ident(attname) AS column
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
     LEFT JOIN LATERAL (SELECT r.relname FROM pg_class r WHERE r.oid = pg_partition_root(c.oid)) root ON true
     WHERE c.relkind = 'r' AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'lifeboat')`,
  )
  const found = new Map<string, string[]>()
  // One connection for hundreds of queries.
  const client = new Client({ connectionString: cluster.url(database) })
  await client.connect()
  try {
    for (const { place, table, column } of columns) {
      const { rows } = await client.query<{ text: string }>(
        `SELECT DISTINCT left(${column}::text, 200) AS text FROM ONLY ${table} WHERE ${column} IS NOT NULL LIMIT 200`,
      )
      found.set(place, [...(found.get(place) ?? []), ...rows.map(({ text }) => text)])
    }
  } finally {
    await client.end()
  }
  return found
}

async function restoreMasked(tables: Tables, name: string) {
  const engine = open(tables)
  const options = { strategy: 'new-database', targetDatabase: name, masked: true } as const
  const plan = await engine.restores.plan('latest', options)
  expect(plan.refusals).toEqual([])
  return engine.restores.run('latest', { ...options, confirm: plan.hash })
}

test('the policy that is suggested names everything and can be carried out', { timeout: 300_000 }, async () => {
  const { masking } = await restoreMasked(await suggested(), 'matrix_suggested')
  expect(masking?.tables.length).toBeGreaterThan(100)
})

test('under the strictest policy no value is left', { timeout: 300_000 }, async () => {
  const tables = await strictest()
  const { masking } = await restoreMasked(tables, 'matrix_strict')
  const [before, after] = [await values('matrix'), await values('matrix_strict')]
  const left: string[] = []
  for (const { table, masked } of masking?.tables ?? [])
    for (const { column, mask } of masked) {
      const place = [...before.keys()].find((one) => one === `${table}.${column}`)
      if (place === undefined) continue
      const kept = (after.get(place) ?? []).filter((value) => before.get(place)?.includes(value) && value.length > 3)
      if (mask === 'null' && after.get(place)?.length !== 0) left.push(`${place} is not NULL`)
      if (kept.length > 0) left.push(`${place} by ${mask}: ${kept.length} values`)
    }
  expect(left).toEqual([])
  const [counts] = await cluster.sql(
    'matrix_strict',
    `SELECT (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects, (SELECT count(*)::int FROM pg_user_mappings) AS mappings,
       (SELECT count(*)::int FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS subscriptions,
       (SELECT count(*)::int FROM pg_publication) AS publications, current_setting('app.secret', true) AS secret`,
  )
  expect(counts).toEqual({ objects: 0, mappings: 0, subscriptions: 0, publications: 0, secret: null })
  expect(masking?.leftOut).toEqual(expect.arrayContaining(['comments', 'large objects', 'SUBSCRIPTION sub_far']))
  const masks = new Set(masking?.tables.flatMap(({ masked }) => masked.map(({ mask }) => mask)))
  expect([...masks].sort()).toEqual(['hash', 'null'])
})

/** Weakens what is refused, until nothing is: NULL, a pseudonym, and what has neither stays. */
async function strictest(): Promise<Tables> {
  const policy: Record<string, Record<string, string>> = {}
  for (const { table, column } of (await open().masking.suggest('latest')).columns)
    policy[table] = { ...policy[table], [column]: 'null' }
  for (const table of (await open().masking.suggest('latest')).tables.map(({ table }) => table)) policy[table] = {}
  // COPY looks at checks and domains, also those that are NOT VALID.
  for (const [table, columns] of Object.entries(kept)) policy[table] = { ...policy[table], ...columns }
  for (let round = 0; round < 6; round++) {
    const { problems } = await open(policy as Tables).masking.check('latest')
    if (problems.length === 0) return policy as Tables
    for (const { place, code } of problems) {
      const table = Object.keys(policy).find((one) => place.startsWith(`${one}.`)) ?? place
      for (const column of place.slice(table.length + 1).split(', ')) {
        const now = policy[table]?.[column]
        const next = code === 'MASK_UNCLASSIFIED' ? 'null' : now === 'null' && code !== 'MASK_TYPE' ? 'hash' : 'keep'
        policy[table] = { ...policy[table], [column]: next }
      }
    }
  }
  throw new Error(JSON.stringify((await open(policy as Tables).masking.check('latest')).problems))
}

const kept: Record<string, Record<string, string>> = {
  // No partition for NULL.
  ...{
    'public.pi': { a: 'keep' },
    'public.pf': { a: 'keep' },
    'public.pe': { a: 'keep' },
    'public.pfk': { id: 'keep' },
    'public.pfk_ref': { id: 'keep' },
  },
  // A number below 100.
  'public.ih_d': { a: 'keep' },
  // A number that is positive, and one that is even besides.
  ...{ 'public.t_domain': { a: 'keep' }, 'public.t_dd': { a: 'keep' } },
}
