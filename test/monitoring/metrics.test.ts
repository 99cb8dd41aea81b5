import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createHandler } from '@lifeboat/core/http'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fact } from '../../packages/core/src/actions/facts.ts'
import { askedPlaces } from '../../packages/core/src/engine/background/metrics/asked-places.ts'
import { collectMetrics } from '../../packages/core/src/engine/background/metrics/collect-metrics.ts'
import { metricHelp } from '../../packages/core/src/engine/background/metrics/families.ts'
import { runCli } from '../cli/run-cli.ts'
import { as, authorize } from '../http/setting.ts'
import { parseMetrics } from './parse-metrics.ts'

/** One database that is backed up, and one that is not. */
const label = 'till'
let cluster: TemporaryCluster
let folder: string
let options: Parameters<typeof createBackupEngine>[0]
let engine: BackupEngine
const closers: (() => Promise<void>)[] = []

const another = (): BackupEngine => {
  const made = createBackupEngine(options)
  closers.push(() => made.stop())
  return made
}

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-metrics-'))
  const shop = await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 123) n')
  options = {
    databases: { shop, [label]: await cluster.createDatabase('till') },
    ...{ repository: join(folder, 'repository'), encryption: 'none', catalog: await cluster.createDatabase('catalog') },
    runTime: { auto_backup_enabled: true, auto_backup_hour: 3 },
    objectives: { recoveryTimeMinutes: 5, databases: { [label]: { recoveryPointHours: 2 } } },
  }
  engine = another()
  await engine.repository.init()
  await engine.backups.create({ database: 'shop' })
  await engine.backups.verify('latest', { database: 'shop', levels: ['structure'] })
  await insideOf(engine).ground.facts.publish(failed('shop'))
  await insideOf(engine).ground.facts.publish(failed('no such label'))
  await engine.schedules.save('early-check', { kind: 'check', cron: '0 5 * * *' })
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const failed = (database: string): Fact => ({
  ...{ type: 'finished', at: new Date().toISOString(), action: 'backups.create', subject: null, actor: 'scheduler' },
  ...{ face: 'scheduler', address: null, outcome: 'failed', task_id: 't1', facts: { label: database } },
  error: { code: 'storage_failed', detail: 'It was away.' },
})

const now = new Date()
/** Values by name and labels. */
async function figures(of: BackupEngine, at = now): Promise<Map<string, number>> {
  const { ground } = insideOf(of)
  const families = await collectMetrics(ground, await ground.background(), { now: at })
  return new Map(
    families.flatMap(({ name, values }) =>
      values.map(({ labels, value }): [string, number] => [`${name} ${JSON.stringify(labels)}`, value]),
    ),
  )
}
const of = (found: Map<string, number>, name: string, labels: object = {}) =>
  found.get(`lifeboat_${name} ${JSON.stringify(labels)}`)

