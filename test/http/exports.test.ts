import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'
import { as, authorize, newSetting, post, taskEnd } from './setting.ts'

type Json = Record<string, unknown>

let cluster: TemporaryCluster
let setting: Awaited<ReturnType<typeof newSetting>>
let ask: (path: string, init?: RequestInit) => Promise<Response>
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  setting = await newSetting(cluster)
  const handler = createHandler(setting.engine, { authorize, confirmation: 'off' })
  ask = (path, init = as('admin')) => handler(new Request(`http://localhost${path}`, init), { address: '127.0.0.1' })
  await setting.engine.start()
})
afterAll(async () => {
  await setting?.engine.stop()
  await setting?.remove()
  await cluster?.stop()
})

async function backup(): Promise<{ id: string; status: string }> {
  const { id, task_id } = (await (await ask('/backups/create/', post({}))).json()) as Record<string, string>
  return { id: id as string, status: (await taskEnd(ask, task_id as string)).status }
}

const remove = (id: string) => ask(`/backups/${id}/delete/`, { ...post(), method: 'DELETE' })

test('format=sql is a script under its usual name; other formats are refused', async () => {
  expect((await backup()).status).toBe('succeeded')
  const response = await ask('/backups/1/download/?format=sql')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-disposition')).toMatch(/filename="shop_backup_\d{8}_\d{6}\.sql"/)
  expect(response.headers.get('content-type')).toBe('application/sql')
  const script = await response.text()
  expect(script).toContain('CREATE TABLE public.orders')
  expect(script.split('\n').filter((line) => /^\d+\t[0-9a-f]{32}$/.test(line))).toHaveLength(2000)
  expect((await ask('/backups/1/download/?format=zip')).status).toBe(400)
})

test.each(['', '?compression=0', '?format=sql'])(
  'a download says its SHA-256 where that is wanted: %s',
  async (query) => {
    const wanting = { ...as('admin'), headers: { ...(as('admin').headers as object), 'want-repr-digest': 'sha-256=1' } }
    const response = await ask(`/backups/1/download/${query}`, wanting)
    const digest = createHash('sha256')
      .update(Buffer.from(await response.arrayBuffer()))
      .digest('base64')
    expect(response.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`)
    // And without the file, to compare with what was downloaded before.
    const head = await ask(`/backups/1/download/${query}`, { ...wanting, method: 'HEAD' })
    expect(head.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`)
    expect((await ask(`/backups/1/download/${query}`)).headers.get('repr-digest')).toBeNull()
  },
)

test('export_after_backup lays the dump beside the backup; it goes with it', async () => {
  const { engine } = setting
  expect((await ask('/config/', post({ export_after_backup: true }))).status).toBe(200)
  const { id } = await backup()
  const [task] = (await engine.tasks.list({ kind: 'export' })).rows
  const ended = await taskEnd(ask, task?.task_id ?? '')
  expect(ended).toMatchObject({ status: 'succeeded', subject_id: id })
  const [file] = (ended.result as { files: string[] }).files
  const { location } = await engine.repository.describe()
  expect(file).toMatch(/shop_backup_\d{8}_\d{6}\.dump$/)
  expect(dirname(file ?? '')).toBe(join(location, 'exports', id))
  expect((await readFile(file ?? '')).subarray(0, 5).toString()).toBe('PGDMP')
  expect((await stat(file ?? '')).mode & 0o777).toBe(0o600)
  const sum = execFileSync('sha256sum', ['--check', `${file}.sha256`], { cwd: dirname(file ?? '') }).toString()
  expect(sum).toMatch(/\.dump: OK\n$/)
  // What lies there is no part of the repository, and no harm to it.
  expect((await engine.maintenance.check({})).ok).toBe(true)
  expect((await remove(id)).status).toBe(204)
  expect(await readdir(join(location, 'exports'))).toEqual([])
})

test.skipIf(!canMount())('a deletion that leaves exported files behind says so: 200 with the warning', async () => {
  const { engine } = setting
  // The exports that follow a backup would still be at work.
  expect((await ask('/config/', post({ export_after_backup: false }))).status).toBe(200)
  const { id } = await backup()
  await backup()
  await engine.backups.exportToFolder(id)
  const { location } = await engine.repository.describe()
  const busy = join(location, 'exports', id, 'busy')
  await mkdir(busy)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', busy])
  try {
    const response = await remove(id)
    expect(response.status).toBe(200)
    const body = (await response.json()) as { id: string; warnings: string[] }
    expect(body).toMatchObject({ id, status: 'completed' })
    expect(body.warnings.join()).toContain(`are still in ${dirname(busy)}: `)
    expect((await ask(`/backups/${id}/`)).status).toBe(404)
    const { paths } = (await (await ask('/openapi.json')).json()) as {
      paths: { '/backups/{id}/delete/': { delete: { responses: Json } } }
    }
    const { responses } = paths['/backups/{id}/delete/'].delete
    expect(responses).toMatchObject({ 200: { content: {} }, 204: { description: expect.any(String) } })
    expect(responses[204]).not.toHaveProperty('content')
  } finally {
    execFileSync('umount', [busy])
  }
})

test('a failed backup can be deleted; one that waits cannot', async () => {
  const { database, engine } = setting
  await cluster.sql('postgres', `ALTER DATABASE ${database} RENAME TO away`)
  const failed = await backup()
  await cluster.sql('postgres', `ALTER DATABASE away RENAME TO ${database}`)
  expect(failed.status).toBe('failed')
  expect((await ask(`/backups/${failed.id}/`)).status).toBe(200)
  expect((await ask('/health/')).status).toBe(503)
  expect(await (await ask('/status/')).json()).toMatchObject({ last_attempt_failed: true })
  expect((await remove(failed.id)).status).toBe(204)
  expect((await ask(`/backups/${failed.id}/`)).status).toBe(404)
  expect((await remove(failed.id)).status).toBe(404)

  await engine.tasks.pause()
  const waiting = (await (await ask('/backups/create/', post({}))).json()) as { id: string }
  const refused = await remove(waiting.id)
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([409, 'backup_running'])
})
