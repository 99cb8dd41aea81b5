import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NewJob } from '../../packages/core/src/catalog/catalog.ts'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'

let cluster: TemporaryCluster
const children = new Set<ChildProcess>()
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await cluster?.stop()
})

async function startReplica(url: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./replica.ts', import.meta.url)), {
    env: { ...process.env, CATALOG_URL: url },
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

test('three processes, two of them killed: no job is lost, none is done twice, and writers never overlap', async () => {
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
  const [first, second] = await Promise.all([startReplica(url), startReplica(url), startReplica(url)])
  const running = async (pid: number | undefined) =>
    (await cluster.sql('replicas', 'SELECT 1 FROM runs WHERE pid = $1 AND ended IS NULL', [pid])).length > 0
  // Killed in the middle of a job, whichever comes.
  for (const victim of [first, second]) {
    const until = Date.now() + 10_000
    while (!(await running(victim.pid)) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
    victim.kill('SIGKILL')
    await exit(victim)
    await startReplica(url)
  }
  const until = Date.now() + 60_000
  while ((await catalog.jobs.count({ statuses: ['queued', 'running'] })) > 0) {
    if (Date.now() > until) throw new Error('The jobs do not end.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const jobs = await catalog.jobs.list({}, { limit: 1000 })
  const interrupted = jobs.filter(({ status }) => status === 'interrupted')
  expect(interrupted.length).toBeGreaterThan(0)
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
}, 120_000)