test('what was backed up, tried, verified and planned', async () => {
  const found = await figures(engine)
  const { results } = await engine.audit.list({ action: 'backups.create', limit: 1 })
  const backup = (await engine.backups.get('latest', { database: 'shop' })) as unknown as Record<
    string,
    number | string
  >
  const shop = { database: 'shop' }
  expect(of(found, 'backups_kept', shop)).toBe(1)
  expect(of(found, 'backups_kept', { database: label })).toBe(0)
  expect(of(found, 'backup_rows', shop)).toBe(123)
  expect(of(found, 'backup_stored_bytes', shop)).toBe(backup.stored_bytes)
  expect(of(found, 'backup_last_success_timestamp_seconds', shop)).toBe(Date.parse(String(backup.completed_at)) / 1000)
  expect(of(found, 'backup_last_success_timestamp_seconds', { database: label })).toBeUndefined()
  expect(of(found, 'backup_last_attempt_success', shop)).toBe(0)
  expect(results[0]?.detail.label).toBe('no such label')
  expect(of(found, 'backup_consecutive_failures', shop)).toBe(1)
  expect(of(found, 'backup_attempts_total', { ...shop, outcome: 'succeeded' })).toBe(1)
  expect(of(found, 'backup_attempts_total', { ...shop, outcome: 'failed' })).toBe(1)
  expect(of(found, 'backup_verified_timestamp_seconds', shop)).toBeGreaterThan(now.getTime() / 1000 - 600)
  const point = of(found, 'recovery_point_timestamp_seconds', shop) ?? 0
  expect(of(found, 'recovery_point_age_seconds', shop)).toBe(Math.floor(now.getTime() / 1000 - point))
  // Every night at three: a day, and an hour more where the clocks go back.
  expect([86_400, 90_000]).toContain(of(found, 'backup_interval_seconds', shop))
  expect(of(found, 'recovery_point_objective_seconds', shop)).toBe(
    1.5 * (of(found, 'backup_interval_seconds', shop) ?? 0),
  )
  expect(of(found, 'recovery_point_objective_seconds', { database: label })).toBe(7200)
  expect(of(found, 'recovery_time_objective_seconds', shop)).toBe(300)
  expect(of(found, 'recovery_time_seconds', shop)).toBeUndefined()
  expect(of(found, 'backup_next_due_timestamp_seconds', shop)).toBeGreaterThan(now.getTime() / 1000)
  expect(of(found, 'repository_bytes')).toBeGreaterThan(1000)
  expect(of(found, 'audit_unanchored_events')).toBe(0)
  expect([...found.keys()].filter((key) => key.includes('no such label'))).toEqual([])
})

test('a run that should have begun is overdue, and is not any more once it has', async () => {
  const { catalog } = await insideOf(engine).ground.background()
  const { slotsName } = await import('../../packages/core/src/jobs/scheduler.ts')
  const { plannedJobs } = await import('../../packages/core/src/engine/background/schedules.ts')
  const planned = (await plannedJobs(await insideOf(engine).ground.background())).find(
    ({ name }) => name === 'early-check',
  )
  const name = slotsName(planned as never)
  const labels = { schedule: 'early-check', kind: 'check', database: '' }
  const fire = (slot: string) => catalog.schedule.fire({ schedule: name, slot, worker: 'w', fired_at: slot }, null)
  const { timeZone = 'UTC' } = planned ?? {}
  const five = new Date(
    Date.parse(new Date(now.getTime() + 3 * 86_400_000).toISOString().slice(0, 11).concat('05:00:00.000Z')) -
      offsetOf(timeZone),
  )
  await fire(new Date(five.getTime() - 86_400_000).toISOString())
  expect(of(await figures(engine, new Date(five.getTime() + 1_800_000)), 'schedule_overdue_seconds', labels)).toBe(1800)
  await fire(five.toISOString())
  expect(of(await figures(engine, new Date(five.getTime() + 1_800_000)), 'schedule_overdue_seconds', labels)).toBe(0)
})

/** How far a zone is ahead of UTC, in milliseconds. */
function offsetOf(timeZone: string): number {
  const text = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).format(now)
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(text) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

