import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineOptions } from '../../packages/core/src/config.ts'
import { withBackup } from '../../packages/core/src/engine/guard/with-backup.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import type { EngineError } from '../../packages/core/src/errors.ts'
import type { EngineEvent } from '../../packages/core/src/events.ts'
import { kyselyInspector } from '../../packages/core/src/inspectors.ts'
import type { MigrationInspector } from '../../packages/core/src/migrations/inspector.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { runCli } from '../cli/run-cli.ts'
import { isLong } from '../runner/counts.ts'

const program = fileURLToPath(new URL('./guarded-program.mjs', import.meta.url))

let cluster: TemporaryCluster
let folder: string
let count = 0
const closers: (() => Promise<void>)[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-guard-'))
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const step = (text: string): Migration => ({ up: async (db) => void (await sql.raw(text).execute(db)) })
const first = { '001_orders': step('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)') }
const second = { ...first, '002_paid': step('ALTER TABLE orders ADD COLUMN paid boolean') }
const failing = { ...second, '003_fails': step('ALTER TABLE no_such_table ADD COLUMN paid boolean') }

/** As an application migrates: Kysely's own migrator, whose failure is thrown. */
async function migrate(databaseUrl: string, migrations: Record<string, Migration>): Promise<number> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: databaseUrl }) }),
  })
  try {
    const provider = { getMigrations: async () => migrations }
    const { error, results = [] } = await new Migrator({ db, provider }).migrateToLatest()
    if (error) throw error
    return results.length
  } finally {
    await db.destroy()
  }
}

interface Shop {
  engine: BackupEngine
  database: string
  url: string
  repository: string
}

/** A database with the first migration, and an engine that knows `known`. */
async function shop(
  known: Record<string, Migration> | MigrationInspector,
  more: Partial<EngineOptions> = {},
): Promise<Shop> {
  const database = `shop_${++count}`
  const url = await cluster.createDatabase(database)
  await migrate(url, first)
  const repository = join(folder, database)
  const inspector = 'applied' in known ? (known as MigrationInspector) : kyselyInspector({ migrations: known })
  const migrations = [inspector]
  const engine = createBackupEngine({ database: url, repository, encryption: 'none', migrations, ...more })
  closers.push(() => engine.stop())
  await engine.repository.init()
  return { engine, database, url, repository }
}

const backupsOf = async ({ engine }: Shop) => (await engine.backups.list()).rows
const columnsOf = async ({ database }: Shop) =>
  (
    await cluster.sql<{ name: string }>(
      database,
      "SELECT attname AS name FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum",
    )
  ).map(({ name }) => name)
const failureOf = (promise: Promise<unknown>): Promise<EngineError> =>
  promise.then(
    () => {
      throw new Error('It succeeded.')
    },
    (error: EngineError) => error,
  )
const guardedSessions = () =>
  cluster.sql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'migration guarded by %'")

test('what changed is said, and the backup made before stays pinned until it is confirmed', async () => {
  const one = await shop(second)
  const logged: EngineEvent[] = []
  const options = { name: 'before 2.0', report: (event: EngineEvent) => void logged.push(event) }
  const deploy = await withBackup(one.engine, ({ databaseUrl }) => migrate(databaseUrl, second), options)
  expect(deploy).toMatchObject({
    result: 1,
    migrations: [{ inspector: 'kysely', before: 'behind', after: 'same', applied: ['002_paid'], pending: [] }],
    schema: { same: false, changes: [{ object: 'public.orders', parts: [{ part: 'column', name: 'paid' }] }] },
    ...{ warnings: [], rehearsal: null },
  })
  expect(deploy.cannot_be_undone.join('\n')).toMatch(/no down step for 002_paid/)
  const texts = logged.flatMap((event) => (event.type === 'log' ? [event.message] : []))
  expect(texts.indexOf(deploy.cannot_be_undone[0] ?? '')).toBeGreaterThan(-1)
  expect(texts.indexOf(deploy.cannot_be_undone[0] ?? '')).toBeLessThan(texts.indexOf('The migration begins.'))
  expect(await backupsOf(one)).toMatchObject([{ id: deploy.backup.id, name: 'before 2.0', pinned: true }])
  await deploy.confirm()
  expect(await backupsOf(one)).toMatchObject([{ id: deploy.backup.id, pinned: false }])
  const events = (await one.engine.audit.list({ action: 'migrations.guard' })).results
  // The newest first: how it ended, that the migration began, and that it was asked for.
  expect(events).toMatchObject([
    { outcome: 'succeeded', subject: deploy.backup.id },
    { outcome: 'started', subject: deploy.backup.id },
    { outcome: 'started', subject: null },
  ])
})

