import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBackup } from '../backup/run-backup.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { openSession } from '../postgres/session.ts'
import { initRepository } from '../repository/init.ts'
import { createLocalStorage } from '../storage/local.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import type { RestoreContext } from './options.ts'
import { discardRestore, listKeptDatabases, undoRestore } from './undo/kept-databases.ts'
import { cleanLeftovers } from './undo/leftovers.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-kill-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** All moments instead of a few: `npm run test:long`. */
const long = process.env.LIFEBOAT_LONG === '1'
const key = { rawKey: Buffer.alloc(32, 3) }
const resources = {
  connections: 2,
  packBytes: 1 << 20,
  compressionLevel: 1,
  segmentBlocks: 16,
  maxSnapshotAgeMs: 60_000,
}
const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

/** A process of its own that restores and says which phase it is in; nothing in it can clean up after SIGKILL. */
const program = `(async () => {
  const { runRestore } = await import(${url('./run-restore.ts')})
  const { planRestore } = await import(${url('./plan/plan-restore.ts')})
  const { defaultRestoreOptions } = await import(${url('./options.ts')})
  const { openRepository } = await import(${url('../repository/open.ts')})
  const { createLocalStorage } = await import(${url('../storage/local.ts')})
  const { resolveConnection } = await import(${url('../postgres/connection.ts')})
  const given = JSON.parse(process.argv[1])
  const repository = await openRepository(createLocalStorage(given.repository), { rawKey: Buffer.alloc(32, 3) })
  const context = { repository, database: resolveConnection(given.database), inspectors: [], media: given.media,
    app: { name: 'test', version: null, installedPackages: {} }, resources: given.resources }
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: given.backup, ...given.options })
  if (plan.refusals.length > 0) throw new Error(JSON.stringify(plan.refusals))
  await runRestore(context, plan, { report: (event) => event.type === 'phase' && process.stdout.write(event.phase + '\\n') })
  process.stdout.write('done\\n')
})()`

/** Runs it and kills it `delayMs` after it has begun `phase`. Gives the phases it went through. */
function killedAt(given: object, phase: string, delayMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', program, JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    let killing = false
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.stdout.on('data', (data) => {
      output += data
      if (killing || !output.split('\n').includes(phase)) return
      killing = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    child.on('exit', (code) => (killing || code === 0 ? resolve(output.trim().split('\n')) : reject(new Error(errors))))
  })
}

const state = async (database: string) =>
  JSON.stringify(
    await cluster.sql(
      database,
      `SELECT (SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace) AS objects,
         (SELECT count(*) || md5(string_agg(t::text, '' ORDER BY id)) FROM big t) AS big,
         (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace) AS constraints`,
    ),
  )
const copies = async () => cluster.sql('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%'`)

async function prepare(database: string) {
  const repository = await initRepository(createLocalStorage(join(folder, database), { create: true }), key)
  const media = join(folder, `${database} media`)
  await mkdir(media)
  await writeFile(join(media, 'which'), 'backup')
  const context: RestoreContext = {
    repository,
    database: resolveConnection(cluster.url(database)),
    inspectors: [],
    media: [{ name: 'uploads', path: media }],
    app: { name: 'test', version: null, installedPackages: {} },
    resources,
  }
  await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE big AS SELECT i AS id, repeat(md5(i::text), 10) AS text FROM generate_series(1, 20000) i;
     CREATE TABLE other (id int);
     ALTER TABLE big ADD PRIMARY KEY (id); CREATE INDEX ON big (text); INSERT INTO other SELECT 1; ALTER TABLE other ADD FOREIGN KEY (id) REFERENCES big`,
  )
  const fresh = await state(database)
  const { manifest } = await runBackup(context, {
    name: 'b',
    description: '',
    type: 'full',
    trigger: 'manual',
    createdBy: 'test',
    tags: {},
    includeMedia: true,
    pinned: false,
    exclude: { tables: [], schemas: [], rows: [] },
    lockBudgetMs: 3000,
  })
  await cluster.sql(database, 'DROP TABLE other; DELETE FROM big WHERE id % 2 = 0; CREATE TABLE wreck (a int)')
  await writeFile(join(media, 'which'), 'wreck')
  const wreck = await state(database)
  expect(wreck).not.toBe(fresh)
  const given = {
    database: cluster.url(database),
    repository: join(folder, database),
    backup: manifest.id,
    resources,
    media: context.media,
  }
  return { context, media, fresh, wreck, given }
}

