import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { as, post, taskEnd } from '../http/setting.ts'
import { createSearch, searchFolder, watchProcesses } from './needles.ts'

const secrets = {
  password: 'canary-password@7:x/Q',
  passphrase: 'canary passphrase 3fJ?',
  row: 'canary-row-value-81kd',
}
let cluster: TemporaryCluster
let folder: string
let watch: { stop(): void }
const search = createSearch(secrets)
const temporaryBefore = process.env.TMPDIR
const written: string[] = []
const onWarning = (warning: Error) => written.push(inspect(warning, { depth: null, showHidden: true }))

const url = (database: string, password = secrets.password) => cluster.url(database, { name: 'shopkeeper', password })
const options = (database: string, more: Partial<EngineOptions> = {}): EngineOptions => ({
  database: url(database),
  repository: join(folder, 'repository'),
  encryption: { passphrase: secrets.passphrase },
  media: [join(folder, 'uploads')],
  appName: 'shop',
  ...more,
})

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { log_statement: 'all', log_line_prefix: '%a ' } })
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-canary-'))
  await mkdir(join(folder, 'temporary'))
  process.env.TMPDIR = join(folder, 'temporary')
  process.on('warning', onWarning)
  await mkdir(join(folder, 'uploads'))
  await writeFile(join(folder, 'uploads', 'one.txt'), `${secrets.row}\n`.repeat(1000))
  await cluster.sql('postgres', `CREATE ROLE shopkeeper SUPERUSER LOGIN PASSWORD '${secrets.password}'`)
  // Not as text in the statements: the server's log is searched, too.
  const row = `reverse('${[...secrets.row].reverse().join('')}')`
  for (const name of ['shop', 'broken']) {
    await cluster.createDatabase(name)
    await cluster.sql(
      name,
      `CREATE TABLE customers (email text PRIMARY KEY, note text);
       INSERT INTO customers SELECT n || ${row}, repeat(${row}, 20) FROM generate_series(1, 2000) n;
       CREATE TABLE orders (id serial PRIMARY KEY, customer text);
       SELECT lo_from_bytea(0, convert_to(repeat(${row}, 500), 'UTF8'))`,
    )
  }
  // Orders of nobody: what is in the backup does not go through its own foreign key.
  await cluster.sql(
    'broken',
    `ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;
     SET session_replication_role = replica;
     INSERT INTO orders (customer) VALUES (${row})`,
  )
  watch = watchProcesses(search, join(folder, 'temporary'))
})
afterAll(async () => {
  watch?.stop()
  process.off('warning', onWarning)
  if (temporaryBefore === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = temporaryBefore
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Shows the search all that is said while `work` runs, its result and its error. */
async function heard(kind: string, work: (report: (event: unknown) => void) => unknown): Promise<unknown> {
  const events: unknown[] = []
  let outcome: unknown
  let error: unknown
  try {
    outcome = await work((event) => events.push(event))
  } catch (thrown) {
    error = thrown
  }
  for (const event of events) search.look('events', kind, inspect(event, { depth: null, maxStringLength: null }))
  search.look('results', kind, inspect(outcome, { depth: null, maxStringLength: null }))
  if (error !== undefined) search.look('errors', `${kind}: ${error}`, inspect(error, { depth: null, showHidden: true }))
  return error ?? outcome
}

test('the search finds what it looks for, in every place that is looked at', async () => {
  const planted = { password: 'planted@password', passphrase: 'planted passphrase', row: 'planted row' }
  const trial = createSearch(planted)
  const place = await mkdtemp(join(folder, 'trial-'))
  await writeFile(join(place, 'file'), Buffer.from(planted.row).toString('hex'))
  const trialWatch = watchProcesses(trial, place)
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', encodeURIComponent(planted.password)], {
    stdio: 'ignore',
  })
  await expect.poll(() => trial.found()).toHaveLength(2)
  child.kill()
  trialWatch.stop()
  trial.look('errors', 'one', inspect(new Error('x', { cause: planted.passphrase })))
  expect(trial.found()).toEqual([
    'passphrase in errors: one',
    'password in argv: a command line',
    `row in temporary files: ${join(place, 'file')}`,
  ])
})

test('the library: backup, verify, export, restore, undo, and every one of them failing', async () => {
  const engine = createBackupEngine(options('shop'))
  const broken = createBackupEngine(options('broken'))
  await heard('init', () => engine.repository.init())
  await heard('backup', (report) => engine.backups.create({ includeMedia: true, report }))
  await heard('second backup', (report) => engine.backups.create({ type: 'incremental', includeMedia: true, report }))
  await heard('list', () => engine.backups.list())
  await heard('details', () => engine.backups.get('latest'))
  await heard('verify', (report) =>
    engine.backups.verify('latest', { levels: ['manifest', 'checksums', 'structure', 'restore'], report }),
  )
  await heard('export', (report) => engine.backups.export('latest', { file: join(folder, 'shop.dump'), report }))
  await heard('plan', () => engine.restores.plan('latest'))
  const restored = await heard('restore', (report) =>
    engine.restores.run('latest', { confirm: true, restoreMedia: true, report }),
  )
  expect(restored).toMatchObject({ kept_database: expect.any(String) })
  await heard('kept', () => engine.restores.kept())
  expect(await heard('undo', (report) => engine.restores.undo('latest', { report }))).toMatchObject({
    database: 'shop',
  })
  await heard('check', (report) => engine.maintenance.check({ readData: true, report }))
  await heard('prune', (report) => engine.maintenance.prune({ report }))
  await heard('doctor', () => engine.doctor())
  await heard('status', () => engine.status())
  await heard('engine', async () => ({ engine, description: await engine.repository.describe() }))

  await heard('backup of the broken', (report) => broken.backups.create({ report }))
  const failed = await heard('failing restore', (report) =>
    broken.restores.run('latest', { confirm: true, safetyBackup: false, overrides: ['no-safety-backup'], report }),
  )
  expect(failed).toMatchObject({ detail: { sqlstate: '23503' } })
  for (const [kind, more] of Object.entries<Partial<EngineOptions>>({
    'wrong password': { database: url('shop', `${secrets.password}x`) },
    'no such database': { database: url('nothing') },
    'no such server': { database: url('shop').replace(/:\d+\/shop/, ':1/shop') },
    'a port that is none': { database: url('shop').replace(/:\d+\/shop/, ':port/shop') },
    'no URL': { database: `postgres//shopkeeper:${secrets.password}@nowhere` },
    'wrong passphrase': { encryption: { passphrase: `${secrets.passphrase}x` } },
    'wrong key': { encryption: { rawKey: Buffer.from(secrets.passphrase).toString('hex') } },
  })) {
    const error = await heard(kind, async (report) => {
      const wrong = createBackupEngine(options('shop', more))
      await wrong.backups.create({ report }).finally(() => wrong.stop())
    })
    expect(error, kind).toBeInstanceOf(Error)
  }
  await engine.stop()
  await broken.stop()
})

async function api(engine: BackupEngine) {
  const handler = createHandler(engine, {
    authorize: () => ({ id: 'admin', role: 'admin' }),
    onError: (error) => written.push(inspect(error, { depth: null, showHidden: true })),
  })
  return async (path: string, init: RequestInit = {}) => {
    const response = await handler(new Request(`http://localhost${path}`, init), { address: '127.0.0.1' })
    const text = await response.clone().text()
    search.look('answers', path, `${inspect(response.headers)}${text}`)
    return response
  }
}

test('HTTP: jobs that succeed and that fail, their logs, the configuration, problems', async () => {
  const engine = createBackupEngine(options('broken'))
  await engine.start()
  const get = await api(engine)
  const { task_id: backup, id } = (await (await get('/backups/create/', post({ name: 'over HTTP' }))).json()) as Record<
    string,
    string
  >
  expect(await taskEnd(get, backup as string)).toMatchObject({ status: 'succeeded' })
  const body = { confirm: undefined as string | undefined, safety_backup: true }
  const asked = (await (await get(`/backups/${id}/restore/`, post(body))).json()) as { plan_hash: string }
  const run = await get(`/backups/${id}/restore/`, post({ ...body, confirm: asked.plan_hash }))
  const { task_id: restore } = (await run.json()) as Record<string, string>
  expect(await taskEnd(get, restore as string)).toMatchObject({ status: 'failed' })
  for (const path of ['', 'openapi.json', 'backups/', `backups/${id}/`, `backups/${id}/logs/`, 'restores/', 'tasks/'])
    await get(`/${path}`, as('admin'))
  for (const path of [
    `tasks/${restore}/`,
    `tasks/${restore}/logs/`,
    'config/',
    'session/',
    'status/',
    'doctor/',
    'audit/',
  ])
    await get(`/${path}`, as('admin'))
  await get('/config/', post({ backup_directory: `s3://key:${encodeURIComponent('x')}@bucket` }))
  await engine.stop()
})

test('the command, also with --json and for debugging', async () => {
  const env = {
    DATABASE_URL: url('broken'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: secrets.passphrase,
    LIFEBOAT_DEBUG: '1',
    TMPDIR: join(folder, 'temporary'),
  }
  const wrong = { ...env, DATABASE_URL: url('broken', `${secrets.password}x`) }
  const malformed = { ...env, DATABASE_URL: `postgresql://shopkeeper:${secrets.password}@:x/` }
  const locked = { ...env, LIFEBOAT_PASSPHRASE: `${secrets.passphrase}x` }
  const runs: [string[], Record<string, string>, number][] = [
    [['backup', '--json'], env, 0],
    [['show', 'latest'], env, 0],
    [['doctor', '--json'], env, 0],
    [['restore', 'latest', '--yes', '--json'], env, 1],
    [['restore', 'latest', '--yes'], env, 1],
    [['backup'], wrong, 1],
    [['backup', '--json'], malformed, 2],
    [['list'], locked, 1],
    [['backup', '--help'], env, 0],
  ]
  for (const [args, environment, code] of runs) {
    const result = await runCli(args, { env: environment })
    search.look('command output', args.join(' '), result.stdout + result.stderr)
    expect({ args, code: result.code, stderr: result.stderr }).toMatchObject({ args, code })
  }
})

test('none of it appeared anywhere', async () => {
  watch.stop()
  for (const text of written) search.look('warnings', 'a warning', text)
  searchFolder(search, 'repository', join(folder, 'repository'))
  const log = await readFile(join(cluster.dataDirectory, '..', 'log'), 'utf8')
  // Without what the test has said when it made the role, and PostgreSQL's own remark on the foreign key.
  search.look(
    'server log',
    'the log',
    log
      .split('\n')
      .filter((line) => !line.includes('CREATE ROLE') && !line.includes('DETAIL: '))
      .join('\n'),
  )
  const kinds = ['argv', 'events', 'errors', 'results', 'answers', 'command output', 'repository', 'server log']
  for (const kind of kinds) expect(search.looked(kind), kind).toBeGreaterThan(0)
  expect(search.found()).toEqual([])
})
