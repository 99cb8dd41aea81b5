import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { answerNodeRequest, createHandler, type HandlerOptions } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Face, faces, mountedAt } from '../http/faces.ts'

let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
/** More than the megabyte that frameworks take of a body. */
let file: Buffer
let sha256: string

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-upload-'))
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE t AS SELECT i, repeat(md5(i::text), 8) AS a FROM generate_series(1, 10000) i')
  engine = open()
  await engine.repository.init()
  const { id } = await engine.backups.create()
  const path = join(folder, 'shop.dump')
  await engine.backups.export(id, { file: path, compressionLevel: 0 })
  file = await readFile(path)
  sha256 = createHash('sha256').update(file).digest('hex')
  await engine.start()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const open = () =>
  createBackupEngine({
    database: cluster.url('shop'),
    repository: join(folder, 'repository'),
    encryption: 'none',
    catalog: join(folder, 'catalog.sqlite'),
  })

const admin: HandlerOptions = { authorize: () => ({ id: 'ann', role: 'admin' }), uploads: true }
const ask = (options: Partial<HandlerOptions>, init: RequestInit & { duplex?: 'half' }, query = '') =>
  createHandler(engine, { ...admin, ...options })(
    new Request(`http://localhost/backups/import/${query}`, {
      method: 'POST',
      ...init,
      headers: { 'content-type': 'application/octet-stream', ...init.headers },
    } as RequestInit),
  )
const imported = async () => (await engine.backups.list()).backups.filter(({ trigger }) => trigger === 'import').length

test.each(faces)('over $name a file becomes a backup in quarantine, and restores once it is trusted', async (face) => {
  const own = open()
  const { fetch, close } = await face.open(own, admin)
  try {
    const response = await fetch(`/backups/import/?name=old&sha256=${sha256}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(file),
    })
    const made = (await response.json()) as Record<string, unknown>
    expect([response.status, made]).toMatchObject([
      201,
      { name: 'old', trigger: 'import', row_count: 10_000, quarantine: { file_sha256: sha256, trusted: null } },
    ])
    const [event] = (await engine.audit.list({ action: 'backups.import' })).results
    expect(event).toMatchObject({ outcome: 'succeeded', actor: 'ann', subject: made.id })
    await expect(engine.restores.plan(String(made.id))).rejects.toMatchObject({ code: 'BACKUP_NOT_TRUSTED' })
    const trust = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"reason":"ours"}' }
    expect((await fetch(`/backups/${made.id}/trust/`, trust)).status).toBe(200)
    expect(await engine.restores.plan(String(made.id), { intoOther: true })).toMatchObject({ refusals: [] })
  } finally {
    await close()
  }
})

test('what is not let in leaves nothing, and says what to do', async () => {
  const before = await imported()
  const body = new Uint8Array(file)
  const pieces = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < body.length; at += 65_536) controller.enqueue(body.slice(at, at + 65_536))
        controller.close()
      },
    })
  const refusals: [string, number, Partial<HandlerOptions>, RequestInit & { duplex?: 'half' }, string?][] = [
    ['uploads_off', 403, { uploads: false }, { body }],
    ['uploads_off', 403, { uploads: undefined }, { body }],
    ['forbidden', 403, { authorize: () => ({ id: 'bob', role: 'viewer' }) }, { body }],
    ['unsupported_media_type', 415, {}, { body, headers: { 'content-type': 'multipart/form-data' } }],
    ['too_large', 413, { uploads: { maxBytes: 1000 } }, { body, headers: { 'content-length': String(body.length) } }],
    ['too_large', 413, { uploads: { maxBytes: 100_000 } }, { body: pieces(), duplex: 'half' }],
    ['archive_invalid', 422, {}, { body: body.slice(0, body.length - 5000) }],
    ['archive_invalid', 422, {}, { body: new Uint8Array(0) }],
    ['cross_site', 403, {}, { body, headers: { origin: 'http://elsewhere.example', cookie: 'a=b' } }],
    ['invalid', 400, {}, { body }, '?file=/etc/passwd'],
    ['invalid', 400, {}, { body }, '?stream=x'],
  ]
  for (const [code, status, options, init, query] of refusals) {
    const response = await ask(options, init, query)
    const problem = (await response.json()) as { code: string }
    expect({ code: problem.code, status: response.status }, JSON.stringify(problem)).toEqual({ code, status })
  }
  expect(await imported()).toBe(before)
})

test('an upload whose client leaves is no backup, and the next one is taken', async () => {
  const before = await imported()
  const node = faces.find(({ name }) => name === 'Express 5') as Face
  const { port, close } = await node.open(open(), admin)
  try {
    const outcome = async () => (await engine.audit.list({ action: 'backups.import', limit: 1 })).results[0]
    const earlier = (await outcome())?.seq
    const client = request(`http://127.0.0.1:${port}${mountedAt}/backups/import/`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': file.length },
    })
    client.on('error', () => {})
    client.write(file.subarray(0, file.length >> 1), () => client.destroy())
    await expect.poll(async () => (await outcome())?.seq).not.toBe(earlier)
    await expect.poll(async () => (await outcome())?.outcome).toBe('cancelled')
    expect(await imported()).toBe(before)
    expect((await ask({}, { body: new Uint8Array(file) })).status).toBe(201)
  } finally {
    await close()
  }
})

test('a client whose upload was refused is answered, and not read to the end of its file', async () => {
  const handler = createHandler(engine, { ...admin, uploads: false })
  const server = createServer((message, response) => void answerNodeRequest(handler, message, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => {})
  socket.write(
    'POST /backups/import/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000000000000\r\n\r\n',
  )
  // It goes on for as long as it is let.
  const sending = setInterval(() => socket.write(Buffer.alloc(1024)), 50)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(sending)
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  expect(answer).toContain('uploads_off')
  server.close()
})
