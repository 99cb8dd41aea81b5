import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isEngineError } from '@lifeboat/core'
import {
  createAzureStorage,
  createGcsStorage,
  createS3Storage,
  type Storage,
  StorageObjectMissing,
} from '@lifeboat/core/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A store that answers every request by pointing elsewhere; the place it points to counts who comes. */
let store: Server
let elsewhere: Server
let visits = 0
let status = 307
const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  elsewhere = createServer((_request, response) => {
    visits++
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '8' }).end('metadata')
  })
  store = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const location = `http://127.0.0.1:${portOf(elsewhere)}/latest/meta-data`
      response.writeHead(status, { location, 'content-length': '0' }).end()
    })
  })
  for (const server of [store, elsewhere]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  for (const server of [store, elsewhere]) {
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve))
  }
})

const endpoint = () => `http://127.0.0.1:${portOf(store)}`
const storages: Record<string, () => Storage> = {
  s3: () =>
    createS3Storage({
      bucket: 'shop',
      endpoint: endpoint(),
      credentials: { accessKeyId: 'tests', secretAccessKey: 'canary' },
    }),
  azure: () =>
    createAzureStorage({
      container: 'shop',
      account: 'shop',
      accountKey: Buffer.from('canary').toString('base64'),
      endpoint: endpoint(),
    }),
  gs: () => createGcsStorage({ bucket: 'shop', endpoint: endpoint(), projectId: 'shop' }),
}
const operations: Record<string, (storage: Storage) => Promise<unknown>> = {
  put: (storage) => storage.put('packs/a', Buffer.from('data'), { ifAbsent: true }),
  get: (storage) => storage.get('packs/a'),
  'get a range': (storage) => storage.get('packs/a', { offset: 1, length: 2 }),
  stat: (storage) => storage.stat('packs/a'),
  list: (storage) => Array.fromAsync(storage.list('packs/')),
  delete: (storage) => storage.delete('packs/a'),
}

describe.each(Object.keys(storages))('%s follows no redirect', (name) => {
  test.each([301, 302, 307, 308])('of status %d', async (answer) => {
    status = answer
    const storage = storages[name]?.() as Storage
    try {
      for (const [operation, run] of Object.entries(operations)) {
        visits = 0
        const outcome = await run(storage).catch((error: unknown) => error)
        expect(visits, `${operation} went there`).toBe(0)
        expect(isEngineError(outcome) || outcome instanceof StorageObjectMissing, `${operation}: ${outcome}`).toBe(true)
      }
    } finally {
      await storage.close?.()
    }
  })
})
