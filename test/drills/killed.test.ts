import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { isLong, some } from '../runner/counts.ts'

let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let options: { database: string; repository: string; encryption: 'none'; drills: object }
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-drill-killed-'))
  const database = await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TABLE orders AS SELECT i AS id, repeat(md5(i::text), 10) AS note, now() AS at FROM generate_series(1, 20000) i;
     ALTER TABLE orders ADD PRIMARY KEY (id); CREATE INDEX ON orders (note)`,
  )
  const drills = { freshness: [{ table: 'orders', column: 'at' }] }
  options = { database, repository: join(folder, 'repository'), encryption: 'none', drills }
  engine = createBackupEngine(options)
  await engine.repository.init()
  await engine.backups.create()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const engineModule = new URL('../../packages/core/src/engine.ts', import.meta.url).href
/** Says which phase it is in; nothing in it can clean up after SIGKILL. */
const program = `
  const { createBackupEngine } = await import(${JSON.stringify(engineModule)})
  const engine = createBackupEngine(JSON.parse(process.argv[1]))
  await engine.drills.run('latest', { report: (event) => event.type === 'phase' && process.stdout.write(event.phase + '\\n') })
  await engine.stop()`

let killed = 0
/** Kills a drill as it begins a phase. Gives the phases it went through. */
function killedAt(phase: string): Promise<string[]> {
  // With a catalog of its own: in one, the next drill would wait until the dead one has lost its job.
  const given = { ...options, catalog: join(folder, `${++killed}.sqlite`) }
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve) => {
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      if (output.split('\n').includes(phase)) child.kill('SIGKILL')
    })
    child.on('close', () => resolve(output.trim().split('\n')))
  })
}

const copies = async () =>
  (
    await cluster.sql<{ name: string }>(
      'postgres',
      "SELECT datname AS name FROM pg_database WHERE datname LIKE 'lifeboat%'",
    )
  ).map(({ name }) => name)
/** Of the killed process: while they last, its copy is in use. */
const sessionsGone = async () => {
  const sessions =
    "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'lifeboat: restore%' OR application_name LIKE 'lifeboat: drill%'"
  while ((await cluster.sql('postgres', sessions)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** All of them: `npm run test:long`. */
const allPhases = [
  ...['plan', 'create-database', 'rows', 'count-rows', 'analyze', 'finish', 'freshness', 'check-indexes', 'drop'],
]
const phases = isLong ? allPhases : ['rows', 'drop']

test.each(phases)('killed as %s begins: what stays is found and removed', async (phase) => {
  expect(await killedAt(phase)).toContain(phase)
  await sessionsGone()
  const left = await copies()
  expect(left.length).toBeLessThanOrEqual(1)
  const { checks } = await engine.doctor()
  const found = checks.filter(({ id, level }) => id === 'restore.leftovers' && level === 'warning')
  expect(found.map(({ message }) => /^"(\w+)"/.exec(message)?.[1])).toEqual(left)
  // A drill that died has found out nothing, and the next one clears up after it.
  const before = await engine.drills.list()
  const { id, verdict } = await engine.drills.run('latest')
  expect(verdict).toBe('good')
  expect((await engine.drills.list()).map((drill) => drill.id)).toEqual([id, ...before.map((drill) => drill.id)])
  expect(await copies()).toEqual([])
})

test('what a killed one left is dropped by hand too', async () => {
  await killedAt('rows')
  await sessionsGone()
  const left = await copies()
  expect(left).toHaveLength(1)
  expect((await engine.maintenance.cleanLeftovers()).dropped).toEqual(left)
  expect(await copies()).toEqual([])
})

test.each(some(allPhases, 3))(
  'stopped, or cut off from the server, as %s begins: no database is left',
  async (phase) => {
    const records = (await engine.drills.list()).length
    const stop = new AbortController()
    const stopped = engine.drills.run('latest', {
      signal: stop.signal,
      report: (event) => event.type === 'phase' && event.phase === phase && stop.abort(),
    })
    // The last phase may be over before it is heard.
    const error = await stopped.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (phase !== 'drop') expect(error).toMatchObject({ code: 'ABORTED' })
    expect(await copies()).toEqual([])
    expect(await engine.drills.list()).toHaveLength(error === null ? records + 1 : records)

    let cut: Promise<unknown> = Promise.resolve()
    const drill = await engine.drills.run('latest', {
      report: (event) => {
        if (event.type === 'phase' && event.phase === phase)
          cut = cluster.sql(
            'postgres',
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lifeboat%'",
          )
      },
    })
    await cut
    // Nothing is known to be wrong with the backup; where no session was open then, it went through.
    expect(['unknown', 'good']).toContain(drill.verdict)
    if (drill.verdict === 'unknown') expect(drill.problems[0]).toMatch(/connection|terminat/i)
    expect((await engine.drills.list())[0]?.id).toBe(drill.id)
    expect(await engine.drills.run('latest')).toMatchObject({ verdict: 'good' })
    expect(await copies()).toEqual([])
  },
)
