import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, open, rm, stat, statfs, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions, type Fact, isEngineError } from '@lifeboat/core'
import { createLocalStorage, type Storage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'

/** A repository on a small disk of its own, which another program fills at any step of letting backups go. */
const long = process.env.LIFEBOAT_LONG === '1'
const rawKey = Buffer.alloc(32, 9)
const reserveBytes = 1024 * 1024

let cluster: TemporaryCluster
let folder: string
let disk: string
let prepared: string
const engines: BackupEngine[] = []

beforeAll(async () => {
  if (!canMount()) return
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('shop')
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-full-'))
  disk = join(folder, 'disk')
  await mkdir(disk)
  prepared = join(folder, 'prepared')
  const engine = engineOn(createLocalStorage(prepared, { create: true }))
  await engine.repository.init()
  await fillTable()
  await engine.backups.create({ type: 'full' })
  await fillTable()
  await engine.backups.create({ type: 'full' })
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  if (canMount()) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk])
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  if (canMount()) execFileSync('umount', [disk])
})

function engineOn(repository: Storage | string, more: Partial<EngineOptions> = {}): BackupEngine {
  const engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository, encryption: { rawKey }, catalog: ':memory:', reserveBytes },
    ...{ resources: { connections: 2, packBytes: 1024 * 1024 } },
    ...more,
  })
  engines.push(engine)
  return engine
}

/** Some 2 MB that no compression makes smaller, and that share nothing with what was there before. */
const fillTable = () =>
  cluster.sql(
    'shop',
    `DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT n, gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid() AS text
     FROM generate_series(1, 20000) AS n`,
  )

const repositoryOnDisk = () => join(disk, 'backups')
const filler = () => join(disk, 'another-program')
const freeBytes = async () => {
  const { bavail, bsize } = await statfs(disk)
  return bavail * bsize
}

/** Of the whole repository but its reserve. */
async function bytesOf(repository: string): Promise<number> {
  let bytes = 0
  for await (const object of createLocalStorage(repository).list(''))
    if (object.name !== 'reserve') bytes += object.bytes
  return bytes
}

/** Until not a byte is left. */
async function fillDisk(): Promise<void> {
  const file = await open(filler(), 'a')
  try {
    for (let bytes = 1024 * 1024; bytes >= 512; )
      await file.write(randomBytes(bytes)).then(
        ({ bytesWritten }) => {
          if (bytesWritten < bytes) bytes = Math.floor(bytes / 2)
        },
        () => {
          bytes = Math.floor(bytes / 2)
        },
      )
  } finally {
    await file.close()
  }
  expect(await freeBytes()).toBe(0)
}

/** Fills the disk right before the operation of that number that changes anything. */
function filledAt(step: number): { storage: Storage; wasFilled(): boolean } {
  const local = createLocalStorage(repositoryOnDisk())
  let count = 0
  const counted = async () => {
    if (++count === step) await fillDisk()
  }
  const storage = wrapStorage(local, {
    put: async (...call) => {
      await counted()
      return local.put(...call)
    },
    delete: async (...call) => {
      await counted()
      return local.delete(...call)
    },
  })
  return { storage, wasFilled: () => count >= step }
}

const ways = {
  'delete and prune': async (engine: BackupEngine) => {
    await engine.backups.delete('1').catch((error: unknown) => {
      if (!isEngineError(error, 'BACKUP_NOT_FOUND')) throw error
    })
    await engine.maintenance.prune({ now: true })
  },
  forget: async (engine: BackupEngine) => {
    await engine.retention.run({ maxBackups: 1, now: true })
    await engine.maintenance.prune({ now: true })
  },
}

describe.skipIf(!canMount())('a full disk', () => {
  test.each(Object.keys(ways) as (keyof typeof ways)[])(
    'at every step of %s: there is room afterwards',
    async (way) => {
      const stride = long ? 1 : 7
      const before = await bytesOf(prepared)
      let failed = 0
      for (let step = 1; ; step += stride) {
        await rm(repositoryOnDisk(), { recursive: true, force: true })
        await rm(filler(), { force: true })
        await cp(prepared, repositoryOnDisk(), { recursive: true, preserveTimestamps: true })
        const { storage, wasFilled } = filledAt(step)
        const error = await ways[way](engineOn(storage)).then(
          () => null,
          (thrown: unknown) => thrown,
        )
        if (!wasFilled()) break
        if (error !== null) {
          failed++
          await followAdvice(error, ways[way])
        }
        // Where the other program came last it has what was freed: the repository is smaller in any case.
        expect(before - (await bytesOf(repositoryOnDisk())), `step ${step}`).toBeGreaterThan(1_000_000)
        await expectGood()
      }
      expect(failed, 'with a reserve nothing fails').toBe(0)
    },
  )

  test('without a reserve: the advice works when it is followed', async () => {
    for (const step of long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 4]) {
      await rm(repositoryOnDisk(), { recursive: true, force: true })
      await rm(filler(), { force: true })
      await cp(prepared, repositoryOnDisk(), { recursive: true, preserveTimestamps: true })
      await rm(join(repositoryOnDisk(), 'reserve'))
      const { storage } = filledAt(step)
      const work = ways['delete and prune']
      const error = await work(engineOn(storage, { reserveBytes: 0 })).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      if (error !== null) await followAdvice(error, work)
      expect(await freeBytes()).toBeGreaterThan(1_000_000)
      await expectGood()
    }
  })

  test.each([
    ['a little', 1024 * 1024],
    ['nothing', 0],
  ])('a backup deletes what was let go already, and says so in its fact: %s is free', async (_, free) => {
    await cp(prepared, repositoryOnDisk(), { recursive: true, preserveTimestamps: true })
    const engine = engineOn(repositoryOnDisk())
    await engine.backups.delete('1')
    await fillDisk()
    await truncate(filler(), (await stat(filler())).size - free)
    await fillTable()
    const facts: Fact[] = []
    engine.facts.subscribe((fact) => void facts.push(fact))
    expect((await engine.backups.create({ type: 'full' })).number).toBe(3)
    const end = facts.find(({ action, outcome }) => action === 'backups.create' && outcome === 'succeeded')
    expect(end?.facts).toMatchObject({ number: 3, cleaned_up: { bytes_freed: expect.any(Number) } })
    const cleanedUp = end?.facts.cleaned_up as { bytes_freed: number } | undefined
    expect(cleanedUp?.bytes_freed).toBeGreaterThan(1_000_000)
    // Nothing is left to be let go: then it fails.
    await fillDisk()
    await fillTable()
    await expect(engine.backups.create({ type: 'full' })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
  })
})

/** "Free 1 MiB beside the repository first", then the same again. */
async function followAdvice(error: unknown, work: (engine: BackupEngine) => Promise<void>): Promise<void> {
  expect(error).toMatchObject({ code: 'STORAGE_FULL', advice: expect.stringContaining('free 1 MiB') })
  const { size } = await stat(filler())
  await truncate(filler(), size - 1024 * 1024)
  await work(engineOn(repositoryOnDisk()))
}

async function expectGood(): Promise<void> {
  const engine = engineOn(repositoryOnDisk())
  expect((await engine.backups.list()).backups.map(({ number }) => number)).toEqual([2])
  expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
}
