import type { TemporaryCluster } from '@lifeboat/core/testing'
import { Pool } from 'pg'
import { expect } from 'vitest'
import type { Catalog, NewJob } from '../../packages/core/src/catalog/catalog.ts'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'
import { endReplicas, startReplica } from './start-replica.ts'

/**
 * Three processes work on one catalog; two of them are killed at what they are doing, and replaced. Each job notes its
 * run in the table `runs`, whose key lets a second one fail.
 */
export async function killReplicas(
  cluster: TemporaryCluster,
  database: string,
  { jobs: count, env = {} }: { jobs: number; env?: Record<string, string> },
): Promise<void> {
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE runs (job text PRIMARY KEY, writer text, worker text, pid int,
       began timestamptz DEFAULT clock_timestamp(), ended timestamptz)`,
  )
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  const catalog = await openPostgresCatalog({ pool, location: 'test' })
  for (let n = 0; n < count; n++) await catalog.jobs.insert(job(n))
  // Two that are killed while they have jobs, and one that does the rest.
  const holding = { ...env, HOLD: '1' }
  const victims = await Promise.all([startReplica(url, holding), startReplica(url, holding)])
  await startReplica(url, env)
  for (const victim of victims) {
    await endReplicas('SIGKILL', [victim])
    await startReplica(url, env)
  }
  const until = Date.now() + 240_000
  while ((await catalog.jobs.count({ statuses: ['queued', 'running'] })) > 0) {
    if (Date.now() > until) throw new Error('The jobs do not end.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await nothingLostOrTwice(catalog, count)
  const overlaps = await cluster.sql(
    database,
    `SELECT a.job, b.job AS other FROM runs a JOIN runs b ON a.writer = b.writer AND a.job < b.job
     WHERE a.ended IS NOT NULL AND b.ended IS NOT NULL AND a.began < b.ended AND b.began < a.ended`,
  )
  expect(overlaps).toEqual([])
  const workers = await cluster.sql<{ n: number }>(database, 'SELECT count(DISTINCT worker)::int AS n FROM runs')
  expect(workers[0]?.n).toBeGreaterThanOrEqual(3)
  const codes = await endReplicas('SIGTERM')
  expect(codes).toEqual(codes.map(() => 0))
  await catalog.close()
}

async function nothingLostOrTwice(catalog: Catalog, count: number): Promise<void> {
  const jobs = await catalog.jobs.list({}, { limit: 1000 })
  const interrupted = jobs.filter(({ status }) => status === 'interrupted')
  expect(interrupted.length).toBeGreaterThanOrEqual(2)
  for (let n = 0; n < count; n++) {
    const attempts = jobs.filter(({ subject_id }) => subject_id === `b${n}`)
    expect(
      attempts.filter(({ status }) => status === 'succeeded'),
      JSON.stringify(attempts),
    ).toHaveLength(1)
    expect(attempts.every(({ status }) => status === 'succeeded' || status === 'interrupted')).toBe(true)
  }
  expect(jobs).toHaveLength(count + interrupted.length)
}

const job = (n: number): NewJob => ({
  ...{ id: `t${n}`, kind: 'backup', subject_id: `b${n}`, database: `db${n % 3}` },
  writer: n % 5 === 4 ? null : `db${n % 3}`,
  ...{ position: n, input: {}, trigger: 'manual', created_by: 'test', created_at: new Date().toISOString() },
})
