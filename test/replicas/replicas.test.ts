import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { NewJob } from '../../packages/core/src/catalog/catalog.ts'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'

let cluster: TemporaryCluster
const children = new Set<ChildProcess>()
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await cluster?.stop()
})

async function startReplica(url: string, env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./replica.ts', import.meta.url)), {
    env: { ...process.env, CATALOG_URL: url, ...env },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`The replica ended with ${code}.`)))
  })
  return child
}

const exit = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

afterEach(async () => {
  for (const child of children) {
    const gone = exit(child)
    child.kill('SIGKILL')
    await gone
  }
})

// A living process that stands still for longer than its lease is taken for dead, and may still note an end.
test('three processes, two of them killed: no job is lost, none is done twice, and writers never overlap', () =>
  whereTimeGoesBy(killTwo))

async function killTwo() {
  for (const child of children) child.kill('SIGKILL')
  const url = await cluster.createDatabase('replicas')
  await cluster.sql(
    'replicas',
    `CREATE TABLE runs (job text PRIMARY KEY, writer text, worker text, pid int,
       began timestamptz DEFAULT clock_timestamp(), ended timestamptz)`,
  )
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  const catalog = await openPostgresCatalog({ pool, location: 'test' })
  const ids = Array.from({ length: 60 }, (_, n) => `t${n}`)
  for (const [n, id] of ids.entries()) {
    const job: NewJob = {
      id,
      kind: 'backup',
      subject_id: `b${n}`,
      database: `db${n % 3}`,
      writer: n % 5 === 4 ? null : `db${n % 3}`,
      position: n,
      input: {},
      trigger: 'manual',
      created_by: 'test',
      created_at: new Date().toISOString(),
    }
    await catalog.jobs.insert(job)
  }
  // Two that are killed while they have jobs, as many as each does at a time, and one that does the rest.
  const victims: ChildProcess[] = []
  for (let n = 0; n < 2; n++) {
    const victim = await startReplica(url, { HOLD: '1' })
    victims.push(victim)
    await once(victim, 'message')
  }
  await startReplica(url)
  for (const victim of victims) {
    const gone = exit(victim)
    victim.kill('SIGKILL')
    await gone
    await startReplica(url)
  }
  const until = Date.now() + 240_000
  while ((await catalog.jobs.count({ statuses: ['queued', 'running'] })) > 0) {
    if (Date.now() > until) throw new Error('The jobs do not end.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const jobs = await catalog.jobs.list({}, { limit: 1000 })
  const interrupted = jobs.filter(({ status }) => status === 'interrupted')
  expect(interrupted.length).toBeGreaterThanOrEqual(2)
  for (const n of ids.keys()) {
    const attempts = jobs.filter(({ subject_id }) => subject_id === `b${n}`)
    expect(
      attempts.filter(({ status }) => status === 'succeeded'),
      JSON.stringify({
        attempts,
        runs: await cluster.sql('replicas', 'SELECT * FROM runs WHERE job LIKE $1', [`t${n}%`]),
      }),
    ).toHaveLength(1)
    expect(attempts.every(({ status }) => status === 'succeeded' || status === 'interrupted')).toBe(true)
  }
  expect(jobs).toHaveLength(ids.length + interrupted.length)
  const overlaps = await cluster.sql(
    'replicas',
    `SELECT a.job, b.job AS other FROM runs a JOIN runs b ON a.writer = b.writer AND a.job < b.job
     WHERE a.ended IS NOT NULL AND b.ended IS NOT NULL AND a.began < b.ended AND b.began < a.ended`,
  )
  expect(overlaps).toEqual([])
  const workers = await cluster.sql<{ n: number }>('replicas', 'SELECT count(DISTINCT worker)::int AS n FROM runs')
  expect(workers[0]?.n).toBeGreaterThanOrEqual(3)
  const ending = [...children]
  for (const child of ending) child.kill('SIGTERM')
  await Promise.all(ending.map(exit))
  expect(ending.map(({ exitCode }) => exitCode)).toEqual(ending.map(() => 0))
  await catalog.close()
}
