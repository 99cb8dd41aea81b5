import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { inflateRawSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import type { StreamRef } from './documents/documents.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { initRepository } from './init.ts'
import { packObjectName } from './layout.ts'
import { checkPack, provePack } from './packs/pack-reader.ts'
import type { Repository } from './repository.ts'
import { createRepositoryWriter } from './repository-writer.ts'

const content = Buffer.concat([
  Buffer.from(Array.from({ length: 300_000 }, (_, row) => `${row}\tname ${row % 977}\t${row ** 2}\n`).join('')),
  randomBytes(14_000_000),
])
let repository: Repository
let stream: StreamRef

beforeAll(async () => {
  repository = await initRepository(createMemoryStorage(), { rawKey: randomBytes(32) })
  const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
  stream = await writer.writeStream(content)
  await writer.finish()
})

const packs = async () => [...(await loadChunkIndex(repository)).packs()].map(({ name }) => name)

/** The most processor time of this thread between two turns of its event loop, in ms. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let last = process.threadCpuUsage()
  const look = () => {
    const now = process.threadCpuUsage()
    longest = Math.max(longest, now.user + now.system - last.user - last.system)
    last = now
  }
  const timer = setInterval(look, 1)
  await work()
  look()
  clearInterval(timer)
  return longest / 1000
}

test('a stream read aside is the same, in order', async () => {
  const reader = createChunkReader(repository, await loadChunkIndex(repository), { aside: true, recheck: true })
  expect((await reader.readBytes(stream)).equals(content)).toBe(true)
})

test('a pack is proven without keeping the event loop from turning', async () => {
  const [pack = ''] = await packs()
  const data = await repository.storage.get(packObjectName(pack))
  expect(data.length).toBeGreaterThan(10_000_000)
  const here = await longestTurn(async () => provePack(repository.keys, pack, data))
  // The storage of this test copies what it gives, in this thread; elsewhere that is the system's work.
  const aside = await longestTurn(() => repository.threads.prove(pack, data))
  expect(aside).toBeLessThan(here / 3)
})

test('what is damaged fails as it would in this thread', async () => {
  const [pack = ''] = await packs()
  const name = packObjectName(pack)
  const whole = await repository.storage.get(name)
  const damaged = Buffer.from(whole)
  damaged[5_000_000] = (damaged[5_000_000] as number) ^ 1
  await repository.storage.put(name, damaged)
  try {
    const objects = [name]
    await expect(checkPack(repository, pack)).rejects.toMatchObject({ code: 'REPOSITORY_DAMAGED', detail: { objects } })
    const reader = createChunkReader(repository, await loadChunkIndex(repository), { aside: true })
    await expect(reader.readBytes(stream)).rejects.toMatchObject({ code: 'REPOSITORY_DAMAGED' })
  } finally {
    await repository.storage.put(name, whole)
  }
  expect((await checkPack(repository, pack)).name).toBe(pack)
})

test('closing interrupts what is under way; what comes later starts from the beginning', async () => {
  const { threads } = repository
  const piece = content.subarray(0, 100_000)
  const many = Array.from({ length: 50 }, () => threads.deflate(piece, { format: 'raw', level: 9 }))
  const ends = Promise.allSettled(many)
  await threads.close()
  const reasons = (await ends).flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []))
  expect(new Set(reasons)).toEqual(new Set(['ABORTED']))
  const { bytes } = await threads.deflate(piece, { format: 'raw', level: 1 })
  expect(inflateRawSync(Buffer.concat([bytes, Buffer.from([3, 0])])).equals(piece)).toBe(true)
})

test('a process ends with its work, without closing anything', async () => {
  const program = `
    import { createSideThreads } from ${JSON.stringify(new URL('./side-threads.ts', import.meta.url).href)}
    const threads = createSideThreads({})
    const { bytes } = await threads.deflate(Buffer.alloc(100_000), { format: 'zlib', level: 6 })
    console.log(bytes.length)`
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--no-warnings', '-e', program], {
    timeout: 60_000,
  })
  expect(Number(stdout)).toBeGreaterThan(50)
})
