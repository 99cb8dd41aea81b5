import { allowLoopbackForDevelopment } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mountedAt, servers } from './faces.ts'
import { findNginx, startNginx } from './nginx.ts'
import { authorize, newSetting } from './setting.ts'

const nginx = await findNginx()
const why = 'unavailable' in nginx ? ` (skipped: ${nginx.unavailable})` : ''

describe.skipIf('unavailable' in nginx)(`behind nginx${why}`, () => {
  const { command } = nginx as { command: string[] }
  let cluster: TemporaryCluster
  beforeAll(async () => {
    cluster = await startTemporaryCluster()
  })
  afterAll(() => cluster?.stop())

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
