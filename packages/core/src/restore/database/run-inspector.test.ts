import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Migration, MigrationInspector } from '../../migrations/inspector.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { type MigrationTarget, migrateBackward, migrateForward } from './run-inspector.ts'

let cluster: TemporaryCluster
let target: MigrationTarget
let count = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** A tool as plain as can be: a table of ids, and what running it does to a database. */
function plainInspector(
  known: Migration[],
  run: (url: string, sql: (text: string) => Promise<void>) => Promise<void>,
): MigrationInspector {
  const work = async ({ databaseUrl }: { databaseUrl: string }) => {
    const client = new Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      await run(databaseUrl, async (text) => void (await client.query(text)))
    } finally {
      await client.end()
    }
  }
  return {
    name: 'plain',
    ledgerTables: ['public.plain'],
    applied: (query) => query<Migration>('SELECT id, state FROM public.plain ORDER BY place'),
    known: async () => known,
    clearLocks: async (query) => {
      await query('UPDATE public.plain_lock SET held = false')
      return ['the lock of a crashed run was removed']
    },
    migrate: work,
    rollback: work,
  }
}

async function databases(...ids: string[]): Promise<void> {
  const make = async (name: string) => {
    const url = await cluster.createDatabase(name)
    await cluster.sql(
      name,
      `CREATE TABLE plain (place serial, id text, state text DEFAULT 'applied');
       CREATE TABLE plain_lock (held boolean); INSERT INTO plain_lock VALUES (true)`,
    )
    for (const id of ids) await cluster.sql(name, 'INSERT INTO plain (id) VALUES ($1)', [id])
    return resolveConnection(url)
  }
  count++
  target = { live: await make(`live_${count}`), parameters: await make(`copy_${count}`) }
}

const apply = (id: string, state = 'applied') => `INSERT INTO public.plain (id, state) VALUES ('${id}', '${state}')`

test('runs what is missing, clears a travelled lock on the copy and not on the live database', async () => {
  await databases('a')
  const lines: string[] = []
  const report: MigrationTarget['report'] = (event) => void (event.type === 'log' && lines.push(event.message))
  const inspector = plainInspector([{ id: 'a' }, { id: 'b' }], (_, sql) => sql(apply('b')))
  expect(await migrateForward(inspector, { ...target, report })).toEqual(['b'])
  expect(await migrateForward(inspector, target)).toEqual([])
  expect(lines).toContain('plain: the lock of a crashed run was removed on the copy.')
  const held = (name: string) => cluster.sql(name, 'SELECT held FROM plain_lock')
  expect([await held(`copy_${count}`), await held(`live_${count}`)]).toEqual([[{ held: false }], [{ held: true }]])
})

test.each<[what: string, ran: string[], says: RegExp]>([
  ['something is still missing', [], /b still missing/],
  ['it did not finish', [apply('b', 'failed')], /b did not finish/],
  ['it ran what the code does not know', [apply('b'), apply('x')], /x in its table/],
])('a run after which %s is a failure', async (_, statements, says) => {
  await databases('a')
  const inspector = plainInspector([{ id: 'a' }, { id: 'b' }], async (_url, sql) => {
    for (const statement of statements) await sql(statement)
  })
  await expect(migrateForward(inspector, target)).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message: says })
})

test('a run that drops the migrations table is a failure, also where a missing one is not taken for an empty one', async () => {
  for (const [applied, says] of [
    [[], /a, b still missing/],
    [null, /cannot be compared/],
  ] as const) {
    await databases('a')
    const inspector = plainInspector([{ id: 'a' }, { id: 'b' }], (_url, sql) => sql('DROP TABLE public.plain'))
    const isThere: MigrationInspector = {
      ...inspector,
      async applied(query) {
        const [found] = await query<{ table: string | null }>(`SELECT to_regclass('public.plain')::text AS table`)
        return found?.table ? inspector.applied(query) : applied && [...applied]
      },
    }
    await expect(migrateForward(isThere, target)).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message: says })
  }
})

test.each([false, true])('a tool that migrates the live database is found out, failing: %s', async (fails) => {
  await databases('a')
  const inspector = plainInspector([{ id: 'a' }, { id: 'b' }], async () => {
    await cluster.sql(`live_${count}`, apply('b'))
    if (fails) throw new Error('lost its nerve')
  })
  await expect(migrateForward(inspector, target)).rejects.toMatchObject({ code: 'MIGRATION_WRONG_DATABASE' })
})

test('back to a state, exactly, or a failure that says what is there', async () => {
  await databases('a', 'b', 'c')
  const inspector = plainInspector([{ id: 'a' }, { id: 'b' }, { id: 'c' }], (_, sql) =>
    sql(`DELETE FROM public.plain WHERE id = 'c'`),
  )
  await expect(migrateBackward(inspector, target, 'x')).rejects.toThrow('x is not applied')
  expect(await migrateBackward(inspector, target, 'c')).toEqual([])
  expect(await migrateBackward(inspector, target, 'b')).toEqual(['c'])
  await expect(migrateBackward(inspector, target, null)).rejects.toThrow('has a, b afterwards, not nothing')
  const { rollback: _, ...oneWay } = inspector
  await expect(migrateBackward(oneWay, target, null)).rejects.toThrow('no down steps')
})