describe('nothing is begun', () => {
  const never = () => {
    throw new Error('It was called.')
  }

  test('where the ledger says that a migration did not finish', async () => {
    const one = await shop({
      name: 'tool',
      ledgerTables: ['public.ledger'],
      applied: (query) => query<{ id: string; state: 'failed' }>('SELECT id, state FROM public.ledger'),
      known: async () => [{ id: 'one' }, { id: 'two' }],
    })
    await cluster.sql(
      one.database,
      "CREATE TABLE ledger (id text, state text); INSERT INTO ledger VALUES ('one', 'failed')",
    )
    const error = await failureOf(withBackup(one.engine, never))
    expect(error).toMatchObject({ code: 'DEPLOY_REFUSED', exitCode: 3 })
    expect(error.message).toContain('1 migration began and did not finish: one.')
    expect(await backupsOf(one)).toEqual([])
  })

  test('where database and code have gone separate ways', async () => {
    const one = await shop(second)
    await cluster.sql(one.database, "INSERT INTO kysely_migration VALUES ('999_theirs', '2026-01-01')")
    const error = await failureOf(withBackup(one.engine, never))
    expect(error).toMatchObject({ code: 'DEPLOY_REFUSED', detail: { comparison: { verdict: 'diverged' } } })
    expect(await backupsOf(one)).toEqual([])
  })

  test('where the rehearsal fails; the backup loses its pin', async () => {
    const one = await shop(failing)
    const error = await failureOf(withBackup(one.engine, never, { rehearse: true }))
    expect(error).toMatchObject({ code: 'DEPLOY_REFUSED', detail: { rehearsal: { ok: false } } })
    expect(error.message).toContain('no_such_table')
    expect(await backupsOf(one)).toMatchObject([{ pinned: false }])
    expect(await columnsOf(one)).toEqual(['id'])
  })

  test('where a rehearsal is asked for and no inspector can run one', async () => {
    const one = await shop({ name: 'reader', ledgerTables: [], applied: async () => [], known: async () => [] })
    expect(await failureOf(withBackup(one.engine, never, { rehearse: true }))).toMatchObject({ code: 'USAGE' })
    expect(await backupsOf(one)).toEqual([])
  })

  test('where it is interrupted before; the backup loses its pin', async () => {
    const stop = new AbortController()
    const one = await shop(second)
    // Of the rehearsal: the backup is made and pinned by then.
    const report = (event: EngineEvent) => {
      if (event.type === 'phase' && event.phase === 'create-database') stop.abort()
    }
    const error = await failureOf(withBackup(one.engine, never, { rehearse: true, signal: stop.signal, report }))
    expect(error).toMatchObject({ code: 'ABORTED' })
    expect(await backupsOf(one)).toMatchObject([{ pinned: false }])
  })
})

test('a rehearsal that is good comes before the migration, and leaves no database', async () => {
  const one = await shop(second)
  const deploy = await withBackup(one.engine, ({ databaseUrl }) => migrate(databaseUrl, second), { rehearse: true })
  expect(deploy).toMatchObject({ rehearsal: { ok: true }, migrations: [{ applied: ['002_paid'] }] })
  expect(await cluster.sql('postgres', "SELECT 1 FROM pg_database WHERE datname LIKE 'lifeboat_rehearsal%'")).toEqual(
    [],
  )
})

test('a failing second migration of one transaction: all is as it was, and how to go back is said', async () => {
  const one = await shop(failing)
  const error = await failureOf(withBackup(one.engine, ({ databaseUrl }) => migrate(databaseUrl, failing)))
  expect(error).toMatchObject({
    code: 'DEPLOY_FAILED',
    detail: { schema: { same: true }, migrations: [{ applied: [] }] },
  })
  expect(error.message).toMatch(/^The migration failed: .*no_such_table.* The schema is as it was before/)
  const [backup] = await backupsOf(one)
  expect(backup).toMatchObject({ pinned: true })
  expect(error.advice).toContain(`engine.restores.run('${backup?.id}', { runMigrations: false, confirm: true })`)
  expect(error.detail.restore_command).toBe(`lifeboat restore ${backup?.id} --no-migrate`)
})

