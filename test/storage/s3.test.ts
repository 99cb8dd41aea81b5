import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { storageConformance } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createS3Storage } from '../../packages/core/src/storage/s3.ts'
import { motoUnavailable, type S3Server, startMoto } from './moto.ts'

const unavailable = await motoUnavailable()

describe.skipIf(unavailable)(`S3${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let server: S3Server
  let counter = 0
  beforeAll(async () => {
    server = await startMoto()
    await server.createBucket('backups')
  })
  afterAll(() => server?.stop())

  const open = (more: Partial<Parameters<typeof createS3Storage>[0]> = {}) =>
    createS3Storage({
      bucket: 'backups',
      prefix: `run/${++counter}`,
      endpoint: server.endpoint,
      credentials: server.credentials,
      ...more,
    })

  for (const check of storageConformance)
    test(check.name, async () => {
      const storage = open()
      await check.run(storage)
      await storage.close?.()
    })

  test('a prefix ends at a slash: its neighbours are not seen', async () => {
    await open({ prefix: 'shop' }).put('config', Buffer.from('ours'))
    await open({ prefix: 'shop2' }).put('config', Buffer.from('theirs'))
    const names: string[] = []
    for await (const { name } of open({ prefix: 'shop' }).list('')) names.push(name)
    expect(names).toEqual(['config'])
  })

  test('a bucket that is not there is STORAGE_GONE, whatever is asked', async () => {
    const storage = open({ bucket: 'nowhere' })
    const gone = expect.objectContaining({ code: 'STORAGE_GONE' })
    await expect(storage.put('a', Buffer.from('1'))).rejects.toEqual(gone)
    await expect(storage.get('a')).rejects.toEqual(gone)
    await expect(storage.list('')[Symbol.asyncIterator]().next()).rejects.toEqual(gone)
  })

  test('the class is that of packs alone, and encryption by the store is asked for', async () => {
    const { HeadObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const storage = open({ prefix: 'classes', storageClass: 'STANDARD_IA', sse: 'AES256' })
    await storage.put('packs/ab/one', Buffer.from('1'))
    await storage.put('index/two', Buffer.from('2'))
    const client = new S3Client({
      endpoint: server.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: server.credentials,
    })
    const head = (name: string) => client.send(new HeadObjectCommand({ Bucket: 'backups', Key: `classes/${name}` }))
    expect(await head('packs/ab/one')).toMatchObject({ StorageClass: 'STANDARD_IA', ServerSideEncryption: 'AES256' })
    expect((await head('index/two')).StorageClass).toBeUndefined()
    client.destroy()
  })
})

/** A store that answers as told. */
async function answering(answer: (method: string, url: string) => { status: number; headers?: object; body?: string }) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      seen.push(`${request.method} ${request.url}`)
      const { status, headers, body } = answer(request.method ?? '', request.url ?? '')
      response.writeHead(status, { ...headers }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const storage = createS3Storage({
    bucket: 'backups',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'tests', secretAccessKey: 'canary-secret-access-key' },
  })
  return {
    storage,
    seen,
    async close() {
      await storage.close?.()
      server.closeAllConnections()
      server.close()
    },
  }
}

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Because.</Message></Error>`

describe('what stores answer', () => {
  test.each([
    [403, 'AccessDenied', 'STORAGE_DENIED'],
    [400, 'AuthorizationHeaderMalformed', 'STORAGE_DENIED'],
    [400, 'RequestTimeout', 'STORAGE_FAILED'],
    [404, 'NoSuchBucket', 'STORAGE_GONE'],
    [429, 'TooManyRequests', 'STORAGE_FAILED'],
    [500, 'InternalError', 'STORAGE_FAILED'],
    [503, 'SlowDown', 'STORAGE_FAILED'],
    [507, 'XMinioStorageFull', 'STORAGE_FULL'],
  ])('%i %s is %3$s', async (status, code, expected) => {
    const { storage, seen, close } = await answering(() => ({ status, body: xml(code) }))
    const error = await storage.put('a', Buffer.from('1')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: expected })
    expect(seen).toHaveLength(1)
    expect(JSON.stringify([error, String(error), (error as Error).cause])).not.toContain('canary')
    await close()
  })

  test('one that ignores If-None-Match is refused with the first put-if-absent', async () => {
    const { storage, close } = await answering(() => ({ status: 200, headers: { etag: '"1"' } }))
    await expect(storage.put('a', Buffer.from('1'), { ifAbsent: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('If-None-Match'),
    })
    await close()
  })

  test('one that ignores ranges is refused, and a body that breaks off is a failure', async () => {
    const ignoring = await answering(() => ({ status: 200, headers: { 'content-length': '10' }, body: '0123456789' }))
    await expect(ignoring.storage.get('a', { offset: 2, length: 3 })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(String(await ignoring.storage.get('a'))).toBe('0123456789')
    await ignoring.close()
  })

  test('two conditional writes at the same moment (409) are tried again', async () => {
    let puts = 0
    const { storage, close } = await answering(() =>
      ++puts < 3
        ? { status: 409, body: xml('ConditionalRequestConflict') }
        : { status: 412, body: xml('PreconditionFailed') },
    )
    expect(await storage.put('a', Buffer.from('1'), { ifAbsent: true })).toBe(false)
    expect(puts).toBe(3)
    await close()
  })

  test('an abort ends a request that hangs', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const storage = createS3Storage({
      bucket: 'backups',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'tests', secretAccessKey: 'x' },
    })
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    await expect(storage.get('a', { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    server.closeAllConnections()
    server.close()
  })
})
