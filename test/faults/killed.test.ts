import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fewer } from '../runner/counts.ts'
import { randomFrom } from './random.ts'

/**
 * SIGKILL at random moments, spread over the whole of what is killed. `FAULT_RUNS` sets how many of each kind; the figure
 * in RELIABILITY is 200 in all.
 */
const runs = Number(process.env.FAULT_RUNS ?? fewer(2, 100))
const key = { rawKey: '07'.repeat(32) }

let cluster: TemporaryCluster
let folder: string
let base: string

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-killed-'))
  base = join(folder, 'base')
  const media = join(folder, 'media')
  await mkdir(media)
  await writeFile(join(media, 'picture'), Buffer.alloc(300_000, 'p'))
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE version (v int); INSERT INTO version VALUES (1); CREATE TABLE a (id int PRIMARY KEY, pad text); INSERT INTO a SELECT i, md5(i::text) || repeat('x', 200) FROM generate_series(1, 20000) i; CREATE TABLE b AS SELECT * FROM a; CREATE TABLE c (id int)`,
  )
  const engine = createBackupEngine(optionsFor(base))
  await engine.repository.init()
  await engine.backups.create({ name: 'one', includeMedia: true })
  await engine.stop()
  await cluster.sql(
    'app',
    `UPDATE version SET v = 2; UPDATE b SET pad = md5(pad) || repeat('y', 300) WHERE id % 2 = 0; DROP TABLE c`,
  )
})

afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const optionsFor = (repository: string): EngineOptions => ({
  database: cluster.url('app'),
  repository,
  encryption: key,
  media: [join(folder, 'media')],
  resources: { packBytes: 1 << 20, segmentBlocks: 64 },
})

/** Starts the victim, kills it `afterMs` later (never, if it is done before), and says whether it had finished. */
function killed(
  work: 'backup' | 'restore',
  repository: string,
  afterMs: number | undefined,
): Promise<{ finished: boolean; ms: number; errors: string }> {
  const { encryption: _, ...options } = optionsFor(repository)
  const child = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(new URL('./victim.ts', import.meta.url)), JSON.stringify({ work, options })],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  return new Promise((resolve, reject) => {
    let output = ''
    let errors = ''
    let begun = 0
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.stdout.on('data', (data) => {
      output += data
      if (begun === 0 && output.includes('begun')) {
        begun = performance.now()
        if (afterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), afterMs)
      }
    })
    child.on('error', reject)
    child.on('close', () => resolve({ finished: output.includes('done'), ms: performance.now() - begun, errors }))
  })
}

test('a backup killed at any moment is not there, or is good', { timeout: 1_800_000 }, async () => {
  const random = randomFrom(1)
  const whole = join(folder, 'whole')
  await cp(base, whole, { recursive: true })
  const { ms, finished, errors } = await killed('backup', whole, undefined)
  expect(errors).toBe('')
  expect(finished).toBe(true)
  let seen = 0
  for (let run = 0; run < runs; run++) {
    const repository = join(folder, `backup-${run}`)
    await cp(base, repository, { recursive: true })
    const outcome = await killed('backup', repository, ((run + random()) / runs) * ms * 1.1)
    const engine = createBackupEngine(optionsFor(repository))
    const { backups, damaged } = await engine.backups.list()
    expect(damaged).toEqual([])
    expect(backups.length, 'a finished backup must be there').toBeGreaterThanOrEqual(outcome.finished ? 2 : 1)
    for (const { id } of backups) {
      const report = await engine.backups.verify(id, { levels: ['checksums'] })
      expect(report).toMatchObject({ ok: true })
    }
    expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
    if (backups.length > 1) seen++
    await engine.stop()
    await rm(repository, { recursive: true })
  }
  process.stderr.write(`${runs} backups killed; ${seen} had completed\n`)
})

test('a restore killed at any moment leaves the live database entirely old or entirely new', {
  timeout: 1_800_000,
}, async () => {
  const random = randomFrom(2)
  const state = async () => {
    const [row] = await cluster.sql<{ v: number; a: string; b: string; c: boolean }>(
      'app',
      `SELECT (SELECT v FROM version) AS v, (SELECT count(*) FROM a)::text AS a, (SELECT md5(string_agg(pad, '' ORDER BY id)) FROM b) AS b, to_regclass('c') IS NOT NULL AS c`,
    )
    return row
  }
  const fresh = async () => {
    // What was restored is put aside, and the old state made anew from a template.
    await cluster.sql(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()`,
    )
    const rows = await cluster.sql<{ datname: string }>(
      'postgres',
      `SELECT datname FROM pg_database WHERE datname LIKE 'app%' OR datname LIKE 'lifeboat%'`,
    )
    for (const { datname } of rows) await cluster.sql('postgres', `DROP DATABASE "${datname}" WITH (FORCE)`)
    await cluster.sql('postgres', 'CREATE DATABASE app TEMPLATE kept_old')
  }
  const engineOf = (repository: string) => createBackupEngine(optionsFor(repository))
  const old = await state()
  await cluster.sql('postgres', 'CREATE DATABASE kept_old TEMPLATE app')
  // Timed as it is done below: in a database that no backup knows, whose safety backup reads everything.
  await fresh()
  const whole = join(folder, 'whole-restore')
  await cp(base, whole, { recursive: true })
  const { ms, finished, errors } = await killed('restore', whole, undefined)
  expect(errors).toBe('')
  expect(finished).toBe(true)
  const restored = await state()
  expect(restored).toMatchObject({ v: 1, c: true })
  let swapped = 0
  let unfinished = 0
  let run = 0
  // A busy machine may be slower than when it was timed: until some have come past the swap.
  for (; run < runs || swapped === 0; run++) {
    await fresh()
    const repository = join(folder, `restore-${run}`)
    await cp(base, repository, { recursive: true })
    const outcome = await killed('restore', repository, ((run + random()) / runs) * ms * 1.2)
    const live = await state()
    if (outcome.finished) expect(live).toEqual(restored)
    expect([old, restored]).toContainEqual(live)
    if (live?.v === 1) swapped++
    if (live?.v === 1 && !outcome.finished) unfinished++
    const engine = engineOf(repository)
    await engine.doctor({ fix: true })
    const left = await cluster.sql<{ datname: string }>(
      'postgres',
      `SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 'app', 'kept_old') AND datname NOT LIKE 'app_before_%'`,
    )
    expect(left, 'leftovers are cleaned').toEqual([])
    expect(await state()).toEqual(live)
    expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
    await engine.stop()
    await rm(repository, { recursive: true })
  }
  process.stderr.write(`${run} restores killed; ${swapped} had swapped, ${unfinished} of them not ended\n`)
})