test('what cannot be read after the migration is its failure too, with the way back', async () => {
  const one = await shop(second)
  const error = await failureOf(
    withBackup(one.engine, () => cluster.sql(one.database, 'ALTER TABLE kysely_migration RENAME COLUMN name TO gone')),
  )
  expect(error).toMatchObject({ code: 'DEPLOY_FAILED', cause: { code: 'DATABASE_ERROR' } })
  expect(error.message).toMatch(/^The migration ended without an error\. What it left behind could not be read: /)
  expect(error.advice).toContain('engine.restores.run(')
})

test('a migration that succeeds and leaves a ledger that does not fit has failed', async () => {
  const one = await shop(second)
  const error = await failureOf(
    withBackup(one.engine, () =>
      cluster.sql(one.database, "INSERT INTO kysely_migration VALUES ('999_theirs', '2026-01-01')"),
    ),
  )
  expect(error).toMatchObject({ code: 'DEPLOY_FAILED', detail: { migrations: [{ after: 'diverged' }] } })
})

test('what is still pending afterwards is said: it may have migrated another database', async () => {
  const one = await shop(second)
  const { warnings } = await withBackup(one.engine, () => {})
  expect(warnings.join('\n')).toContain('still pending: 002_paid')
})

test('who blocks the migration is named while it runs', async () => {
  const one = await shop(second)
  const reader = new Client({ connectionString: one.url, application_name: 'monthly report' })
  await reader.connect()
  await reader.query('BEGIN')
  await reader.query("SELECT id AS secret FROM orders WHERE 'token-canary' <> ''")
  const [{ pid } = { pid: 0 }] = (await reader.query('SELECT pg_backend_pid() AS pid')).rows
  const named = Promise.withResolvers<string>()
  const report = (event: EngineEvent) => {
    if (event.type === 'log' && event.message.includes(`session ${pid}`)) named.resolve(event.message)
  }
  // The reader stays until it has been named.
  const released = named.promise.then(async (text) => {
    await reader.query('COMMIT')
    await reader.end()
    return text
  })
  const deploy = await withBackup(one.engine, ({ databaseUrl }) => migrate(databaseUrl, second), { report })
  const text = await released
  expect(text).toMatch(/^The migration \(session \d+; .*ALTER TABLE orders/i)
  expect(text).toMatch(
    new RegExp(`ACCESS EXCLUSIVE on .*orders\\) for session ${pid} \\(monthly report, postgres; idle in transaction`),
  )
  expect(deploy.blocked[0]).toMatchObject({
    waiter: { of_migration: true },
    blocker: { pid, application: 'monthly report', user: 'postgres', of_migration: false },
    lock: 'ACCESS EXCLUSIVE',
  })
  expect(JSON.stringify(deploy.blocked)).not.toContain('token-canary')
})

describe('a program', () => {
  const run = (what: string, cwd?: string) => ({
    ...{ file: process.execPath, args: [program, what], output: 'stderr' as const },
    ...(cwd ? { cwd } : {}),
  })

  test('works by its exit code', async () => {
    const one = await shop(first)
    const deploy = await withBackup(one.engine, { ...run('works'), env: { DATABASE_URL: one.url } })
    expect(deploy.schema.changes).toMatchObject([{ object: 'public.invoices', change: 'added' }])
  })

  test('that is killed leaves nothing at work in the server', async () => {
    const one = await shop(first)
    const error = await failureOf(withBackup(one.engine, { ...run('killed'), env: { DATABASE_URL: one.url } }))
    expect(error).toMatchObject({ code: 'DEPLOY_FAILED', detail: { exit_code: 137, schema: { same: true } } })
    expect(error.message).toContain('was ended by SIGKILL')
    expect(await guardedSessions()).toEqual([])
  })

  test('that is not there is said', async () => {
    const one = await shop(first)
    const error = await failureOf(withBackup(one.engine, { file: 'no-such-program' }))
    expect(error).toMatchObject({ code: 'DEPLOY_FAILED', detail: { exit_code: 127 } })
    expect(error.message).toContain('could not be started (ENOENT)')
  })
})

describe('lifeboat guard', () => {
  const words = ({ repository, url }: Shop) => [
    '--repository',
    repository,
    '--encryption',
    'none',
    '--database-url',
    url,
  ]
  const guard = (one: Shop, what: string, ...more: string[]) => [
    ...['guard', ...words(one), ...more, '--', process.execPath, program, what],
  ]

  test.runIf(isLong)('shows what the program prints, and says what changed', async () => {
    const one = await shop(first)
    const { code, stdout } = await runCli(guard(one, 'works'), { cwd: folder })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^invoices made\n/)
    expect(stdout).toContain('+ table public.invoices')
    expect(stdout).toContain('lifeboat unpin 1')
    expect(await backupsOf(one)).toMatchObject([{ pinned: true }])
  })

  test('with --json prints one document, and --unpin takes the pin off', async () => {
    const one = await shop(first)
    const result = await runCli(guard(one, 'works', '--json', '--unpin'), { cwd: folder })
    expect(result.json()).toMatchObject({ guard: { backup: { pinned: false }, schema: { same: false } } })
    expect(result.stderr).toContain('invoices made')
    expect(await backupsOf(one)).toMatchObject([{ pinned: false }])
  })

  test('hands the standard input to the program', async () => {
    const one = await shop(first)
    const { code, stdout } = await runCli(guard(one, 'reads', '--unpin'), { cwd: folder, input: 'yes\n' })
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'answered yes' })
  })

  test('keeps the exit code of the program, and the command it names puts the database back', async () => {
    const one = await shop(first)
    const { code, json } = await runCli(guard(one, 'second-fails', '--json'), { cwd: folder })
    expect(code).toBe(7)
    const { error } = json() as { error: { code: string; advice: string; detail: { restore_command: string } } }
    expect(error.code).toBe('DEPLOY_FAILED')
    expect(error.advice).toContain(error.detail.restore_command)
    const address = one.url.replace(/:[^:@]*@/, ':***@')
    expect(error.detail.restore_command).toContain(`'${address}'`)
    expect(await columnsOf(one)).toEqual(['id', 'paid'])
    const [lifeboat, ...typed] = error.detail.restore_command.replace(`'${address}'`, one.url).split(' ')
    expect(lifeboat).toBe('lifeboat')
    const restored = await runCli([...typed, '--yes'], { cwd: folder })
    expect(restored.stderr + restored.code).toMatch(/0$/)
    expect(await columnsOf(one)).toEqual(['id'])
    expect(await cluster.sql(one.database, 'SELECT id FROM orders')).toHaveLength(2)
  })

  test('passes Ctrl-C on, and leaves nothing behind', async () => {
    const one = await shop(first)
    const signalWhen = { stderr: /half way/, signal: 'SIGINT' as const }
    const { code, stderr } = await runCli(guard(one, 'waits'), { cwd: folder, signalWhen })
    expect(code).toBe(130)
    expect(stderr).toContain('the program got SIGINT')
    expect(stderr).toMatch(/code {4}DEPLOY_FAILED/)
    expect(stderr).toMatch(/lifeboat restore \w+ --no-migrate/)
    expect(await guardedSessions()).toEqual([])
    expect(await cluster.sql(one.database, "SELECT to_regclass('half')")).toEqual([{ to_regclass: null }])
    expect(await backupsOf(one)).toMatchObject([{ pinned: true }])
  })

  test.runIf(isLong)('without a program says what is missing', async () => {
    const { code, stderr } = await runCli(['guard'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain('code    USAGE')
  })

  test.runIf(isLong)('names the configuration in the way back', async () => {
    const one = await shop(first)
    const config = join(folder, `${one.database}.config.json`)
    await writeFile(config, JSON.stringify({ database: one.url, repository: one.repository, encryption: 'none' }))
    const env = { DATABASE_URL: one.url }
    const words = ['guard', '--config', config, '--', process.execPath, program, 'second-fails']
    const { code, stderr } = await runCli(words, { cwd: folder, env })
    expect(code).toBe(7)
    expect(stderr).toContain(`--no-migrate --config ${config}`)
  })
})
