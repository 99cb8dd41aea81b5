import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { as, authorize, post, taskEnd } from '../http/setting.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-doors-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

/** A shop that has just lost the totals of all its orders, and a repository with a backup from before. */
async function brokenShop(name: string): Promise<{ engine: BackupEngine; env: Record<string, string> }> {
  const database = await cluster.createDatabase(name)
  await cluster.sql(
    name,
    `CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, total numeric);
     INSERT INTO orders (total) SELECT i FROM generate_series(1, 1000) i`,
  )
  const repository = join(folder, name)
  const engine = createBackupEngine({ database, repository, encryption: 'none' })
  await engine.repository.init()
  await engine.backups.create()
  await cluster.sql(name, 'UPDATE orders SET total = 0')
  return { engine, env: { DATABASE_URL: database, LIFEBOAT_REPOSITORY: repository } }
}

const sumOf = async (name: string) => (await cluster.sql(name, 'SELECT sum(total)::int AS sum FROM orders'))[0]?.sum

test('over HTTP: seen, asked in SQL, planned, confirmed, taken back, undone; and audited', async () => {
  const { engine } = await brokenShop('http_shop')
  const handler = createHandler(engine, { authorize, basePath: '' })
  const fetch = (path: string, init: RequestInit) => handler(new Request(`http://localhost${path}`, init))
  const answer = async (path: string, init: RequestInit) => {
    const response = await fetch(path, init)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  await engine.start()
  try {
    expect(await answer('/backups/latest/lost/', as('viewer'))).toMatchObject({
      status: 200,
      body: { tables: [{ table: 'orders', added_or_changed: 1000, changed_or_deleted: 1000 }] },
    })
    const limit = { loss_timeout_ms: 3_600_000 }
    const restore = await answer('/backups/latest/plan/', post(limit))
    expect(restore.body).toMatchObject({
      plan: {
        lost: { unknown: null, added_or_changed: 1000, tables: [{ table: 'orders', changed_or_deleted: 1000 }] },
      },
    })
    await cluster.sql('http_shop', 'INSERT INTO orders (total) VALUES (1)')
    const asking = await answer('/backups/latest/restore/', post(limit))
    expect(asking).toMatchObject({
      status: 409,
      body: { code: 'confirmation_required', plan: { lost: { added_or_changed: 1001 } } },
    })
    // Rows that come in while people read do not make another plan of it.
    expect(asking.body.plan_hash).toBe(restore.body.plan_hash)
    await cluster.sql('http_shop', 'DELETE FROM orders WHERE total = 1')
    const beside = await answer(
      '/backups/latest/plan/',
      post({ strategy: 'new-database', target_database: 'http_shop_beside' }),
    )
    expect(beside).toMatchObject({ status: 200, body: { plan: { lost: null } } })
    const rows = '/backups/latest/lost-rows/?table=orders&limit=1'
    expect(await answer(rows, as('admin'))).toMatchObject({
      status: 200,
      body: { counts: { updated: 1000 }, rows: [{ before: { id: '1', total: '1' }, now: { total: '0' } }], more: 999 },
    })
    const query = { sql: 'SELECT sum(total) FROM was.orders' }
    expect(await answer('/backups/latest/query/', post(query))).toMatchObject({ body: { rows: [['500500']] } })
    // Rows are data: to read them takes a permission that only administrators have.
    expect((await answer('/backups/latest/query/', post(query, {}, 'operator'))).status).toBe(403)
    expect((await answer(rows, as('operator'))).status).toBe(403)
    expect((await answer('/backups/latest/rewind/', post({}, {}, 'operator'))).status).toBe(403)

    const planned = await answer('/backups/latest/rewind-plan/', post({ keep_new: true }))
    expect(planned).toMatchObject({ status: 200, body: { plan: { put_back: 1000, options: { keep_new: true } } } })
    const unconfirmed = await answer('/backups/latest/rewind/', post({ keep_new: true }))
    expect(unconfirmed).toMatchObject({
      status: 409,
      body: { code: 'confirmation_required', plan_hash: planned.body.plan_hash },
    })
    expect(await sumOf('http_shop')).toBe(0)
    const confirm = planned.body.plan_hash
    expect(await answer('/backups/latest/rewind/', post({ confirm }))).toMatchObject({ body: { code: 'plan_changed' } })
    const started = await answer('/backups/latest/rewind/', post({ keep_new: true, confirm }))
    expect(started.status).toBe(202)
    expect(await taskEnd(fetch, String(started.body.task_id))).toMatchObject({
      status: 'succeeded',
      result: { put_back: 1000, taken_out: 1000, rewind_id: started.body.id },
    })
    expect(await sumOf('http_shop')).toBe(500_500)

    const id = String(started.body.id)
    expect(await answer('/rewinds/', as('viewer'))).toMatchObject({ body: { results: [{ id, by: 'admin' }] } })
    const asked = await answer(`/rewinds/${id}/undo/`, post({}))
    expect(asked).toMatchObject({ status: 409, body: { code: 'confirmation_required', plan: { rewind: id } } })
    const undoing = await answer(`/rewinds/${id}/undo/`, post({ confirm: asked.body.plan_hash }))
    expect(await taskEnd(fetch, String(undoing.body.task_id))).toMatchObject({ status: 'succeeded' })
    expect(await sumOf('http_shop')).toBe(0)
    expect((await answer(`/rewinds/${id}/undo/`, post({}))).status).toBe(404)

    const some = { table: 'orders', where: 'id <= 5' }
    expect((await answer('/backups/1/patch-plan/', post(some, {}, 'operator'))).status).toBe(403)
    const reviewed = await answer('/backups/1/patch-plan/', post(some))
    const choice = { where: 'id <= 5', on_conflict: 'backup' }
    expect(reviewed).toMatchObject({ status: 200, body: { plan: { put_back: 5, take_out: 5, options: { choice } } } })
    expect(await answer('/backups/1/patch/', post(some))).toMatchObject({
      body: { plan_hash: reviewed.body.plan_hash },
    })
    const patching = await answer('/backups/1/patch/', post({ ...some, confirm: reviewed.body.plan_hash }))
    expect(await taskEnd(fetch, String(patching.body.task_id))).toMatchObject({ result: { put_back: 5, taken_out: 5 } })
    expect(await sumOf('http_shop')).toBe(15)
    const tenant = { tenant: '7', tenant_table: 'orders' }
    expect(await answer('/backups/1/rewind-plan/', post({ tenant: '7' }))).toMatchObject({ status: 400 })
    expect(await answer('/backups/1/rewind-plan/', post({ ...tenant, keep_new: true }))).toMatchObject({ status: 400 })
    expect(await answer('/backups/1/rewind-plan/', post(tenant))).toMatchObject({
      body: { plan: { put_back: 1, tenant: { tables: [{ table: 'orders', via: [] }], left: [] } } },
    })
    const taking = await answer('/backups/1/rewind/', post(tenant))
    const ending = await answer('/backups/1/rewind/', post({ ...tenant, confirm: taking.body.plan_hash }))
    expect(await taskEnd(fetch, String(ending.body.task_id))).toMatchObject({ result: { put_back: 1 } })
    expect(await sumOf('http_shop')).toBe(22)

    const extract = { table: 'orders', into: 'was_monday', where: 'id <= 5' }
    const look = await answer('/backups/latest/extract/', post(extract))
    const extracting = await answer('/backups/latest/extract/', post({ ...extract, confirm: look.body.plan_hash }))
    expect(await taskEnd(fetch, String(extracting.body.task_id))).toMatchObject({ result: { rows: 5, of: 1000 } })

    const { body } = await answer('/audit/?limit=100', as('admin'))
    const seen = (body.results as { action: string; outcome: string }[]).map((one) => `${one.action} ${one.outcome}`)
    expect(seen).toEqual(
      expect.arrayContaining([
        'rows.lostRows succeeded',
        'rows.query succeeded',
        'rows.query refused',
        'rows.rewind succeeded',
        'rows.undo succeeded',
        'rows.planPatch succeeded',
        'rows.planPatch refused',
        'rows.patch succeeded',
        'rows.extract succeeded',
      ]),
    )
  } finally {
    await engine.stop()
  }
})

test('by the command: what is printed, what is refused without --yes, and what --json says', async () => {
  const { engine, env } = await brokenShop('command_shop')
  await engine.stop()
  const run = (...args: string[]) => runCli(args, { env })

  const lost = await run('lost', 'latest')
  expect(lost.stdout).toMatch(
    /table\s+then\s+now\s+added or changed\s+changed or deleted\norders\s+1,000\s+1,000\s+1,000\s+1,000/,
  )
  const rows = await run('lost', 'latest', '--rows', 'orders', '--limit', '1')
  expect(rows.stdout).toContain('1,000 rows changed, 0 deleted, 0 added')
  expect(rows.stdout).toContain('id=1: total 1 -> 0')
  const answer = await run('query', 'latest', 'SELECT sum(total) AS then FROM was.orders')
  expect(answer.stdout).toBe('then\n500500\n')

  const restore = await run('restore', 'latest', '--dry-run', '--loss-timeout-ms', '3600000')
  expect(restore.stdout).toMatch(
    /You would lose 1,000 rows added or changed since .*; 1,000 rows .* would come back:\n {2}orders: 1,000/,
  )
  const uncounted = await run('restore', 'latest', '--dry-run', '--loss-timeout-ms', '0')
  expect(uncounted.stdout).toMatch(/What you would lose .* is not known, because the rows were not counted/)
  const planned = await run('rewind', 'latest', '--table', 'orders', '--dry-run')
  expect(planned.stdout).toContain('1,000 rows put back, 1,000 taken out')
  expect(planned.stdout).toContain('Nothing was done.')
  expect(await run('rewind', 'latest')).toMatchObject({ code: 3, stderr: expect.stringContaining('--yes') })
  expect(await sumOf('command_shop')).toBe(0)
  const done = await run('rewind', 'latest', '--yes', '--json')
  expect(done.json()).toMatchObject({ rewind: { put_back: 1000, safety_backup_id: expect.stringMatching(/^b/) } })
  expect(await sumOf('command_shop')).toBe(500_500)
  const again = await run('rewind', '1', '--yes')
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('there is nothing to take back') })

  expect((await run('rewinds')).stdout).toContain('command_shop')
  const undone = await run('undo-rewind', 'latest', '--yes')
  expect(undone.stdout).toContain('1,000 rows put back, 1,000 taken out')
  expect(await sumOf('command_shop')).toBe(0)

  const some = ['1', '--table', 'orders', '--where', 'id <= 5']
  expect((await run('patch', ...some, '--dry-run')).stdout).toContain('5 rows put back, 5 taken out')
  expect(await run('patch', ...some)).toMatchObject({ code: 3, stderr: expect.stringContaining('--yes') })
  const kept = await run('patch', ...some, '--on-conflict', 'live', '--yes')
  expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining('there is nothing to put back') })
  const patched = await run('patch', ...some, '--without-safety-backup', '--yes', '--json')
  expect(patched.json()).toMatchObject({ patch: { put_back: 5, safety_backup_id: null } })
  expect(await sumOf('command_shop')).toBe(15)
  const tenant = await run('rewind', '1', '--tenant', '7', '--tenant-table', 'orders', '--dry-run')
  expect(tenant.stdout).toMatch(/Only rows of the tenant 7 of orders\.[\s\S]*1 row put back, 1 taken out/)
})
