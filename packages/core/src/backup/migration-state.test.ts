import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kyselyInspector, ledgerInspector } from '../inspectors.ts'
import { compareWith } from '../migrations/compare.ts'
import type { Query } from '../postgres/query.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { refuseExcludedLedgers } from './excluded-ledgers.ts'
import { readMigrationState } from './migration-state.ts'

let cluster: TemporaryCluster
let client: Client
let databaseUrl: string
const query: Query = async <Row>(text: string, values?: readonly unknown[]) =>
  (await client.query(text, values ? [...values] : undefined)).rows as Row[]

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  databaseUrl = await cluster.createDatabase('state')
  client = new Client({ connectionString: databaseUrl })
  await client.connect()
})
afterAll(async () => {
  await client?.end()
  await cluster?.stop()
})

test('a source that is changed after the backup is a warning: its hash is recorded with what is applied', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  try {
    const file = join(folder, '001.mjs')
    await writeFile(file, `export const up = (db) => db.schema.createSchema('made').execute()\n`)
    const inspector = kyselyInspector({ migrations: folder })
    await inspector.migrate!({ databaseUrl, signal: new AbortController().signal, log: () => {} })
    await client.query('BEGIN')
    const { migrations } = await readMigrationState([inspector], query)
    await client.query('COMMIT')
    const applied = migrations[0]!.applied
    expect(applied).toMatchObject([{ id: '001', sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/) }])
    expect(compareWith(inspector, applied, await inspector.known()).sourceChanged).toEqual([])
    await writeFile(file, `export const up = (db) => db.schema.createSchema('other').execute()\n`)
    expect(compareWith(inspector, applied, await inspector.known())).toMatchObject({
      verdict: 'same',
      sourceChanged: ['001'],
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a source that is not the one that ran, by the checksum of the tool, is not recorded as such', async () => {
  await query(`CREATE TABLE flyway (id text, sum text)`)
  await query(`INSERT INTO flyway VALUES ('1', 'ran'), ('2', 'crlf')`)
  const inspector = ledgerInspector({
    table: 'flyway',
    idColumn: 'id',
    checksumColumn: 'sum',
    known: [
      { id: '1', checksum: 'other', sourceHash: 'h1' },
      { id: '2', checksum: 'lf', equalChecksums: ['crlf'], sourceHash: 'h2' },
    ],
  })
  await client.query('BEGIN')
  const { migrations } = await readMigrationState([inspector], query)
  await client.query('COMMIT')
  expect(migrations[0]!.applied).toEqual([
    { id: '1', checksum: 'ran' },
    { id: '2', checksum: 'crlf', sourceHash: 'h2' },
  ])
})

test.each<[exclude: object, table: string, refused: boolean]>([
  [{ schemas: ['drizzle'] }, 'drizzle.ledger', true],
  [{ tables: ['drizzle.led*'] }, 'drizzle.ledger', true],
  [{ rows: ['drizzle.ledger'] }, 'drizzle.ledger', true],
  [{ schemas: ['other'] }, 'drizzle.ledger', false],
  [{ schemas: ['drizzle'] }, 'drizzle.absent', false],
])('a backup that leaves out %j is refused for %s: %s', async (exclude, table, refused) => {
  await query('CREATE SCHEMA IF NOT EXISTS drizzle')
  await query('CREATE TABLE IF NOT EXISTS drizzle.ledger (id text)')
  const inspector = { name: 'tool', ledgerTables: [table], applied: async () => [], known: async () => [] }
  const looking = refuseExcludedLedgers(query, [inspector], { tables: [], schemas: [], rows: [], ...exclude })
  if (refused) await expect(looking).rejects.toMatchObject({ code: 'LEDGER_EXCLUDED', detail: { table } })
  else await looking
})
