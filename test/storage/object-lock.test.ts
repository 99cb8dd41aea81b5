import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3'
import { storageConformance } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkRepository } from '../../packages/core/src/maintenance/check.ts'
import { copyRepository } from '../../packages/core/src/maintenance/copy.ts'
import { forgetBackup } from '../../packages/core/src/maintenance/forget.ts'
import { prune } from '../../packages/core/src/maintenance/prune.ts'
import {
  addSampleBackup,
  beginSampleBackup,
  initSampleRepository,
  openSampleRepository,
  sampleRows,
} from '../../packages/core/src/maintenance/sample-backups.ts'
import { listPacks } from '../../packages/core/src/repository/index/load-index.ts'
import { writeMark } from '../../packages/core/src/repository/index/marks.ts'
import { packObjectName } from '../../packages/core/src/repository/layout.ts'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import { createS3Storage, s3OptionsOf } from '../../packages/core/src/storage/s3.ts'
import type { Storage } from '../../packages/core/src/storage/storage.ts'
import { motoUnavailable, type S3Server, startMoto } from './moto.ts'

const unavailable = await motoUnavailable()
const dayMs = 86_400_000

describe.skipIf(unavailable)(`object lock${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  const Bucket = 'locked'
  let server: S3Server
  let client: S3Client
  let counter = 0
  let prefix: string
  beforeAll(async () => {
    server = await startMoto()
    await server.createBucket(Bucket, { objectLock: true })
    await server.createBucket('plain')
    const { endpoint, credentials } = server
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  const open = (bucket = Bucket): Storage => {
    prefix = `run/${++counter}`
    const { endpoint, credentials } = server
    return createS3Storage({ bucket, prefix, endpoint, credentials, objectLock: { days: 30 } })
  }
  const versions = async () => {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: `${prefix}/` }))
    return Versions.map(({ Key = '', VersionId }) => ({ name: Key.slice(prefix.length + 1), VersionId }))
  }
  /** As its administrator may, in the mode governance. */
  const shorten = (name: string, until: number) =>
    client.send(
      new PutObjectRetentionCommand({
        ...{ Bucket, Key: `${prefix}/${name}`, BypassGovernanceRetention: true },
        Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date(until) },
      }),
    )
  /** Shortens the locks and waits until they are over, also by the storage's clock, which counts whole seconds. */
  const unlock = async (...names: string[]) => {
    // A time that had passed when it arrived is refused.
    for (const name of names)
      await expect.poll(() => shorten(name, Date.now() + 1_000).then(() => 'shortened', String)).toBe('shortened')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
  }
  const lockOf = async (storage: Storage, name: string) =>
    ((await storage.objectLock?.lockedUntil(name))?.getTime() ?? 0) - Date.now()

  for (const check of storageConformance)
    test(check.name, async () => {
      const storage = open()
      await check.run(storage)
      await storage.close?.()
    })

  test('nobody deletes what a backup needs: packs, manifests, keys, config; the rest is free', async () => {
    const storage = open()
    const repository = await initSampleRepository(storage)
    const id = await addSampleBackup(repository, { a: sampleRows(4_000) })
    const locked = new Set<string>()
    for (const { name, VersionId } of await versions()) {
      const Key = `${prefix}/${name}`
      const error = await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId })).catch((thrown) => thrown)
      if (error instanceof Error) locked.add(name)
    }
    const packs = [...(await listPacks(repository)).keys()].map(packObjectName)
    const expected = [...packs, `backups/${id}`, 'config', 'README.txt', 'recover.mjs'].filter((name) => name !== '')
    expect([...locked].filter((name) => !name.startsWith('keys/')).sort()).toEqual(expected.sort())
    expect([...locked].some((name) => name.startsWith('keys/'))).toBe(true)
    // Index objects are gone, and cost nothing: they are made again.
    expect((await checkRepository(await openSampleRepository(storage), { readData: true })).problems).toEqual([])
    await storage.close?.()
  })

  test('a backup that an object lock holds is not forgotten, and prune works around what is locked', async () => {
    const storage = open()
    const repository = await initSampleRepository(storage)
    const first = await addSampleBackup(repository, { a: sampleRows(4_000) })
    const old = [...(await listPacks(repository)).keys()]
    const second = await addSampleBackup(repository, { b: sampleRows(4_000) })
    await expect(forgetBackup(repository, first, { force: true })).rejects.toMatchObject({ code: 'BACKUP_LOCKED' })
    await unlock(`backups/${first}`)
    await forgetBackup(repository, first)

    const [free = '', ...held] = old
    await unlock(packObjectName(free))
    const result = await prune(repository, { graceMs: 0 })
    expect(result).toMatchObject({ packsMarked: old.length, packsDeleted: 1 })
    expect(result.plan.locked.map(({ pack }) => pack).sort()).toEqual(held.sort())
    for (const { until } of result.plan.locked) expect(until - Date.now()).toBeGreaterThan(44 * dayMs)
    expect(await prune(repository, { graceMs: 0, dryRun: true })).toMatchObject({ packsDeleted: 0 })
    expect(await prune(repository, { graceMs: 0 })).toMatchObject({ packsDeleted: 0, packsMarked: 0 })
    expect((await checkRepository(repository, { readData: true })).problems).toEqual([])

    await unlock(...held.map(packObjectName))
    expect(await prune(repository, { graceMs: 0 })).toMatchObject({ packsDeleted: held.length })
    expect([...(await listPacks(repository)).keys()].some((pack) => old.includes(pack))).toBe(false)
    expect((await checkRepository(repository, { readData: true })).backups).toBe(1)
    expect(await lockOf(storage, `backups/${second}`)).toBeGreaterThan(29 * dayMs)
    await storage.close?.()
  })

  test('a backup locks anew what it uses of older ones', async () => {
    const storage = open()
    const repository = await initSampleRepository(storage)
    const rows = sampleRows(4_000)
    await addSampleBackup(repository, { a: rows })
    const packs = [...(await listPacks(repository)).keys()]
    for (const pack of packs) await shorten(packObjectName(pack), Date.now() + dayMs)
    await shorten('config', Date.now() + dayMs)
    await addSampleBackup(repository, { a: rows, b: sampleRows(1_000) })
    const anew: boolean[] = []
    for (const pack of packs) anew.push((await lockOf(storage, packObjectName(pack))) > 44 * dayMs)
    expect(anew.filter(Boolean).length).toBeGreaterThan(1)
    expect(await lockOf(storage, 'config')).toBeGreaterThan(44 * dayMs)
    await storage.close?.()
  })

  test('a commit that fails leaves no locked manifest behind', async () => {
    const storage = open()
    const repository = await initSampleRepository(storage)
    const backup = await beginSampleBackup(repository)
    await backup.write({ a: sampleRows(2_000) })
    await backup.finish()
    await writeMark(repository, [...(await listPacks(repository)).keys()])
    await expect(backup.commit()).rejects.toMatchObject({ code: 'CHUNK_MARKED' })
    expect(await storage.stat(`backups/${backup.id}`)).toBe(null)
    await storage.close?.()
  })

  test('a copy is locked as its storage says, whatever the source does', async () => {
    const source = await initSampleRepository(createMemoryStorage())
    const id = await addSampleBackup(source, { a: sampleRows(4_000) })
    const storage = open()
    await copyRepository(source, storage)
    const names = [...(await listPacks(source)).keys()].map(packObjectName)
    for (const name of [...names, `backups/${id}`, 'config'])
      expect([name, (await lockOf(storage, name)) > 29 * dayMs]).toEqual([name, true])
    await storage.close?.()
  })

  test('a bucket without object lock is refused at the first pack', async () => {
    const storage = open('plain')
    await expect(storage.put('packs/ab/one', Buffer.from('1'))).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    await storage.close?.()
  })
})

test('the URL says for how long and how', () => {
  expect(s3OptionsOf('s3://b/p?object_lock=30d').objectLock).toEqual({ days: 30, mode: undefined })
  expect(s3OptionsOf('s3://b/p?object_lock=7d&object_lock_mode=compliance').objectLock?.mode).toBe('compliance')
  expect(createS3Storage(s3OptionsOf('s3://b/p?region=x&object_lock=30d')).location).toContain('object_lock=30d')
  for (const wrong of [
    'object_lock=30',
    'object_lock=0d',
    'object_lock_mode=governance',
    'object_lock=9d&object_lock_mode=x',
  ])
    expect(() => createS3Storage(s3OptionsOf(`s3://b/p?${wrong}`))).toThrow(/object_lock|Object lock/)
})