test('a swap killed anywhere leaves the live database old or new, and what it leaves is cleaned', {
  timeout: 300_000,
}, async () => {
  const { context, media, fresh, wreck, given } = await prepare('swapped')
  const options = { safetyBackup: false, mediaTarget: true }
  const few: [string, number][] = [
    ['media', 0],
    ['rows', 0],
    ['analyze', 0],
    ['swap', 5],
    ['swap', 15],
    ['swap', 40],
  ]
  const phases = ['create-database', 'definitions', 'refresh', 'count-rows', 'properties', 'swap-media']
  const more = phases.flatMap((phase) => [0, 10, 40].map((delay): [string, number] => [phase, delay]))
  const within = Array.from({ length: 60 }, (_, delay): [string, number] => ['swap', delay])
  const moments = long ? [...few, ...more, ...within] : few.filter((_, n) => n % 2 === 0)
  const outcomes = new Set<string>()
  const mediaNames = (await readdir(folder)).filter((name) => name.includes('media')).sort()
  for (const [phase, delay] of moments) {
    await killedAt({ ...given, options }, phase, delay)
    // The backends of the dead process notice within moments; an unfinished commit is finished or undone by then.
    await expect.poll(() => ours()).toBe(0)
    const now = await state('swapped')
    expect([fresh, wreck]).toContain(now)
    outcomes.add(now === fresh ? 'new' : 'old')
    await cleanLeftovers(context.database, { media: [media] })
    expect((await readdir(folder)).filter((name) => name.includes('restoring'))).toEqual([])
    expect(await copies()).toEqual([])
    // The media folder follows the database.
    expect(await readFile(join(media, 'which'), 'utf8')).toBe(now === fresh ? 'backup' : 'wreck')
    const control = await openSession(resolveConnection(cluster.url('postgres')), { application: 'test' })
    for (const kept of await listKeptDatabases(control.query)) {
      if (kept.database !== 'swapped') continue
      const { keptDatabase } = await undoRestore(context.database, kept.name)
      await discardRestore(context.database, keptDatabase ?? '')
    }
    await control.close()
    expect(await state('swapped')).toBe(wreck)
    // An undo puts the media back too, and a discard leaves nothing beside them.
    expect(await readFile(join(media, 'which'), 'utf8')).toBe('wreck')
    // A look at the place that was killed leaves an empty folder for an hour.
    const left = (await readdir(folder)).filter((name) => name.includes('media') && !name.includes('lifeboat-probe'))
    expect(left.sort()).toEqual(mediaNames)
  }
  expect(outcomes.has('old')).toBe(true)
  // And one that is not killed still works.
  expect((await killedAt({ ...given, options }, 'never', 0)).at(-1)).toBe('done')
  expect(await state('swapped')).toBe(fresh)
  expect(await readFile(join(media, 'which'), 'utf8')).toBe('backup')
})

test('an in-place restore killed anywhere leaves the database old or new', {
  timeout: long ? 3_600_000 : 300_000,
}, async () => {
  const { fresh, wreck, given } = await prepare('replaced')
  const options = { safetyBackup: false, strategy: 'in-place' }
  const few: [string, number][] = [
    ['clear', 20],
    ['rows', 0],
    ['commit', 0],
  ]
  const phases = ['read-all', 'clear', 'definitions', 'rows', 'refresh', 'count-rows']
  const more = phases.flatMap((phase) => [0, 10, 40, 90].map((delay): [string, number] => [phase, delay]))
  for (const [phase, delay] of long ? [...more, ...few] : few.slice(1)) {
    await killedAt({ ...given, options }, phase, delay)
    await expect.poll(() => ours()).toBe(0)
    const now = await state('replaced')
    expect([fresh, wreck]).toContain(now)
    if (now === fresh) break
  }
  expect((await killedAt({ ...given, options }, 'never', 0)).at(-1)).toBe('done')
  expect(await state('replaced')).toBe(fresh)
})

async function ours(): Promise<number> {
  const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'lifeboat: restore%'`
  return (await cluster.sql<{ n: number }>('postgres', sql))[0]?.n ?? 0
}
