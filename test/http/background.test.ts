import { createBackupEngine } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { authorize, newSetting, post, taskEnd } from './setting.ts'

let cluster: TemporaryCluster
let setting: Awaited<ReturnType<typeof newSetting>>
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  setting = await newSetting(cluster, { runTime: { max_backups: 2 } })
})
afterAll(async () => {
  await setting?.engine.stop()
  await setting?.remove()
  await cluster?.stop()
})

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 })

test('retention runs after each successful backup, keeps what an option in code says, and no failed backup counts', async () => {
  const { engine } = setting
  await engine.start()
  const done = async (task_id: string) => {
    await until(async () => expect((await engine.tasks.get(task_id))?.finished_at).not.toBeNull())
    return engine.tasks.get(task_id)
  }
  const ids: string[] = []
  for (let n = 1; n <= 3; n++) {
    const made = await engine.tasks.start(
      'backups.create',
      { name: `backup ${n}`, pinned: n === 1 },
      { as: { id: 'test', role: 'admin' } },
    )
    expect(await done(made.task_id)).toMatchObject({ status: 'succeeded' })
    ids.push(made.id)
  }
  await cluster.sql('postgres', `ALTER DATABASE ${setting.database} RENAME TO away`)
  const failing = await engine.tasks.start('backups.create', {}, { as: { id: 'test', role: 'admin' } })
  expect(await done(failing.task_id)).toMatchObject({ status: 'failed', error: { code: 'database_not_found' } })
  await cluster.sql('postgres', `ALTER DATABASE away RENAME TO ${setting.database}`)
  const forgets = (await engine.tasks.list({ kind: 'forget' })).rows
  for (const { task_id } of forgets) expect(await done(task_id)).toMatchObject({ status: 'succeeded' })
  expect(forgets).toHaveLength(3)
  // The pinned one counts and stays; nothing has gone yet beyond the limit but itself.
  const rows = (await engine.backups.list()).rows
  expect(rows.map(({ name, status }) => [name, status])).toEqual([
    [null, 'failed'],
    ['backup 3', 'completed'],
    ['backup 2', 'completed'],
    ['backup 1', 'completed'],
  ])
  await engine.backups.pin(ids[0] as string, { pinned: false })
  const { decisions } = await engine.retention.preview()
  expect(decisions.map(({ number, keep, reasons }) => [number, keep, reasons[0]])).toEqual([
    [3, true, 'last_good'],
    [2, true, 'within_limits'],
    [1, false, 'beyond_newest'],
  ])
  const forget = await engine.tasks.start('retention.run', {}, { as: { id: 'test', role: 'admin' } })
  expect(await done(forget.task_id)).toMatchObject({ status: 'succeeded', result: { forgotten: [ids[0]], kept: 2 } })
  expect((await engine.backups.list()).backups.map(({ number }) => number)).toEqual([3, 2])
})

test('a backup that waits when the engine stops is made by the next one, under the same id and number', async () => {
  const { engine } = setting
  const { location } = await engine.repository.describe()
  await engine.tasks.pause()
  const made = await engine.tasks.start(
    'backups.create',
    { name: 'over a restart' },
    { as: { id: 'test', role: 'admin' } },
  )
  await engine.stop()
  const second = createBackupEngine({
    database: cluster.url(setting.database),
    repository: location,
    encryption: 'none',
    appName: 'shop',
  })
  try {
    await second.start()
    expect((await second.tasks.list()).paused).toBe(true)
    await second.tasks.resume()
    await until(async () =>
      expect(await second.backups.get(made.id)).toMatchObject({
        status: 'completed',
        name: 'over a restart',
        number: made.number,
      }),
    )
  } finally {
    await second.stop()
  }
})

test('several databases have one queue and histories apart; an id says enough', async () => {
  const [one, two] = await Promise.all([newSetting(cluster), newSetting(cluster)])
  const { location } = await one.engine.repository.describe()
  const engine = createBackupEngine({
    databases: { shop: cluster.url(one.database), blog: cluster.url(two.database) },
    repository: location,
    encryption: 'none',
    runTime: { auto_backup_enabled: true, auto_backup_cron: '30 4 * * MON', time_zone: 'Asia/Kolkata' },
  })
  try {
    await engine.start()
    await expect(engine.tasks.start('backups.create', {}, { as: { id: 'test', role: 'admin' } })).rejects.toMatchObject(
      { code: 'CONFIG_INVALID' },
    )
    const made = []
    for (const database of ['shop', 'blog'])
      made.push(await engine.tasks.start('backups.create', { database }, { as: { id: 'test', role: 'admin' } }))
    for (const { id } of made) await until(async () => expect((await engine.backups.get(id)).status).toBe('completed'))
    const [shop, blog] = [made[0]!, made[1]!]
    expect((await engine.backups.list({ database: 'blog' })).rows.map(({ id }) => id)).toEqual([blog.id])
    expect((await engine.backups.get('latest', { database: 'shop' })).id).toBe(shop.id)
    await expect(engine.backups.get('latest')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await engine.backups.get(blog.id)).toMatchObject({ database: two.database, table_count: 2 })
    await expect(engine.backups.delete(blog.id)).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
    expect(await engine.schedules.list({ count: 1 })).toMatchObject([
      { database: 'shop', next_runs: [expect.stringContaining('T23:00:00')] },
      { database: 'blog', next_runs: [expect.stringContaining('T23:00:00')] },
      { name: 'scrub', enabled: false, next_runs: [] },
    ])
  } finally {
    await engine.stop()
    await Promise.all([one.remove(), two.remove()])
  }
})

test('a host that turned confirmation off restores at the first request; a hash that is sent is still looked at', async () => {
  const own = await newSetting(cluster)
  const handler = createHandler(own.engine, { authorize, confirmation: 'off' })
  const send = async (path: string, body?: object) => {
    const response = await handler(new Request(`http://localhost/${path}`, post(body)), { address: '127.0.0.1' })
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  }
  const end = (id: string | undefined) =>
    taskEnd((path, init) => handler(new Request(`http://localhost${path}`, init)), id ?? '')
  try {
    await own.engine.start()
    await end((await send('backups/create/', { name: 'Pre-deployment backup', include_media: false })).body.task_id)
    await cluster.sql(own.database, 'TRUNCATE orders')
    const wrong = await send('backups/1/restore/', { confirm: 'of another plan' })
    expect([wrong.status, wrong.body.code]).toEqual([409, 'plan_changed'])
    const run = await send('backups/1/restore/', { restore_media: true, run_migrations: true })
    expect(run.status).toBe(202)
    expect(await end(run.body.task_id)).toMatchObject({ status: 'succeeded' })
    expect(await cluster.sql(own.database, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 2000 }])
    const discarded = await send(`restores/${run.body.id}/discard/`)
    expect(await end(discarded.body.task_id)).toMatchObject({ status: 'succeeded' })
    expect(await own.engine.restores.get(run.body.id ?? '')).toMatchObject({
      status: 'succeeded',
      kept_database: null,
    })
  } finally {
    await own.engine.stop()
    await own.remove()
  }
})