test('over HTTP both formats, by what is asked for; every family is there; with a permission of its own', async () => {
  const handler = createHandler(engine, { authorize })
  const get = (accept: string, who: 'viewer' | 'admin' = 'viewer') =>
    handler(new Request('http://localhost/metrics/', as(who, { accept })))
  for (const [accept, format, type] of [
    ['*/*', 'prometheus', 'text/plain; version=0.0.4; charset=utf-8'],
    [
      'application/openmetrics-text;q=0.9,text/plain;q=0.5',
      'openmetrics',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
  ] as const) {
    const response = await get(accept)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    const parsed = parseMetrics(await response.text(), format)
    expect(parsed.size).toBe(Object.keys(metricHelp).length)
    const labels = parsed.get('lifeboat_backups_kept')?.samples.map((sample) => sample.labels.database)
    expect(labels).toEqual(['shop', label])
  }
  const alone = createHandler(engine, { authorize: () => ({ id: 'prometheus', permissions: ['metrics:read'] }) })
  expect((await alone(new Request('http://localhost/metrics/'))).status).toBe(200)
  expect((await alone(new Request('http://localhost/backups/'))).status).toBe(403)
  const none = createHandler(engine, { authorize: () => ({ id: 'x', permissions: ['status:read'] }) })
  expect((await none(new Request('http://localhost/metrics/'))).status).toBe(403)
})

test('two processes give the same, asked once or often, one after the other or at once', async () => {
  const first = await figures(engine)
  const second = another()
  const [one, two] = await Promise.all([figures(second), figures(second)])
  const settled = (found: Map<string, number>) => [...found].filter(([name]) => !name.includes('repository_'))
  expect(settled(one)).toEqual(settled(first))
  expect(settled(two)).toEqual(settled(first))
})

test('a scrape does not wait for a server or a copy that is away, and finds out beside it', async () => {
  const gate = Promise.withResolvers<void>()
  let isAway = false
  let asked = 0
  const slow = createMemoryStorage()
  const list = slow.list.bind(slow)
  slow.list = async function* (...given: Parameters<typeof list>) {
    if (isAway) asked++
    if (isAway) await gate.promise
    yield* list(...given)
  }
  const own = createBackupEngine({ ...options, copies: [{ name: 'far', repository: slow }] })
  closers.push(() => own.stop())
  const background = await insideOf(own).ground.background()
  const known = async (at: Date) => (await askedPlaces(background, at)).copies.map(({ level }) => level)
  const score = async (at: Date) => of(await figures(own, at), 'health_score', { database: 'shop' })
  expect(await score(now)).toBeGreaterThan(0)
  // Nothing is in the copy.
  expect(await known(now)).toEqual(['warning'])
  await own.copies.update('far')
  isAway = true
  // What was found out is two minutes old: it is shown, and the copy is asked, which does not answer.
  const soon = new Date(now.getTime() + 120_000)
  expect(await score(soon)).toBeGreaterThan(0)
  await expect.poll(() => asked).toBeGreaterThan(0)
  expect(await known(soon)).toEqual(['warning'])
  gate.resolve()
  await expect.poll(() => known(soon), { timeout: 30_000 }).toEqual(['ok'])
})

test('the command writes them for a textfile collector', async () => {
  const { databases: _, ...rest } = options
  const words = ['--repository', String(rest.repository), '--catalog', String(rest.catalog), '--encryption', 'none']
  const database = ['--database-url', cluster.url('shop')]
  const { code, stdout } = await runCli(['metrics', ...words, ...database], { cwd: folder, env: { HOME: folder } })
  expect(code).toBe(0)
  expect(parseMetrics(stdout, 'prometheus').get('lifeboat_backup_rows')?.samples).toEqual([
    { name: 'lifeboat_backup_rows', labels: { database: 'default' }, value: 123 },
  ])
})

test('the catalog lost, and another that has adopted: what was tried is counted as before', async () => {
  const before = await figures(engine)
  await engine.stop()
  await cluster.sql('catalog', 'DROP SCHEMA lifeboat CASCADE')
  const fresh = another()
  expect(of(await figures(fresh), 'backup_attempts_total', { database: 'shop', outcome: 'failed' })).toBe(0)
  await fresh.adopt()
  const after = await figures(fresh)
  const began = /lifeboat_(audit_|repository_|schedule_overdue|notification_|jobs|queue_)/
  const kept = (found: Map<string, number>) => [...found].filter(([name]) => !began.test(name))
  expect(kept(before).length).toBeGreaterThan(30)
  expect(kept(after)).toEqual(kept(before))
  expect(kept(await figures(fresh)), 'nothing is counted twice').toEqual(kept(after))
})
