import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { motoUnavailable, type S3Server, startMoto } from './moto.ts'

/** The commands about places and keys, as a person uses them: built, in a process of their own. */
/** Raw keys: stretching passphrases is slow on purpose, and tested elsewhere. */
const keys = { first: 'f1'.repeat(32), second: '52'.repeat(32), third: '73'.repeat(32) }
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql('app', `CREATE TABLE users AS SELECT i AS id, 'user ' || i AS name FROM generate_series(1, 500) i`)
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-places-'))
  for (const [name, digits] of Object.entries(keys)) await writeFile(path(name), `${digits}\n`)
  env = { DATABASE_URL: cluster.url('app'), LIFEBOAT_REPOSITORY: path('repository') }
  expect(await lifeboat('init', '--key-file', path('first'))).toMatchObject({ code: 0 })
  expect(await lifeboat('backup', '--name', 'one', '--key-file', path('first'))).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const lifeboat = (...args: string[]) => runCli([...args, '--quiet'], { env, cwd: folder })
const opens = async (key: string, ...more: string[]) =>
  (await lifeboat('list', '--key-file', path(key), ...more)).code === 0

describe('keys', () => {
  test('a second key opens, a rotated one no longer, a removed one neither; the last one stays', async () => {
    const use = ['--key-file', path('first')]
    expect(
      await lifeboat('key', 'add', ...use, '--new-key-file', path('second'), '--label', 'in the safe'),
    ).toMatchObject({ code: 0 })
    expect([await opens('first'), await opens('second'), await opens('third')]).toEqual([true, true, false])
    expect(await lifeboat('key', 'rotate', ...use, '--new-key-file', path('third'))).toMatchObject({ code: 0 })
    expect([await opens('first'), await opens('second'), await opens('third')]).toEqual([false, true, true])
    const now = ['--key-file', path('third')]
    expect(await lifeboat('key', 'remove', 'in the safe', ...now)).toMatchObject({ code: 3 })
    expect(await lifeboat('key', 'remove', 'in the safe', '--yes', ...now)).toMatchObject({ code: 0 })
    expect([await opens('second'), await opens('third')]).toEqual([false, true])
    const listed = await lifeboat('key', 'list', '--json', ...now)
    const { keys: slots } = listed.json() as { keys: { slot: string }[] }
    expect(slots).toHaveLength(1)
    expect(await lifeboat('key', 'remove', slots[0]?.slot ?? '', '--yes', ...now)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('last key slot'),
    })
    expect(await lifeboat('key', 'rotate', '--new-key-file', path('first'), ...now)).toMatchObject({ code: 0 })
  })

  test('the recovery kit names what there is, holds no secret, and its commands run as they are printed', async () => {
    const kit = await lifeboat('recovery-kit', '--key-file', path('first'))
    expect(kit.stdout).toContain(path('repository'))
    expect(kit.stdout).not.toContain(keys.first)
    expect(kit.stdout).toMatch(/sha256sum recover\.mjs +must print\n +[0-9a-f]{64}/)
    const command = /^ {2}lifeboat (list .*)$/m.exec(kit.stdout)?.[1] ?? ''
    const args = command.replace('key.txt', path('first')).split(' ')
    const listed = await runCli(args, { env: {}, cwd: folder })
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('one') })
  })
})

const unavailable = await motoUnavailable()
describe.skipIf(unavailable)(`places${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startMoto()
    await server.createBucket('copies')
    env.AWS_ACCESS_KEY_ID = server.credentials.accessKeyId
    env.AWS_SECRET_ACCESS_KEY = server.credentials.secretAccessKey
  })
  afterAll(() => server?.stop())

  test('storage test says what a place can do, and a copy there opens with nothing but the key', async () => {
    const location = `s3://copies/app?endpoint=${server.endpoint}`
    const tried = await lifeboat('storage', 'test', location, '--json')
    expect(tried).toMatchObject({ code: 0 })
    expect(tried.json()).toMatchObject({ storage_test: { ok: true, location } })
    const use = ['--key-file', path('first')]
    const copied = await lifeboat('copy', location, '--json', ...use)
    expect(copied.json()).toMatchObject({ copy: { copied: [expect.any(String)], present: 0 } })
    expect((await lifeboat('copy', location, '--json', ...use)).json()).toMatchObject({
      copy: { copied: [], present: 1, packs: 0 },
    })
    await rm(path('repository'), { recursive: true })
    expect(await opens('first', '--repository', location)).toBe(true)
    const check = await lifeboat('check', '--read-data', '--repository', location, ...use)
    expect(check).toMatchObject({ code: 0 })
    const restore = ['restore', 'latest', '--strategy', 'new-database', '--target-database', 'from_copy', '--yes']
    expect(await lifeboat(...restore, '--repository', location, ...use)).toMatchObject({ code: 0 })
    expect(await cluster.sql('from_copy', 'SELECT count(*)::int FROM users')).toEqual([{ count: 500 }])
    for (const { stdout, stderr } of [tried, copied, check]) expect(stdout + stderr).not.toContain('canary')
  })

  test('a secret in a URL is refused and not repeated', async () => {
    for (const url of ['s3://key:canary-in-url@copies/app', 'sftp://me:canary-in-url@host/backups']) {
      const result = await lifeboat('storage', 'test', url)
      expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('CONFIG_INVALID') })
      expect(result.stdout + result.stderr).not.toContain('canary')
    }
  })
})
