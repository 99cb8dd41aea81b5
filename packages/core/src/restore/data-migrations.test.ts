import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseEngineOptions } from '../config.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreContext } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-data-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})
const { backup, contextOf, databases, restore } = restoreFixture(() => cluster)

/** A table in a schema that only the database's own search path finds, and one migration that is pending. */
async function people(name: string, more: Partial<RestoreContext>): Promise<RestoreContext> {
  await cluster.createDatabase(name)
  await cluster.sql(
    name,
    `CREATE SCHEMA app; CREATE TABLE app.people (id int, mail text); CREATE TABLE app.ledger (id text);
     INSERT INTO app.people VALUES (1, 'a@example.com'), (2, 'b@example.com');
     ALTER DATABASE "${name}" SET search_path = app, public`,
  )
  return contextOf(name, { inspectors: [addColumn(name)], ...more })
}

function addColumn(live: string): MigrationInspector {
  return {
    name: 'plain',
    ledgerTables: ['app.ledger'],
    applied: (query) => query('SELECT id FROM app.ledger'),
    known: async () => [{ id: 'add city' }],
    async migrate({ databaseUrl }) {
      const copy = decodeURIComponent(new URL(databaseUrl).pathname.slice(1))
      expect(copy).not.toBe(live)
      await cluster.sql(copy, "ALTER TABLE app.people ADD city text; INSERT INTO app.ledger VALUES ('add city')")
    },
  }
}

const rows = (database: string) => cluster.sql(database, 'SELECT * FROM app.people ORDER BY id')

test('data migrations run in their order around the migrations, between the checks, and are recorded', async () => {
  const file = join(folder, 'cities.sql')
  await writeFile(file, "UPDATE people SET city = 'Bern' WHERE id = 1;\nUPDATE people SET city = 'Chur' WHERE id = 2;")
  const seen: string[] = []
  const context = await people('people', {
    validators: [
      {
        name: 'two before',
        when: 'before',
        sql: 'SELECT count(*) FROM people WHERE mail LIKE $$%@example.com$$;',
        expect: 2,
      },
      { name: 'sum', sql: 'SELECT sum(id)::numeric(5,2) FROM people', expect: 3 },
      { name: 'no mail left', sql: 'SELECT * FROM people WHERE mail IS NOT NULL' },
      { name: 'all have a city', sql: 'SELECT bool_and(city IS NOT NULL) FROM people', expect: true },
    ],
    dataMigrations: [
      { name: 'cities', file: pathToFileURL(file) },
      {
        name: 'look',
        run: async ({ databaseUrl }) => {
          const copy = new URL(databaseUrl).pathname.slice(1)
          seen.push(...(await rows(copy)).map((row) => JSON.stringify(row)))
        },
      },
      { name: 'forget mail', when: 'before', sql: 'UPDATE people SET mail = NULL' },
    ],
  })
  const id = await backup(context)
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id })
  const steps = plan.steps.filter(({ id: step }) => /validate-|data-|^migrate/.test(step))
  expect(steps.map(({ id: step }) => step)).toEqual([
    'validate-before',
    'data-before',
    'migrate',
    'data-after',
    'validate-after',
  ])
  expect(steps[1]?.text).toMatch(/^Run 1 data migration before migrations: forget mail \(SQL [0-9a-f]{12}\)\.$/)
  const result = await restore(context, id)
  expect(seen).toEqual(['{"id":1,"mail":null,"city":"Bern"}', '{"id":2,"mail":null,"city":"Chur"}'])
  expect(await rows('people')).toEqual(seen.map((row) => JSON.parse(row)))
  expect(result.dataMigrations.map(({ name, when, sha256 }) => [name, when, sha256 === null])).toEqual([
    ['forget mail', 'before', false],
    ['cities', 'after', false],
    ['look', 'after', true],
  ])
  expect(result.validators).toEqual(['two before', 'sum', 'no mail left', 'all have a city'])
})

