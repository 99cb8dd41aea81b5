import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBackupEngine } from '../engine.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-downgrade-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const key = { rawKey: '07'.repeat(32) }
const database = 'postgresql://nobody@localhost:1/app'
const engineWith = (encryption: typeof key | 'none' | (() => Promise<typeof key>) | undefined, name = 'repository') =>
  createBackupEngine({ database, repository: join(folder, name), encryption })

test.each([
  ['at once', key],
  ['when it is asked for', async () => key],
] as const)(
  'a repository without encryption in the place of ours is not opened by a host that gives a key %s',
  async (_, encryption) => {
    await engineWith(key).repository.init()
    expect(await engineWith(encryption).repository.describe()).toMatchObject({ encryption: 'aes-256-gcm' })
    // What an attacker with access to the storage can do.
    await engineWith('none', 'planted').repository.init()
    await rm(join(folder, 'repository'), { recursive: true })
    await rename(join(folder, 'planted'), join(folder, 'repository'))
    expect(await readdir(join(folder, 'repository'))).toContain('keys')
    await expect(engineWith(encryption).repository.describe()).rejects.toMatchObject({ code: 'WRONG_KEY' })
    expect(await engineWith(undefined).repository.describe()).toMatchObject({ encryption: 'none' })
  },
)
