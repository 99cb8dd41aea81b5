import { createServer, request as forward } from 'node:http'
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

/** As Cloudflare R2 and older Ceph once did: what has a header of checksums that they do not know is refused. */
describe.skipIf(unavailable)(`S3 without CRC32${unavailable ? ' (skipped)' : ''}`, () => {
  let server: S3Server
  let proxy: Awaited<ReturnType<typeof withoutChecksums>>
  let counter = 0
  beforeAll(async () => {
    server = await startMoto()
    await server.createBucket('backups')
    proxy = await withoutChecksums(server.endpoint)
  })
  afterAll(async () => {
    await proxy?.close()
    await server?.stop()
  })

  for (const check of storageConformance)
    test(check.name, async () => {
      const prefix = `plain/${++counter}`
      const storage = createS3Storage({
        ...{ bucket: 'backups', prefix, endpoint: proxy.endpoint, credentials: server.credentials },
      })
      await check.run(storage)
      await storage.close?.()
    })
})

/** In front of a store: answers 501 to every request with a header of checksums. */
async function withoutChecksums(endpoint: string) {
  const to = new URL(endpoint)
  const server = createServer((request, response) => {
    const { headers, method, url } = request
    const isModern =
      Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum|^x-amz-trailer/.test(name)) ||
      /aws-chunked/.test(String(headers['content-encoding'] ?? ''))
    if (isModern) {
      request.resume().on('end', () => response.writeHead(501).end(xml('NotImplemented')))
      return
    }
    const onward = forward({ host: to.hostname, port: to.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

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
  test('a cap that only a sentence names is a full storage', async () => {
    const body = xml('AccessDenied').replace(
      'Because.',
      'Cannot upload files, storage cap exceeded. See the Caps page.',
    )
    const { storage, close } = await answering(() => ({ status: 403, body }))
    await expect(storage.put('a', Buffer.from('1'))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    await close()
  })

  test('a clock that is wrong is called so, with what to do', async () => {
    const { storage, close } = await answering(() => ({ status: 403, body: xml('RequestTimeTooSkewed') }))
    const error = await storage.put('a', Buffer.from('1')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'STORAGE_CLOCK', advice: expect.stringContaining('clock') })
    await close()
  })

  test('a store without conditional writes is refused by the name of what it lacks, and not tried again', async () => {
    const { storage, seen, close } = await answering(() => ({ status: 501, body: xml('NotImplemented') }))
    await expect(storage.put('a', Buffer.from('1'), { ifAbsent: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('conditional writes'),
    })
    expect(seen).toHaveLength(1)
    await close()
    const body = xml('InvalidArgument').replace(
      'Because.',
      "Unsupported header 'if-none-match' received for this API call.",
    )
    const other = await answering(() => ({ status: 400, body }))
    await expect(other.storage.put('a', Buffer.from('1'), { ifAbsent: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await other.close()
  })

  test.each([
    [403, 'AccessDenied', 'STORAGE_DENIED'],
    [400, 'AuthorizationHeaderMalformed', 'STORAGE_DENIED'],
    [400, 'RequestTimeout', 'STORAGE_FAILED'],
    [404, 'NoSuchBucket', 'STORAGE_GONE'],
    [429, 'TooManyRequests', 'STORAGE_FAILED'],
    [500, 'InternalError', 'STORAGE_FAILED'],
    [503, 'SlowDown', 'STORAGE_FAILED'],
    [507, 'XMinioStorageFull', 'STORAGE_FULL'],
    [403, 'QuotaExceeded', 'STORAGE_FULL'],
    [400, 'XMinioAdminBucketQuotaExceeded', 'STORAGE_FULL'],
    [403, 'RequestTimeTooSkewed', 'STORAGE_CLOCK'],
    [501, 'NotImplemented', 'STORAGE_DENIED'],
    [403, 'constructor', 'STORAGE_DENIED'],
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
