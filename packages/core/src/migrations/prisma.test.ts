import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { prismaInspector } from '../inspectors.ts'
import type { Query } from '../postgres/query.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { compareWith, type MigrationVerdict } from './compare.ts'

/** Rows as Prisma 6 and 7 write them; its command downloads a native engine at its first use and is not run here. */
let cluster: TemporaryCluster
let folder: string
let count = 0
let database: string
const query: Query = (text, values) => cluster.sql(database, text, values ? [...values] : undefined)
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  database = `prisma_${count++}`
  await cluster.createDatabase(database)
  folder = await mkdtemp(join(tmpdir(), 'prisma-'))
  return () => rm(folder, { recursive: true, force: true })
})

const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const ledger = `CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY DEFAULT gen_random_uuid()::text, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_steps_count int NOT NULL DEFAULT 0)`

type State = 'applied' | 'failed' | 'rolled back'
async function record(name: string, text: string, state: State = 'applied'): Promise<void> {
  await query(
    `INSERT INTO _prisma_migrations (checksum, migration_name, finished_at, rolled_back_at) VALUES ($1, $2, $3, $4)`,
    [sha(text), name, state === 'applied' ? new Date() : null, state === 'rolled back' ? new Date() : null],
  )
}

async function files(named: Record<string, string>): Promise<void> {
  await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"')
  await mkdir(join(folder, 'not_a_migration'))
  for (const [name, text] of Object.entries(named)) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'migration.sql'), text)
  }
}

const verdict = async () => {
  const inspector = prismaInspector({ migrations: folder })
  return compareWith(inspector, await inspector.applied(query), await inspector.known())
}

const sql = '-- first\nCREATE TABLE a (\n  id int\n);\n'
test.each<[what: string, rows: [string, string, State?][], named: Record<string, string>, MigrationVerdict]>([
  ['same', [['1_a', sql]], { '1_a': sql }, 'same'],
  ['behind', [['1_a', sql]], { '1_a': sql, '2_b': sql }, 'behind'],
  ['a gap is run', [['2_b', sql]], { '1_a': sql, '2_b': sql }, 'behind'],
  [
    'ahead, which prisma reports as up to date',
    [
      ['1_a', sql],
      ['2_b', sql],
    ],
    { '1_a': sql },
    'ahead',
  ],
  [
    'ahead and behind, which deploy runs',
    [
      ['1_a', sql],
      ['x', sql],
    ],
    { '1_a': sql, '2_b': sql },
    'diverged',
  ],
  ['edited', [['1_a', sql]], { '1_a': 'CREATE TABLE other (id int)' }, 'edited'],
  ['line ends that git changed (prisma/orm#14461)', [['1_a', sql.replaceAll('\n', '\r\n')]], { '1_a': sql }, 'same'],
  ['line ends, the other way', [['1_a', sql]], { '1_a': sql.replaceAll('\n', '\r\n') }, 'same'],
  [
    'failed',
    [
      ['1_a', sql],
      ['2_b', sql, 'failed'],
    ],
    { '1_a': sql, '2_b': sql },
    'dirty',
  ],
  [
    'failed, its folder is gone',
    [
      ['1_a', sql],
      ['2_b', sql, 'failed'],
    ],
    { '1_a': sql },
    'dirty',
  ],
  [
    'failed, resolved, edited, run again (prisma/orm#16927)',
    [
      ['1_a', 'bad', 'rolled back'],
      ['1_a', sql],
    ],
    { '1_a': sql },
    'same',
  ],
  ['failed and only resolved', [['1_a', 'bad', 'rolled back']], { '1_a': sql }, 'behind'],
  [
    'failed once, then again',
    [
      ['1_a', 'bad', 'rolled back'],
      ['1_a', sql, 'failed'],
    ],
    { '1_a': sql },
    'dirty',
  ],
])('%s', async (_, rows, named, expected) => {
  await query(ledger)
  for (const [name, text, state] of rows) await record(name, text, state)
  await files(named)
  expect((await verdict()).verdict).toBe(expected)
})

test('a changed comment is a warning once a backup has recorded what the SQL said (langfuse/langfuse#15501)', async () => {
  await query(ledger)
  await record('1_a', sql)
  await files({ '1_a': '-- another comment\nCREATE TABLE a (id int);' })
  const inspector = prismaInspector({ migrations: folder })
  const known = await inspector.known()
  const applied = (await inspector.applied(query)) ?? []
  expect(compareWith(inspector, applied, known).verdict).toBe('edited')
  const recorded = applied.map((one) => ({ ...one, sourceHash: known[0]?.sourceHash ?? '' }))
  expect(compareWith(inspector, recorded, known)).toMatchObject({ verdict: 'same', restyled: ['1_a'] })
})

test('tables without a ledger can be concluded nothing of, and are not taken for an old backup (prisma/orm#8124)', async () => {
  await files({ '1_a': sql })
  expect((await verdict()).verdict).toBe('behind')
  await query('CREATE TABLE a (id int)')
  expect((await verdict()).verdict).toBe('unknown')
  expect(await query(`SELECT to_regclass('_prisma_migrations') AS ledger`)).toEqual([{ ledger: null }])
})

test('the command finds the URL of the copy in every variable named, and no other of ours', async () => {
  const print =
    'for (const name of ["DATABASE_URL", "DIRECT_URL", "OTHER"]) console.log(name, process.env[name] === undefined)'
  const lines: string[] = []
  const inspector = prismaInspector({ migrations: folder, command: { file: process.execPath, args: ['-e', print] } })
  await inspector.migrate?.({
    databaseUrl: cluster.url(database),
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
  })
  expect(lines).toEqual(['DATABASE_URL false', 'DIRECT_URL false', 'OTHER true'])
})

test('ten thousand rows, several of a name', async () => {
  await query(ledger)
  await query(
    `INSERT INTO _prisma_migrations (checksum, migration_name, finished_at) SELECT 'x', 'm' || n % 5000, now() FROM generate_series(1, 10000) n`,
  )
  expect(await prismaInspector({ migrations: folder }).applied(query)).toHaveLength(5000)
})
