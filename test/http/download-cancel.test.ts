import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, authorize, newSetting } from './setting.ts'

let cluster: TemporaryCluster
let setting: Awaited<ReturnType<typeof newSetting>>
let ask: (path: string) => Promise<Response>
const unhandled: unknown[] = []
const note = (error: unknown) => unhandled.push(error)
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  setting = await newSetting(cluster)
  await cluster.sql(
    setting.database,
    'CREATE TABLE big AS SELECT n, md5(random()::text || n) AS text FROM generate_series(1, 100000) AS n',
  )
  await setting.engine.backups.create()
  const handler = createHandler(setting.engine, { authorize, limits: { streams: 2 } })
  ask = (path) => handler(new Request(`http://localhost${path}`, as('admin')), { address: '127.0.0.1' })
  process.on('uncaughtException', note).on('unhandledRejection', note)
})
afterAll(async () => {
  process.off('uncaughtException', note).off('unhandledRejection', note)
  await setting?.engine.stop()
  await setting?.remove()
  await cluster?.stop()
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 300))

test.each(['', '?format=sql', '?compression=0'])(
  'a download%s whose body is cancelled, unread or half read, harms nobody and gives its place back',
  async (query) => {
    for (let n = 0; n < 4; n++) {
      const response = await ask(`/backups/1/download/${query}`)
      expect(response.status).toBe(200)
      if (n % 2 === 0) await response.body?.cancel()
      else {
        const reader = response.body?.getReader()
        await reader?.read()
        await reader?.cancel(n === 1 ? new Error('Enough.') : undefined)
      }
      await settled()
    }
    expect(unhandled).toEqual([])
    expect((await (await ask(`/backups/1/download/${query}`)).arrayBuffer()).byteLength).toBeGreaterThan(1_000_000)
  },
)
