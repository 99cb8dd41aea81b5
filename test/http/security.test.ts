import type { Permission } from '@lifeboat/core'
import { allowLoopbackForDevelopment, type Connection, createHandler, type Handler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { authorize, newSetting } from './setting.ts'

let cluster: TemporaryCluster
let setting: Awaited<ReturnType<typeof newSetting>>
let handler: Handler
let rows: { method: string; path: string; permission: Permission; body: boolean }[]
const local = { address: '127.0.0.1' }

function request(method: string, path: string, headers: Record<string, string> = {}, body?: string): Request {
  return new Request(`http://localhost:8000/api/${path}`, {
    method,
    headers: { host: 'localhost:8000', ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

const codeOf = async (response: Response) => {
  const { code } = (await response.json()) as { code: string }
  return [response.status, code]
}

/** What a route cannot do without, where an empty body would be refused before the id is looked up. */
const needed: Record<string, object> = {
  'alarms/:alarm/acknowledge': { reason: 'looked at' },
  'approvals/:id/break-glass': { reason: 'the shop is down' },
  'approvals/:id/reject': { reason: 'not now' },
  'backups/:id/extract': { table: 'orders', into: 'found' },
  'backups/:id/patch': { table: 'orders' },
  'backups/:id/patch-plan': { table: 'orders' },
  'backups/:id/query': { sql: 'SELECT 1' },
  'backups/:id/trust': { reason: 'made by us' },
}

const neededQuery: Record<string, string> = {
  'backups/:id/masking/preview': '?table=t',
  'backups/:id/compare': '?with=live',
  'backups/:id/lost-rows': '?table=orders',
}

/** A path of the route with ids that are not there. */
const concrete = (path: string) =>
  path
    .replace(/:task_id/, 'tabcdefghjkmnpqr')
    .replace(/:token/, 'AAAA')
    .replace(/:id/, 'bzzzzzzzzzzzzzzz')

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  setting = await newSetting(cluster)
  handler = createHandler(setting.engine, {
    basePath: '/api',
    authorize,
    limits: { bodyBytes: 2000, requestsPerMinute: 100_000 },
  })
  await setting.engine.start()
  const list = await handler(request('GET', '', { authorization: 'admin' }), local)
  const document = await handler(request('GET', 'openapi.json', { authorization: 'admin' }), local)
  const { paths } = (await document.json()) as {
    paths: Record<string, Record<string, { requestBody?: { content: object } }>>
  }
  const bodies = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      // A file that is uploaded is no JSON.
      Object.entries(methods).flatMap(([method, { requestBody }]) =>
        'application/json' in (requestBody?.content ?? {}) ? [`${method} ${path}`] : [],
      ),
    ),
  )
  const { routes } = (await list.json()) as { routes: typeof rows }
  rows = routes.map((row) => ({
    ...row,
    body: bodies.has(`${row.method.toLowerCase()} /${row.path.replaceAll(/:(\w+)/g, '{$1}')}/`),
  }))
})
afterAll(async () => {
  await setting?.engine.stop()
  await setting?.remove()
  await cluster?.stop()
})

describe('every route', () => {
  test('is in the table', () => {
    expect(rows.length).toBeGreaterThan(35)
    expect(rows.filter(({ body }) => body).length).toBeGreaterThan(8)
  })

  test('answers nobody without an actor, known path or not', async () => {
    for (const { method, path } of [...rows, { method: 'GET', path: 'nowhere' }])
      expect([path, ...(await codeOf(await handler(request(method, concrete(path)), local)))]).toEqual([
        path,
        401,
        'unauthenticated',
      ])
  })

  test('refuses an actor without the permission', async () => {
    for (const { method, path, permission } of rows) {
      const response = await handler(request(method, concrete(path), { authorization: 'nothing' }), local)
      expect([path, permission, ...(await codeOf(response))]).toEqual([path, permission, 403, 'forbidden'])
    }
  })

  test('refuses browsers on other sites, whatever they say', async () => {
    const crossSite: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', cookie: 'session=1' },
      { origin: 'https://evil.example', 'x-requested-with': 'fetch', 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:8001' },
      { cookie: 'session=1', referer: 'https://evil.example/localhost:8000/' },
    ]
    for (const { method, path } of rows)
      for (const headers of crossSite) {
        const response = await handler(request(method, concrete(path), { authorization: 'admin', ...headers }), local)
        expect([path, headers, ...(await codeOf(response))]).toEqual([path, headers, 403, 'cross_site'])
      }
  })

  test('refuses a body that is malformed, too large or of an unknown shape', async () => {
    for (const { method, path, body } of rows) {
      if (!body) continue
      const cases = [
        ['{', 400, 'malformed'],
        ['[]', 400, 'invalid'],
        ['{"surprise":1}', 400, 'invalid'],
        [`{"x":"${'y'.repeat(3000)}"}`, 413, 'too_large'],
      ] as const
      for (const [text, status, code] of cases) {
        const headers = { authorization: 'admin', 'content-type': 'application/json' }
        const response = await handler(request(method, concrete(path), headers, text), local)
        expect([path, text.slice(0, 20), ...(await codeOf(response))]).toEqual([path, text.slice(0, 20), status, code])
      }
    }
  })

  test('says 404 for an id that is not there', async () => {
    for (const { method, path } of rows) {
      // A schedule is made under the name that is given.
      if (!path.includes(':') || `${method} ${path}` === 'POST schedule/:name') continue
      const body = path.endsWith('download-link') || method === 'POST' ? JSON.stringify(needed[path] ?? {}) : undefined
      const headers = { authorization: 'admin', ...(body ? { 'content-type': 'application/json' } : {}) }
      const response = await handler(
        request(method, `${concrete(path)}${neededQuery[path] ?? ''}`, headers, body),
        local,
      )
      expect([path, response.status]).toEqual([path, 404])
    }
  })
})

describe('access', () => {
  test('nothing is mounted without authorize', () => {
    expect(() => createHandler(setting.engine, {} as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  test('an authorize that throws lets nobody in and tells nobody why', async () => {
    const told: unknown[] = []
    const broken = createHandler(setting.engine, {
      authorize: () => {
        throw new Error('session store at 10.0.0.7 is down')
      },
      onError: (error) => told.push(error),
    })
    const response = await broken(new Request('http://localhost/config/'))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('10.0.0.7')
    expect(told).toHaveLength(1)
  })

  test('an allowed origin gets through with a custom header only', async () => {
    const allowed = createHandler(setting.engine, { authorize, basePath: '/api', origins: ['https://admin.example'] })
    const from = { authorization: 'viewer', origin: 'https://admin.example', 'sec-fetch-site': 'cross-site' }
    expect((await allowed(request('GET', 'config', from))).status).toBe(403)
    expect((await allowed(request('GET', 'config', { ...from, 'x-lifeboat': '1' }))).status).toBe(200)
  })

  test('same-origin pages and plain clients get through', async () => {
    const headers: Record<string, string>[] = [
      {},
      { origin: 'http://localhost:8000', cookie: 'session=1' },
      { 'sec-fetch-site': 'same-origin', cookie: 'session=1' },
      { cookie: 'session=1', referer: 'http://localhost:8000/admin' },
      { 'sec-fetch-site': 'none', cookie: 'session=1' },
    ]
    for (const one of headers)
      expect((await handler(request('GET', 'config', { authorization: 'viewer', ...one }), local)).status).toBe(200)
    const post = { authorization: 'admin', 'content-type': 'application/json' }
    const change = (extra: Record<string, string>) =>
      handler(request('POST', 'config', { ...post, ...extra }, '{}'), local)
    expect((await change({})).status).toBe(200)
    expect((await change({ cookie: 'session=1' })).status).toBe(403)
    expect((await change({ cookie: 'session=1', 'sec-fetch-site': 'none' })).status).toBe(403)
    expect((await change({ cookie: 'session=1', origin: 'http://localhost:8000' })).status).toBe(200)
  })

  test('development mode is for this machine alone, and says what it is', async () => {
    const said: string[] = []
    const development = createHandler(setting.engine, {
      basePath: '/api',
      authorize: allowLoopbackForDevelopment((message) => said.push(message)),
    })
    expect(said.join()).toContain('DEVELOPMENT MODE')
    const status = async (connection: Partial<Connection>, headers: Record<string, string> = {}) =>
      (await development(request('GET', 'config', headers), connection)).status
    expect(await status({ address: '127.0.0.1' })).toBe(200)
    expect(await status({ address: '::ffff:127.0.0.1' })).toBe(200)
    expect(await status({ address: '10.0.0.1' })).toBe(401)
    expect(await status({})).toBe(401)
    expect(await status({ address: '127.0.0.1' }, { 'x-forwarded-for': '10.0.0.1' })).toBe(401)
    expect(await status({ address: '127.0.0.1' }, { host: 'rebound.example:8000' })).toBe(401)
    expect(await status({ address: '127.0.0.1' }, { connection: 'close' })).toBe(401)
    expect(await status({ address: '127.0.0.1' }, { referer: 'https://shop.example/' })).toBe(401)
    expect(await status({ address: '127.0.0.1' }, { referer: 'http://localhost:8000/api/ui/' })).toBe(200)
  })

  test.each(['production', ''])('development mode is refused where NODE_ENV is "%s"', (environment) => {
    vi.stubEnv('NODE_ENV', environment)
    try {
      expect(() => allowLoopbackForDevelopment(() => {})).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('downloads go over plain HTTP only on this machine, unless allowed by name', async () => {
    const plain = createHandler(setting.engine, { basePath: '/api', authorize, allowPlainHttpDownloads: true })
    const code = async (served: Handler, connection: Partial<Connection>) =>
      (await codeOf(await served(request('GET', 'backups/7/download', { authorization: 'admin' }), connection)))[1]
    expect(await code(handler, { address: '10.0.0.1' })).toBe('plain_http')
    expect(await code(handler, {})).toBe('plain_http')
    expect(await code(handler, { address: '10.0.0.1', encrypted: true })).toBe('backup_not_found')
    expect(await code(handler, local)).toBe('backup_not_found')
    expect(await code(plain, { address: '10.0.0.1' })).toBe('backup_not_found')
  })

  test('too many requests of one actor wait; others do not', async () => {
    const limited = createHandler(setting.engine, { basePath: '/api', authorize, limits: { requestsPerMinute: 3 } })
    const ask = (authorization: string, address: string) =>
      limited(request('GET', 'config', { authorization }), { address })
    for (let n = 0; n < 3; n++) expect((await ask('viewer', '10.0.0.1')).status).toBe(200)
    const refused = await ask('viewer', '10.0.0.1')
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 20])
    expect((await ask('viewer', '10.0.0.2')).status).toBe(200)
    expect((await ask('admin', '10.0.0.1')).status).toBe(200)
  })

  test('600 requests of nobody known do not lock out the administrator behind the same proxy', async () => {
    const limited = createHandler(setting.engine, { basePath: '/api', authorize })
    const ask = async (authorization: string) =>
      (await limited(request('GET', 'config', { authorization }), { address: '10.0.0.1' })).status
    for (let n = 0; n < 600; n++) expect(await ask('stranger')).toBe(401)
    // What has become free again in the time that these took may be used too.
    let status = 401
    for (let n = 0; n < 6000 && status === 401; n++) status = await ask('stranger')
    expect(status).toBe(429)
    expect(await ask('admin')).toBe(200)
  })

  test('pages and the calls they make do not use up each other', async () => {
    const limits = { requestsPerMinute: 60 }
    const ui = { page: '<!doctype html><html><head></head></html>', files: new Map() }
    const limited = createHandler(setting.engine, { basePath: '/api', authorize, limits, ui })
    const status = async (path: string) =>
      (await limited(request('GET', path, { authorization: 'viewer', accept: 'text/html' }), local)).status
    for (let n = 0; n < 60; n++) expect(await status('session')).toBe(200)
    expect(await status('session')).toBe(429)
    for (let n = 0; n < 60; n++) expect(await status('ui/')).toBe(200)
    const refused = await limited(request('GET', 'ui/', { authorization: 'viewer' }), local)
    expect([refused.status, await refused.json()]).toMatchObject([429, { detail: 'Wait 1 second.' }])
  })

  test('streams are bounded, and one that ends makes room', async () => {
    const limited = createHandler(setting.engine, { basePath: '/api', authorize, limits: { streams: 1 } })
    const open = () => limited(request('GET', 'events', { authorization: 'viewer' }), local)
    const first = await open()
    expect(first.status).toBe(200)
    expect((await open()).status).toBe(429)
    await first.body?.cancel()
    const head = await limited(request('HEAD', 'events', { authorization: 'viewer' }), local)
    expect([head.status, head.body]).toEqual([200, null])
    const second = await open()
    expect(second.status).toBe(200)
    await second.body?.cancel()
  })

  test("a viewer's streams starve neither other people's streams nor a download", async () => {
    const limits = { streams: 3, downloads: 1, perActor: 2 }
    const limited = createHandler(setting.engine, { basePath: '/api', authorize, limits })
    const open = (who: string) => limited(request('GET', 'events', { authorization: who }), local)
    const streams = [await open('viewer'), await open('viewer')]
    expect(await codeOf(await open('viewer'))).toEqual([429, 'too_many_streams'])
    streams.push(await open('operator'))
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await codeOf(await open('admin'))).toEqual([429, 'too_many_streams'])
    const { id } = await setting.engine.backups.create()
    const download = () => limited(request('GET', `backups/${id}/download`, { authorization: 'admin' }), local)
    const first = await download()
    expect(first.status).toBe(200)
    await first.arrayBuffer()
    for (const stream of streams) await stream.body?.cancel()
  })

  test('downloads have a limit of their own', async () => {
    const limited = createHandler(setting.engine, { basePath: '/api', authorize, limits: { downloads: 0 } })
    await setting.engine.backups.create()
    const download = await limited(request('GET', 'backups/latest/download', { authorization: 'admin' }), local)
    expect(await codeOf(download)).toEqual([429, 'too_many_downloads'])
  })

  test('what was refused is in the audit log, with the actor and the address', async () => {
    await handler(request('POST', 'backups/create', { authorization: 'viewer' }), { address: '10.0.0.9' })
    const [event] = (await setting.engine.audit.list({ actor: 'viewer' })).results
    expect(event).toMatchObject({ action: 'backups.create', outcome: 'refused', address: '10.0.0.9' })
  })
})

test('the OpenAPI document describes every route, without dangling references', async () => {
  const response = await handler(request('GET', 'openapi.json', { authorization: 'viewer' }), local)
  const document = (await response.json()) as {
    openapi: string
    paths: Record<string, Record<string, { operationId: string; parameters: { in: string; name: string }[] }>>
    components: { schemas: Record<string, object> }
  }
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  )
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { method, path } of rows)
    expect(
      operations.some(
        (one) =>
          one.method === method.toLowerCase() &&
          one.path.replace(/\/$/, '') === `/${path.replaceAll(/:(\w+)/g, '{$1}')}`.replace(/\/$/, ''),
      ),
    ).toBe(true)
  for (const { path, parameters } of operations)
    expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(
      parameters.filter((one) => one.in === 'path').map(({ name }) => name),
    )
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference)
  for (const name of ['problem', 'backup', 'task', 'restore', 'statistics', 'doctor_report', 'retention_preview'])
    expect(references).toContain(`#/components/schemas/${name}`)
  const parts = new Set([
    ...Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`),
    '#/components/responses/problem',
  ])
  expect(references.filter((reference) => !parts.has(reference ?? ''))).toEqual([])
  expect(document.components.schemas.problem).toMatchObject({
    type: 'object',
    required: expect.arrayContaining(['code']),
  })
})