test('the plan is bound to the text of a script', async () => {
  const file = join(folder, 'bound.sql')
  await writeFile(file, 'SELECT 1')
  const context = await people('bound', { dataMigrations: [{ name: 'bound', file }] })
  const backupId = await backup(context)
  const hash = async () => (await planRestore(context, { ...defaultRestoreOptions, backupId })).hash
  const before = await hash()
  expect(await hash()).toBe(before)
  await writeFile(file, 'SELECT 2')
  expect(await hash()).not.toBe(before)
  await rm(file)
  await expect(hash()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('"bound"') })
})

test.each<[string, string, RegExp, Partial<RestoreContext>]>([
  [
    'a script fails half-way',
    'MIGRATION_FAILED',
    /The data migration "half" failed: .*nowhere/,
    { dataMigrations: [{ name: 'half', sql: 'DELETE FROM people; SELECT * FROM nowhere' }] },
  ],
  [
    'a function throws',
    'MIGRATION_FAILED',
    /"no" failed: not today/,
    { dataMigrations: [{ name: 'no', when: 'before', run: () => Promise.reject(new Error('not today')) }] },
  ],
  [
    'rows are found where there should be none',
    'VALIDATION_FAILED',
    /"none" refused the restored data: expected no rows, found 2 rows/,
    { validators: [{ name: 'none', sql: 'SELECT * FROM people' }] },
  ],
  [
    'another value is found',
    'VALIDATION_FAILED',
    /expected 3, found 2\./,
    { validators: [{ name: 'three', sql: 'SELECT count(*) FROM people', expect: 3 }] },
  ],
  [
    'several rows are found where one is expected',
    'VALIDATION_FAILED',
    /expected one row, found several/,
    { validators: [{ name: 'one', sql: 'SELECT id FROM people', expect: 1 }] },
  ],
  [
    'a check would write',
    'VALIDATION_FAILED',
    /read-only/,
    { validators: [{ name: 'writing', sql: "SELECT nextval('app.numbers')", expect: 1 }] },
  ],
  [
    'a check would end its transaction',
    'VALIDATION_FAILED',
    /multiple commands/,
    { validators: [{ name: 'ending', sql: 'SELECT 1) AS x; COMMIT; DELETE FROM people; SELECT (1' }] },
  ],
])('%s: the live database is untouched and nothing is left', async (what, code, message, more) => {
  const name = what.replaceAll(/\W/g, '_')
  const context = await people(name, more)
  await cluster.sql(name, 'CREATE SEQUENCE app.numbers')
  const id = await backup(context)
  await cluster.sql(name, "INSERT INTO app.people VALUES (3, 'later')")
  const before = await databases()
  await expect(restore(context, id)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  expect(await databases()).toEqual(before)
  expect(await rows(name)).toHaveLength(3)
})

test('in-place: what ran before a failure is in the result', async () => {
  const context = await people('inplace', {
    inspectors: [],
    dataMigrations: [
      { name: 'first', sql: 'UPDATE people SET mail = NULL' },
      { name: 'second', sql: 'SELECT 1/0' },
    ],
  })
  const result = await restore(context, await backup(context), { strategy: 'in-place' })
  expect(result).toMatchObject({ dataMigrations: [{ name: 'first' }], problems: [{ code: 'MIGRATION_FAILED' }] })
  expect(await rows('inplace')).toEqual([
    { id: 1, mail: null },
    { id: 2, mail: null },
  ])
})

test.each([
  [{ dataMigrations: [{ name: 'two ways', sql: 'SELECT 1', file: 'x.sql' }] }],
  [{ dataMigrations: [{ name: 'empty', sql: ' ' }] }],
  [{ dataMigrations: [{ name: 'when', when: 'later', sql: 'SELECT 1' }] }],
  [
    {
      dataMigrations: [
        { name: 'same', sql: 'SELECT 1' },
        { name: 'same', sql: 'SELECT 2' },
      ],
    },
  ],
  [{ validators: [{ sql: 'SELECT 1' }] }],
  [{ validators: [{ name: 'expects an object', sql: 'SELECT 1', expect: {} }] }],
])('is refused as an option: %j', (given) => {
  expect(() => parseEngineOptions({ repository: '/x', ...given })).toThrow(/dataMigrations|validators/)
})
