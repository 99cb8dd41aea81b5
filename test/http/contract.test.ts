import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'
import { stockTools } from '../archive/stock-tools.ts'
import { some } from '../runner/counts.ts'
import { readEvents, type SeenEvent } from './events.ts'
import { faces, mountedAt, type OpenFace } from './faces.ts'
import { as, authorize, newSetting, post, taskEnd } from './setting.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** What an answer says of its length and of parts. */
const seen = ({ headers }: Response) =>
  ['accept-ranges', 'content-length', 'content-range'].map((name) => headers.get(name))

/** What stock pg_restore lists of an archive. */
async function listed(archive: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-ranges-'))
  try {
    await writeFile(join(folder, 'whole.dump'), archive)
    return await stockTools().list(join(folder, 'whole.dump'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Of any shape: what is in it is what is being tested. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
type Json = any

/** In `npm test` the bare handler and one framework; that each carries requests as they are is in raw-requests.test.ts. */
describe.each(some(faces, 2))('the HTTP contract over $name', ({ open }) => {
  let setting: Awaited<ReturnType<typeof newSetting>>
  let face: OpenFace
  let closed = false
  const get = async (path: string, actor = 'admin' as const) => {
    const response = await face.fetch(path, as(actor))
    return { status: response.status, body: (await response.json()) as Json }
  }
  const send = async (path: string, init: RequestInit) => {
    const response = await face.fetch(path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : null) as Json }
  }

  beforeAll(async () => {
    setting = await newSetting(cluster)
    face = await open(setting.engine, { authorize, limits: { bodyBytes: 4096 } })
  })
  afterAll(async () => {
    if (!closed) await face?.close()
    await setting?.remove()
  })

  test('the session says who asks, what for, and what there is', async () => {
    const folders = ['/srv/uploads', { name: 'avatars', path: '/srv/pictures' }]
    const { status, body } = await get('/session/')
    expect([status, body]).toMatchObject([200, { actor: { role: 'admin' }, databases: ['default'], media_folders: [] }])
    const engine = createBackupEngine({ repository: '/nowhere', media: folders })
    expect(engine.mediaFolders()).toEqual(['uploads', 'avatars'])
  })

  test('the root is an API page, with and without a slash', async () => {
    for (const path of ['', '/']) {
      const { status, body } = await get(path)
      expect([status, body.openapi]).toEqual([200, `${mountedAt}/openapi.json`])
    }
    const page = await face.fetch('/', as('viewer', { accept: 'text/html' }))
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain(`${mountedAt}/backups/`)
  })

  test('a backup is made in the background, and is seen in every list', async () => {
    const made = await send('/backups/create/', post({ name: 'Pre-deployment backup', include_media: false }))
    expect(made.status).toBe(202)
    expect(made.body).toMatchObject({
      task_id: expect.stringMatching(/^t/),
      id: expect.stringMatching(/^b/),
      number: 1,
    })
    const task = await taskEnd(face.fetch, made.body.task_id)
    expect(task).toMatchObject({ status: 'succeeded', kind: 'backup', result: { number: 1, rows: 2000 } })
    const one = await get('/backups/1/')
    expect(one.body).toMatchObject({
      id: made.body.id,
      status: 'completed',
      name: 'Pre-deployment backup',
      trigger: 'api',
      created_by: 'admin',
      include_media: false,
      task_id: made.body.task_id,
      table_counts: { 'public.orders': 2000 },
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    for (const reference of [made.body.id, String(made.body.id).slice(0, 6), 'latest'])
      expect((await get(`/backups/${reference}`)).body.id).toBe(made.body.id)
    expect((await get('/backups')).body).toMatchObject({
      count: 1,
      next: null,
      previous: null,
      results: [{ number: 1 }],
    })
  })

  test('a body is not needed, and the short path means the same', async () => {
    const made = await send('/backups/', post(undefined))
    expect(made.status).toBe(202)
    expect(await taskEnd(face.fetch, made.body.task_id)).toMatchObject({ status: 'succeeded' })
  })

  test('lists are searched, filtered, sorted and cut into pages; CSV by Accept', async () => {
    const first = await get('/backups/?page_size=1&sort=number')
    expect(first.body).toMatchObject({ count: 2, previous: null, results: [{ number: 1 }] })
    expect(first.body.next).toBe(`${mountedAt}/backups/?page_size=1&sort=number&page=2`)
    expect((await get('/backups/?search=PRE-deploy')).body.count).toBe(1)
    expect((await get('/backups/?status=failed,pending')).body.count).toBe(0)
    const few = await get('/backups/?fields=number,name&search=pre-deploy')
    expect(few.body.results).toEqual([{ id: expect.any(String), number: 1, name: 'Pre-deployment backup' }])
    expect((await get('/backups/?sort=secret')).body).toMatchObject({ status: 400, code: 'invalid' })
    const csv = await face.fetch('/backups/', as('viewer', { accept: 'text/csv' }))
    expect(csv.headers.get('content-disposition')).toContain('backups.csv')
    expect((await csv.text()).split('\r\n')).toEqual([
      expect.stringMatching(/^number,id,status/),
      expect.stringMatching(/^2,b/),
      expect.stringMatching(/^1,b\w+,completed,full,Pre-deployment backup/),
      '',
    ])
  })

  test('a backup is compared with the live database and with another backup', async () => {
    const live = await get('/backups/1/compare/?with=live', 'viewer' as 'admin')
    expect(live.status).toBe(200)
    expect(live.body).toMatchObject({
      before: { kind: 'backup', number: 1 },
      after: { kind: 'live', database: setting.database },
    })
    expect(live.body.tables).toContainEqual({
      table: 'public.orders',
      schema: 'same',
      columns: { added: [], removed: [], changed: [] },
      before: expect.objectContaining({ rows: 2000, exact: true }),
      after: expect.objectContaining({ rows: 2000, exact: true, bytes: null }),
    })
    const other = await get('/backups/1/compare/?with=2')
    expect(other.body).toMatchObject({ after: { kind: 'backup', number: 2 } })
    const refused = async (path: string, actor = 'admin') => {
      const { status, body } = await get(path, actor as 'admin')
      return [status, body.code]
    }
    expect(await refused('/backups/1/compare/')).toEqual([400, 'invalid'])
    expect(await refused('/backups/1/compare/?with=')).toEqual([400, 'invalid'])
    expect(await refused('/backups/1/compare/?with=99')).toEqual([404, 'backup_not_found'])
    expect(await refused('/backups/99/compare/?with=live')).toEqual([404, 'backup_not_found'])
    expect(await refused('/backups/1/compare/?with=live', 'nothing')).toEqual([403, 'forbidden'])
    expect(await refused('/backups/1/compare/?with=live', 'stranger')).toEqual([401, 'unauthenticated'])
  })

  test('logs come as JSON and as a stream that goes on after the last one seen', async () => {
    const logs = await get('/backups/1/logs/')
    expect(logs.body.count).toBeGreaterThan(3)
    const stream = await face.fetch(
      '/backups/1/logs/',
      as('viewer', { accept: 'text/event-stream', 'last-event-id': '2' }),
    )
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    const events: SeenEvent[] = []
    for await (const event of readEvents(stream)) events.push(event)
    expect(events[0]).toMatchObject({ id: '3', event: 'log', data: { seq: 3 } })
    expect(events.at(-2)).toMatchObject({ event: 'task', data: { status: 'succeeded' } })
    expect(events.at(-1)?.event).toBe('end')
    const last = events.filter(({ event }) => event === 'log').at(-1)?.id ?? ''
    const again = await face.fetch(
      '/backups/1/logs/',
      as('viewer', { accept: 'text/event-stream', 'last-event-id': last }),
    )
    expect(again.status).toBe(204)
  })

  test('one stream follows every task from queued to its end', async () => {
    const left = new AbortController()
    const stream = await face.fetch('/events/', { ...as('viewer'), signal: left.signal })
    const made = await send('/backups/1/verify/', post({ level: 'manifest' }))
    expect(made.status).toBe(202)
    const seen: unknown[] = []
    for await (const { event, data } of readEvents(stream)) {
      if (event !== 'task' || data.task_id !== made.body.task_id) continue
      seen.push(data.status)
      if (data.status === 'succeeded') break
    }
    expect(seen.at(-1)).toBe('succeeded')
    left.abort()
    expect((await get('/backups/1/')).body.last_verified).toMatchObject({ level: 'manifest', ok: true })
  })

  test('a download is a pg_dump archive under its usual name', async () => {
    const response = await face.fetch('/backups/1/download/', as('admin'))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toMatch(/filename="shop_backup_\d{8}_\d{6}\.dump"/)
    expect(response.headers.get('accept-ranges')).toBe('none')
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.subarray(0, 5).toString()).toBe('PGDMP')
    expect(bytes.length).toBeGreaterThan(2000)
    expect((await send('/backups/1/download/?part=media', as('admin'))).status).toBe(404)
    const head = await face.fetch('/backups/1/download/', { method: 'HEAD', ...as('admin') })
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0])
  })

  test('uncompressed it has a length and parts, and the parts are those of the whole', async () => {
    const path = '/backups/1/download/?compression=0'
    const range = (bytes: string, headers: Record<string, string> = {}) =>
      face.fetch(path, as('admin', { range: `bytes=${bytes}`, ...headers }))
    const response = await face.fetch(path, as('admin'))
    const whole = Buffer.from(await response.arrayBuffer())
    const size = whole.length
    const tag = response.headers.get('etag') ?? ''
    expect([response.status, tag, ...seen(response)]).toEqual([
      200,
      expect.stringMatching(/^"[0-9a-f]{32}"$/),
      'bytes',
      String(size),
      null,
    ])
    expect(response.headers.get('transfer-encoding')).toBe(null)
    expect(await listed(whole)).toMatch(/TABLE DATA public orders/)

    const head = await face.fetch(path, { method: 'HEAD', ...as('admin', { range: 'bytes=0-9' }) })
    expect([head.status, ...seen(head), head.headers.get('etag')]).toEqual([200, 'bytes', String(size), null, tag])
    expect((await head.arrayBuffer()).byteLength).toBe(0)

    const parts: Buffer[] = []
    for (let start = 0; start < size; start += 30_000) {
      const last = Math.min(start + 30_000, size) - 1
      const part = await range(`${start}-${start + 29_999}`, { 'if-range': tag })
      expect([part.status, ...seen(part)]).toEqual([
        206,
        'bytes',
        `${last + 1 - start}`,
        `bytes ${start}-${last}/${size}`,
      ])
      parts.push(Buffer.from(await part.arrayBuffer()))
    }
    expect(parts.length).toBeGreaterThan(2)
    expect(Buffer.concat(parts).equals(whole)).toBe(true)
    for (const [asked, from] of [
      ['-17', size - 17],
      [`${size - 1}-`, size - 1],
    ] as const) {
      const end = await range(asked)
      expect(end.status).toBe(206)
      expect(Buffer.from(await end.arrayBuffer()).equals(whole.subarray(from))).toBe(true)
    }

    const beyond = await range(`${size}-`)
    expect([beyond.status, beyond.headers.get('content-range'), beyond.headers.get('content-type')]).toEqual([
      416,
      `bytes */${size}`,
      'application/problem+json',
    ])
    expect(await beyond.json()).toMatchObject({ code: 'range_not_satisfiable' })
    for (const other of [range('0-1,5-6'), range('5-1'), range('5-9', { 'if-range': '"another"' })]) {
      const answer = await other
      expect([answer.status, ...seen(answer)]).toEqual([200, 'bytes', String(size), null])
      expect(Buffer.from(await answer.arrayBuffer()).equals(whole)).toBe(true)
    }

    const plain = await face.fetch('/backups/1/download/?format=sql&compression=0', as('admin', { range: 'bytes=0-9' }))
    expect([plain.status, ...seen(plain), plain.headers.get('etag')]).toEqual([200, 'none', null, null, null])
    await plain.arrayBuffer()
  })

  test('a link may be used in parts, until one has reached the end', async () => {
    const made = await send('/backups/1/download-link/', post({ compression: 0 }))
    const path = String(made.body.url).slice(mountedAt.length)
    const part = async (bytes: string) => {
      const answer = await face.fetch(path, as('admin', { range: `bytes=${bytes}` }))
      return [answer.status, (await answer.arrayBuffer()).byteLength]
    }
    const head = await face.fetch(path, { method: 'HEAD', ...as('admin') })
    const size = Number(head.headers.get('content-length'))
    expect(await part('0-99')).toEqual([206, 100])
    expect((await part(`${size}-`))[0]).toBe(416)
    expect(await part('100-')).toEqual([206, size - 100])
    expect((await send(path, as('admin'))).body.code).toBe('link_expired')
  })

  test('a link downloads once, for the actor it was made for', async () => {
    const made = await send('/backups/1/download-link/', post({}))
    expect(made.status).toBe(201)
    const path = String(made.body.url).slice(mountedAt.length)
    expect((await send(path, as('operator'))).status).toBe(403)
    const first = await face.fetch(path, as('admin'))
    expect(
      Buffer.from(await first.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('PGDMP')
    expect((await send(path, as('admin'))).body.code).toBe('link_expired')
  })

  test('bodies that are too large, no JSON, or of another type are refused', async () => {
    const cases: [RequestInit, number, string][] = [
      [post(`{"name":"${'x'.repeat(5000)}"}`), 413, 'too_large'],
      [post({ name: 5 }), 400, 'invalid'],
      [post({ naem: 'x' }), 400, 'invalid'],
      [post('name=x', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'unsupported_media_type'],
      [post('{"name":"x"}', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
    ]
    for (const [init, status, code] of cases) {
      const answer = await send('/backups/create/', init)
      expect([answer.status, answer.body.code]).toEqual([status, code])
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
  })

  test('unknown paths, ids and methods have codes of their own', async () => {
    expect(await get('/nowhere/')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await get('/backups/99/')).toMatchObject({ status: 404, body: { code: 'backup_not_found' } })
    expect(await get('/tasks/t0/')).toMatchObject({ status: 404, body: { code: 'task_not_found' } })
    expect(await get('/restores/r0/')).toMatchObject({ status: 404, body: { code: 'restore_not_found' } })
    expect(await get('/backups/%E0%A4%A/')).toMatchObject({ status: 400 })
    const wrong = await send('/config/', { method: 'DELETE', ...as('admin') })
    expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'GET, POST',
    ])
  })

  test('configuration is changed in part, at once, and refused where it is wrong', async () => {
    expect((await get('/config/')).body).toMatchObject({ max_backups: 10, auto_backup_enabled: false })
    const changed = await send(
      '/config/',
      post({ max_backups: 3, auto_backup_enabled: true, time_zone: 'Europe/Paris' }),
    )
    expect(changed.body).toMatchObject({ max_backups: 3, auto_backup_hour: 2 })
    expect((await get('/schedule/')).body.results[0]).toMatchObject({
      enabled: true,
      cron: '0 2 * * *',
      time_zone: 'Europe/Paris',
      next_runs: expect.arrayContaining([expect.stringMatching(/T0[01]:00:00/)]),
    })
    expect((await send('/config/', post({ time_zone: 'Mars/Olympus' }))).status).toBe(400)
    expect((await send('/config/', post({ auto_backup_cron: '61 * * * *' }))).body.code).toBe('config_invalid')
    expect((await send('/config/', post({ backup_directory: '/etc' }))).body).toMatchObject({
      code: 'config_invalid',
      advice: expect.stringContaining('in code'),
    })
    // What a form sends back unchanged is no change.
    const { backup_directory } = changed.body
    expect((await send('/config/', post({ backup_directory }))).status).toBe(200)
    const back = await send('/config/', post({ auto_backup_enabled: null, max_backups: null, time_zone: '' }))
    expect(back.body).toMatchObject({ auto_backup_enabled: false, max_backups: 10, time_zone: null })
    await send('/config/', post({ time_zone: null }))
  })

  test('queued tasks wait while paused, are reordered and cancelled', async () => {
    await send('/tasks/pause/', post())
    const ids: string[] = []
    for (let n = 0; n < 3; n++) ids.push((await send('/backups/create/', post({ name: `waiting ${n}` }))).body.task_id)
    const [a, b, c] = ids as [string, string, string]
    expect((await get('/backups/?status=pending')).body.count).toBe(3)
    expect((await send('/tasks/reorder/', post({ task_ids: [c, a] }))).body).toEqual({ moved: [c, a] })
    const queued = await get('/tasks/?status=queued')
    expect(queued.body.results.map((task: Json) => task.task_id)).toEqual([c, a, b])
    for (const id of ids) expect((await send(`/tasks/${id}/cancel/`, post())).body.status).toBe('cancelled')
    expect((await send(`/tasks/${a}/cancel/`, post())).body.code).toBe('task_finished')
    await send('/tasks/resume/', post())
    expect((await get('/backups/?status=cancelled')).body.count).toBe(3)
  })

  test('a restore asks for confirmation with its plan, runs, is listed, and can be undone', async () => {
    await cluster.sql(setting.database, 'DELETE FROM orders')
    const asked = await send('/backups/1/restore/', post({ restore_media: true, run_migrations: true }))
    expect(asked).toMatchObject({
      status: 409,
      body: { code: 'confirmation_required', plan_hash: expect.any(String), plan: { strategy: 'swap' } },
    })
    expect((await send('/backups/1/restore/', post({ confirm: 'another' }))).body.code).toBe('plan_changed')
    const run = await send(
      '/backups/1/restore/',
      post({ restore_media: true, run_migrations: true, confirm: asked.body.plan_hash }),
    )
    expect(run.status).toBe(202)
    expect(await taskEnd(face.fetch, run.body.task_id)).toMatchObject({ status: 'succeeded' })
    expect(await cluster.sql(setting.database, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 2000 }])
    expect((await get('/restores/')).body).toMatchObject({
      count: 1,
      results: [{ id: run.body.id, status: 'succeeded', database: setting.database, rows: 2000 }],
    })
    expect((await get(`/restores/${run.body.id}/logs/`)).body.count).toBeGreaterThan(3)
    expect((await send('/backups/1/delete/', { method: 'DELETE', ...as('admin') })).body.code).toBe('needed_for_undo')
    // What an undo replaces is kept in its turn: undone once more the restore holds again.
    for (const [status, n] of [
      ['undone', 0],
      ['succeeded', 2000],
      ['undone', 0],
    ] as const) {
      const undo = await send(`/restores/${run.body.id}/undo/`, post())
      expect(await taskEnd(face.fetch, undo.body.task_id)).toMatchObject({ status: 'succeeded' })
      expect(await cluster.sql(setting.database, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n }])
      const { body } = await get(`/restores/${run.body.id}/`)
      expect(body).toMatchObject({ status, kept_database: expect.stringContaining('_before_') })
      expect(Date.parse(body.undo_until)).toBeGreaterThan(Date.now() + 6 * 86_400_000)
    }
  })

  test('a deletion asks for confirmation; pinned backups and the last good one stay', async () => {
    await send('/backups/2/pin/', post({ pinned: true }))
    const remove = (body?: unknown) => send('/backups/2/delete/', { ...post(body), method: 'DELETE' })
    expect((await remove()).body).toMatchObject({ status: 409, code: 'pinned' })
    const unpin = await send('/backups/2/pin/', post({ pinned: false }, {}, 'operator'))
    expect(unpin.body).toMatchObject({ status: 403, code: 'forbidden', permission: 'backups:delete' })
    await send('/backups/2/pin/', post({ pinned: false }))
    const asked = await remove()
    expect(asked.body).toMatchObject({ status: 409, code: 'confirmation_required', plan: { action: 'delete' } })
    expect((await remove({ confirm: asked.body.plan_hash })).status).toBe(204)
    expect((await get('/backups/2/')).status).toBe(404)
  })

  test('the audit log has it all, unbroken', async () => {
    const { body } = await get('/audit/?limit=500')
    const actions = new Set(body.results.map((event: Json) => `${event.action} ${event.outcome}`))
    for (const action of [
      'backups.create started',
      'backups.create succeeded',
      'restores.run started',
      'restores.run succeeded',
      'restores.undo succeeded',
      'backups.delete refused',
      'backups.delete succeeded',
    ])
      expect(actions).toContain(action)
    expect(body.chain).toMatchObject({ broken_at: null })
  })

  test('closing the host ends open streams and the engine', async () => {
    const stream = await face.fetch('/events/', as('viewer'))
    const drained = (async () => {
      for await (const _ of readEvents(stream)) void _
    })()
    const stopwatch = startStopwatch()
    closed = true
    await face.close()
    await drained
    expect(stopwatch.milliseconds()).toBeLessThan(5000)
    expect(insideOf(setting.engine).ground.stopping.aborted).toBe(true)
  })
})
