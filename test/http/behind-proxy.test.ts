import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { request as askByTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { allowLoopbackForDevelopment } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks, readDocument } from '../documents/markdown.ts'
import { type Certificates, makeCertificates } from '../managed/certificates.ts'
import { findCaddy, startCaddy } from './caddy.ts'
import { mountedAt, servers } from './faces.ts'
import { findNginx, startNginx } from './nginx.ts'
import { authorize, newSetting } from './setting.ts'

const [nginx, caddy] = await Promise.all([findNginx(), findCaddy()])
const whyNot = (found: object) => ('unavailable' in found ? ` (skipped: ${found.unavailable})` : '')

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

describe.skipIf('unavailable' in nginx)(`behind nginx${whyNot(nginx)}`, () => {
  const { command } = nginx as { command: string[] }

  async function behind(options: Parameters<OpenFaceOf>[1], more = '') {
    const setting = await newSetting(cluster)
    const face = await servers[0]!.open(setting.engine, options)
    const proxy = await startNginx(command, face.port as number, more)
    return {
      direct: face.fetch,
      /** As a page at https://shop.example sends it, or anybody. */
      ask: (path: string, headers: Record<string, string>, body?: object) =>
        fetch(`http://127.0.0.1:${proxy.port}${mountedAt}${path}`, {
          headers: { authorization: 'admin', ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
          ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
        }),
      async close() {
        await proxy.stop()
        await face.close()
        await setting.remove()
      },
    }
  }
  type OpenFaceOf = (typeof servers)[number]['open']

  const page = { origin: 'https://shop.example', cookie: 'session=1' }

  test('the plain proxy_pass, which rewrites Host: pages can do what their actor may, other sites nothing', async () => {
    const { ask, close } = await behind({ authorize })
    try {
      const own = { ...page, 'sec-fetch-site': 'same-origin' }
      expect((await ask('/backups/', own)).status).toBe(200)
      expect((await ask('/config/', own, { max_backups: 11 })).status).toBe(200)
      for (const other of [
        { ...page, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
        { ...page, origin: 'https://evil.example' },
      ])
        expect(await (await ask('/config/', other, { max_backups: 12 })).json()).toMatchObject({
          code: 'cross_site',
          advice: expect.stringContaining('proxy_set_header Host $http_host'),
        })
    } finally {
      await close()
    }
  })

  test('with the advised line a page over plain HTTP gets through too', async () => {
    const { ask, close } = await behind({ authorize }, 'proxy_set_header Host $http_host;')
    try {
      const own = async (path: string) =>
        ask(path, { cookie: 'session=1', origin: await originOf() }, { max_backups: 11 })
      const originOf = async () => new URL((await ask('/', {})).url).origin
      expect((await own('/config/')).status).toBe(200)
    } finally {
      await close()
    }
  })

  test('development mode takes nobody behind it for an administrator', async () => {
    const { ask, direct, close } = await behind({ authorize: allowLoopbackForDevelopment(() => {}) })
    try {
      expect((await direct('/backups/')).status).toBe(200)
      const asked: Record<string, string>[] = [
        {},
        page,
        { ...page, 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
      ]
      for (const headers of asked) expect((await ask('/backups/', headers)).status).toBeOneOf([401, 403])
    } finally {
      await close()
    }
  })
})

describe.skipIf('unavailable' in caddy)(`behind Caddy, with the block of docs/cookbook.md${whyNot(caddy)}`, () => {
  const { command } = caddy as { command: string[] }
  const [block] = codeBlocks(readDocument('docs/cookbook.md'), '## Behind a proxy')
  const sites = (block?.text ?? '').replace('/api/backup', mountedAt)
  let certificates: Certificates
  beforeAll(async () => {
    certificates = await makeCertificates()
  })
  afterAll(() => certificates?.remove())

  /** One request over TLS; the answer as its head has come. */
  const ask = (url: string, headers: Record<string, string>, body?: object) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const ofBody = body
        ? { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
        : { headers }
      askByTls(url, { ca: readFileSync(certificates.ca), ...ofBody }, resolve)
        .on('error', reject)
        .end(body && JSON.stringify(body))
    })

  test('it says who asks, by which host and by TLS, and believes no client', async () => {
    const upstream = createServer(({ headers }, response) => response.end(JSON.stringify(headers)))
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const proxy = await startCaddy(command, sites, { upstream: (upstream.address() as AddressInfo).port, certificates })
    try {
      const forged = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http' }
      expect(JSON.parse(await text(await ask(`${proxy.origin}${mountedAt}/`, forged)))).toMatchObject({
        host: new URL(proxy.origin).host,
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      })
      expect(await text(await ask(`${proxy.origin}/elsewhere`, {}))).toBe('')
    } finally {
      await proxy.stop()
      upstream.close()
    }
  })

  test('pages of its origin do what their actor may, others nothing; events come at once; nobody is at home', async () => {
    const setting = await newSetting(cluster)
    const face = await servers[0]!.open(setting.engine, { authorize })
    const development = await newSetting(cluster)
    const open = await servers[0]!.open(development.engine, { authorize: allowLoopbackForDevelopment(() => {}) })
    const proxy = await startCaddy(command, sites, { upstream: face.port as number, certificates })
    const before = await startCaddy(command, sites, { upstream: open.port as number, certificates })
    try {
      const api = `${proxy.origin}${mountedAt}`
      const own = { authorization: 'admin', cookie: 'session=1', origin: proxy.origin }
      expect((await ask(`${api}/config/`, own, { max_backups: 11 })).statusCode).toBe(200)
      const other = await ask(`${api}/config/`, { ...own, origin: 'https://evil.example' }, { max_backups: 12 })
      expect(JSON.parse(await text(other))).toMatchObject({ code: 'cross_site' })

      const events = await ask(`${api}/events/`, { authorization: 'viewer' })
      const [first] = (await new Promise((resolve) => events.once('data', (...data) => resolve(data)))) as [Buffer]
      expect(first.toString()).toContain('retry:')
      events.destroy()

      expect((await ask(`${before.origin}${mountedAt}/backups/`, {})).statusCode).toBeOneOf([401, 403])
    } finally {
      await Promise.all([proxy.stop(), before.stop()])
      await Promise.all([face.close(), open.close()])
      await Promise.all([setting.remove(), development.remove()])
    }
  })
})
