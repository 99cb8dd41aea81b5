import { readdir, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storageConformance } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'
import { createSftpStorage, type SftpStorageOptions } from '../../packages/core/src/storage/sftp.ts'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'
import { findSshd, type SshServer, startSshd } from './sshd.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const sshd = await findSshd()
const unavailable = 'unavailable' in sshd ? sshd.unavailable : undefined

describe.skipIf(unavailable)(`SFTP${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let server: SshServer
  let counter = 0
  beforeAll(async () => {
    server = await startSshd('command' in sshd ? sshd.command : [])
  })
  afterAll(() => server?.stop())

  const options = (more: Partial<SftpStorageOptions> = {}): SftpStorageOptions => ({
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    keyFile: server.keyFile,
    hostKey: server.hostKey,
    path: join(server.home, `run/${++counter}`),
    create: true,
    ...more,
  })
  const one = Buffer.from('1')

  for (const check of storageConformance)
    test(check.name, async () => {
      const storage = createSftpStorage(options())
      await check.run(storage)
      await storage.close?.()
    })

  test('a URL says it all, and shows it', async () => {
    const at = `sftp://${server.user}@127.0.0.1:${server.port}${join(server.home, 'by-url')}`
    const url = `${at}?key_file=${server.keyFile}&host_key=${encodeURIComponent(server.hostKey)}`
    const storage = openStorage(url, { create: true })
    await storage.put('a', one)
    const again = openStorage(storage.location)
    expect(String(await again.get('a'))).toBe('1')
    expect(await again.freeBytes?.()).toBeGreaterThan(0)
    await Promise.all([storage.close?.(), again.close?.()])
  })

  test('an unknown host key and another one than the known are refused, before a key is offered', async () => {
    const empty = join(server.home, 'empty')
    const right = join(server.home, 'right')
    await writeFile(empty, '')
    await writeFile(right, `${server.knownHost}\n`)
    const denied = expect.objectContaining({ code: 'STORAGE_DENIED', message: expect.stringContaining('host key') })
    const unknown = createSftpStorage(options({ hostKey: undefined, knownHostsFile: empty }))
    await expect(unknown.put('a', one)).rejects.toEqual(denied)
    const other = createSftpStorage(options({ hostKey: `SHA256:${'A'.repeat(43)}` }))
    await expect(other.put('a', one)).rejects.toEqual(denied)
    const known = createSftpStorage(options({ hostKey: undefined, knownHostsFile: right }))
    expect(await known.put('a', one)).toBe(true)
    await known.close?.()
  })

  test('a user who may not enter is STORAGE_DENIED', async () => {
    const storage = createSftpStorage(options({ user: 'somebody-else' }))
    await expect(storage.get('a')).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
  })

  test('a folder that is not there, or goes away, is STORAGE_GONE and is not made', async () => {
    const path = join(server.home, 'gone')
    const storage = createSftpStorage(options({ path, create: false }))
    const gone = expect.objectContaining({ code: 'STORAGE_GONE' })
    for (const operation of [() => storage.put('packs/ab/c', one), () => storage.get('a'), () => storage.stat('a')])
      await expect(operation()).rejects.toEqual(gone)
    await expect(storage.list('')[Symbol.asyncIterator]().next()).rejects.toEqual(gone)
    expect(await readdir(server.home)).not.toContain('gone')
    await createSftpStorage(options({ path })).put('a', one)
    expect(String(await storage.get('a'))).toBe('1')
    await rename(path, `${path}-elsewhere`)
    await expect(storage.get('a')).rejects.toEqual(gone)
    await storage.close?.()
  })

  test('folders are 0700 and files 0600; what is unfinished is not listed and is swept once it is old', async () => {
    const given = options()
    const storage = createSftpStorage(given)
    await storage.put('packs/ab/one', one)
    expect((await stat(join(given.path, 'packs/ab'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(given.path, 'packs/ab/one'))).mode & 0o777).toBe(0o600)
    const old = join(given.path, 'packs/ab/.unfinished-old')
    await writeFile(old, 'half')
    await writeFile(join(given.path, 'packs/ab/.unfinished-new'), 'half')
    await utimes(old, new Date(0), new Date(0))
    const names: string[] = []
    for await (const { name } of storage.list('')) names.push(name)
    expect(names).toEqual(['packs/ab/one'])
    expect(await storage.sweepLeftovers?.()).toBe(1)
    expect((await readdir(join(given.path, 'packs/ab'))).sort()).toEqual(['.unfinished-new', 'one'])
    await storage.close?.()
  })

  test('an abort in the middle of a put leaves nothing', async () => {
    const given = options()
    const storage = createSftpStorage(given)
    await storage.put('a', one)
    const abort = new AbortController()
    const put = storage.put('big', Buffer.alloc(48 * 1024 * 1024), { signal: abort.signal })
    setTimeout(() => abort.abort(), 30)
    await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await storage.stat('big')).toBe(null)
    await expect.poll(() => readdir(given.path)).toEqual(['a'])
    await storage.close?.()
  })

  test('a connection that is cut fails what was under way; the next operation connects again', async () => {
    const proxy = await startTcpProxy(server.port)
    const storage = createSftpStorage(options({ port: proxy.port }))
    await storage.put('a', one)
    proxy.weather.latencyMs = 20
    const put = storage.put('big', Buffer.alloc(1024 * 1024))
    setTimeout(() => proxy.cutAll(), 50)
    await expect(put).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(String(await storage.get('a'))).toBe('1')
    expect(await storage.stat('big')).toBe(null)
    await storage.close?.()
    await proxy.stop()
  })

  test('over 50 ms of latency requests are under way side by side', async () => {
    const proxy = await startTcpProxy(server.port, { latencyMs: 25 })
    const storage = createSftpStorage(options({ port: proxy.port }))
    const data = Buffer.alloc(8 * 1024 * 1024, 'lifeboat')
    await storage.put('warm', one)
    const stopwatch = startStopwatch()
    await storage.put('big', data)
    const written = stopwatch.milliseconds()
    expect((await storage.get('big')).equals(data)).toBe(true)
    const read = stopwatch.milliseconds()
    // One request after the other would take 256 x 50 ms = 12.8 s.
    expect(written).toBeLessThan(6000)
    expect(read - written).toBeLessThan(6000)
    await storage.close?.()
    await proxy.stop()
  })
})
