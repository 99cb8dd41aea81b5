import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHandler, type Handler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { as, authorize, newSetting, post, taskEnd } from './setting.ts'

let cluster: TemporaryCluster
let setting: Awaited<ReturnType<typeof newSetting>>
let handler: Handler
let listed: string

const passphrase = 'a passphrase nobody guesses'

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  listed = await mkdtemp(join(tmpdir(), 'lifeboat-listed-'))
  setting = await newSetting(cluster, {
    encryption: { passphrase },
    allowedStorageEndpoints: [listed, 'sftp://127.0.0.1:1/backups', 's3://shop?endpoint=http://169.254.169.254'],
  })
  handler = createHandler(setting.engine, { basePath: '/api', authorize })
  await setting.engine.start()
})
afterAll(async () => {
  await setting?.engine.stop()
  await setting?.remove()
  await rm(listed, { recursive: true, force: true })
  await cluster?.stop()
})

const call = (path: string, init: RequestInit) => handler(new Request(`http://localhost/api${path}`, init))
/** A folder's files; the empty folders that objects lay in stay. */
const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
const body = async (response: Response) => (await response.json()) as Record<string, unknown>

describe('keys', () => {
  test('are listed without secrets, with the one in use', async () => {
    const added = await setting.engine.keys.add({ rawKey: Buffer.alloc(32, 7) }, { label: 'in the safe' })
    const response = await call('/keys/', as('viewer'))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({
      count: 2,
      results: [
        {
          slot: expect.stringMatching(/^[0-9a-f]{32}$/),
          ...{ kind: 'passphrase', label: 'init', created_at: expect.any(String), opened_with: true },
          kms_key: null,
          recipients: null,
        },
        {
          slot: added.slot,
          kind: 'raw_key',
          label: 'in the safe',
          created_at: added.created_at,
          opened_with: false,
          kms_key: null,
          recipients: null,
        },
      ],
    })
    expect(text).not.toMatch(/salt|scrypt|check/)
    expect(text).not.toContain(passphrase)
    await setting.engine.keys.remove('in the safe')
  })

  test('are nothing for those who may not see the configuration', async () => {
    expect((await call('/keys/', as('nothing'))).status).toBe(403)
    expect((await call('/keys/', {})).status).toBe(401)
  })
})

describe('a storage test', () => {
  const run = async (given: unknown) => {
    const started = await call('/storage/test/', post(given, {}, 'operator'))
    expect(started.status).toBe(202)
    return taskEnd(call, String((await body(started)).task_id))
  }

  test('tries the storage of the repository and leaves nothing there', async () => {
    const before = await setting.engine.repository.describe()
    const task = await run({})
    expect(task).toMatchObject({ kind: 'storage_test', status: 'succeeded', created_by: 'operator' })
    const report = task.result as { ok: boolean; location: string; checks: Record<string, unknown>[] }
    expect(report).toMatchObject({ ok: true, location: before.location, latency_ms: expect.any(Number) })
    expect(report.checks.length).toBeGreaterThan(10)
    for (const check of report.checks)
      expect(check).toEqual({ name: expect.any(String), ok: true, problem: null, ms: expect.any(Number) })
    expect((await filesIn(before.location)).filter((name) => name.includes('storage-test'))).toEqual([])
  })

  test('tries a place that is listed, and says what is wrong with one that is not there', async () => {
    expect(await run({ url: listed })).toMatchObject({ status: 'succeeded', result: { ok: true, location: listed } })
    expect(await filesIn(listed)).toEqual([])
    const missing = await run({ url: `file://${listed}/none` })
    expect(missing).toMatchObject({ status: 'failed', error: { code: 'storage_gone' } })
    expect(await readdir(listed)).not.toContain('none')
  })

  test('never calls a metadata service, listed or not', async () => {
    const task = await run({ url: 's3://shop?endpoint=http://169.254.169.254' })
    expect(task).toMatchObject({ status: 'failed', error: { code: 'storage_denied' } })
  })

  test.each([
    '/etc',
    's3://somebody-elses',
    's3://shop?endpoint=http://127.0.0.1:9000',
    'sftp://127.0.0.1:22/backups',
    'sftp://127.0.0.1:1/backups/..%2f..%2fetc',
    'sftp://127.0.0.1:1/backups?key_file=/etc/ssh/ssh_host_ed25519_key',
    'http://169.254.169.254/latest/meta-data',
  ])('refuses %s, which the host has not listed', async (url) => {
    const response = await call('/storage/test/', post({ url }, {}, 'admin'))
    expect([response.status, (await body(response)).code]).toEqual([403, 'storage_not_listed'])
  })

  test('refuses credentials in the URL and repeats them nowhere', async () => {
    const url = 'sftp://shop:canary-4711@127.0.0.1:1/backups'
    const response = await call('/storage/test/', post({ url }, {}, 'admin'))
    expect(response.status).toBe(403)
    expect(await response.text()).not.toContain('canary-4711')
    const audit = await (await call('/audit/', as('admin'))).text()
    expect(audit).toContain('"storage.test"')
    expect(audit).not.toContain('canary-4711')
    expect(await (await call('/tasks/', as('admin'))).text()).not.toContain('canary-4711')
  })

  test('is for operators, and for bodies that say what is known', async () => {
    expect((await call('/storage/test/', post({}, {}, 'viewer'))).status).toBe(403)
    expect((await call('/storage/test/', post({ url: '' }))).status).toBe(400)
    expect((await call('/storage/test/', post({ url: 'x'.repeat(2001) }))).status).toBe(400)
    expect((await call('/storage/test/', post({ location: '/etc' }))).status).toBe(400)
    expect((await call('/storage/test/', as('admin'))).status).toBe(405)
  })
})
