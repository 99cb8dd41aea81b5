import { setTimeout as sleep } from 'node:timers/promises'
import { storageConformance } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGcsStorage } from '../../packages/core/src/storage/gcs.ts'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'
import { type GcsFake, startGcsFake } from './gcs-fake.ts'
import { startTcpProxy } from './tcp-proxy.ts'

describe('Google Cloud Storage (a fake of its JSON API)', () => {
  let server: GcsFake
  let counter = 0
  beforeAll(async () => {
    server = await startGcsFake('backups')
  })
  afterAll(() => server?.stop())

  const open = (bucket = 'backups') =>
    createGcsStorage({ bucket, prefix: `run/${++counter}`, endpoint: server.endpoint, projectId: 'tests' })

  for (const check of storageConformance) test(check.name, () => check.run(open()))

  test('a write that is aborted on its way is not carried out later', async () => {
    const proxy = await startTcpProxy(Number(new URL(server.endpoint).port), { bytesPerSecond: 8_000_000 })
    try {
      const slow = createGcsStorage({ bucket: 'backups', prefix: 'slow', endpoint: `http://127.0.0.1:${proxy.port}` })
      const signal = AbortSignal.timeout(300)
      await expect(slow.put('a', Buffer.alloc(24_000_000), { signal })).rejects.toMatchObject({ code: 'ABORTED' })
      await sleep(4_000)
      expect(await slow.stat('a')).toBe(null)
    } finally {
      proxy.cutAll()
      await proxy.stop()
    }
  })

  test('a bucket that is not there is STORAGE_GONE', async () => {
    const gone = expect.objectContaining({ code: 'STORAGE_GONE' })
    await expect(open('nowhere').put('a', Buffer.from('1'))).rejects.toEqual(gone)
    await expect(open('nowhere').get('a')).rejects.toEqual(gone)
  })

  test('a URL says it all', async () => {
    const storage = openStorage(`gs://backups/by/url?endpoint=${server.endpoint}&project=tests`)
    await storage.put('a', Buffer.from('1'))
    expect(String(await openStorage(storage.location).get('a'))).toBe('1')
  })
})
