import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { runCli } from '../cli/run-cli.ts'
import { codeBlocks, readDocument } from '../documents/markdown.ts'
import { type ChildServer, startChildServer } from '../storage/child-server.ts'
import { root } from '../structure/sources.ts'
import { runNode } from './run-node.ts'

const token = 'canary-kms-token'
const server = fileURLToPath(new URL('./kms-server.ts', import.meta.url))

let cluster: TemporaryCluster
let folder: string
let repository: string
let port: number
let kms: ChildServer | undefined
let env: Record<string, string>

const startKms = async () => {
  kms = await startChildServer(process.execPath, [server, String(port), token], port)
}
const cli = (args: string[], more: Record<string, string> = {}) =>
  runCli(args, { cwd: folder, env: { ...env, ...more } })

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  const database = await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 500) AS n')
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-kms-'))
  repository = join(folder, 'backups')
  port = await freePort()
  // The module of the document, as it stands there.
  const [block] = codeBlocks(readDocument('docs/keys.md'), '## A key management service')
  await writeFile(join(folder, 'kms.ts'), block?.text ?? '')
  await writeFile(
    join(folder, 'lifeboat.config.ts'),
    `import { kms } from './kms.ts'\nexport default { repository: ${JSON.stringify(repository)}, encryption: { kms } }\n`,
  )
  await writeFile(join(folder, 'passphrase.txt'), 'the one in the safe\n')
  await mkdir(join(folder, 'node_modules/@lifeboat'), { recursive: true })
  await symlink(join(root, 'packages/core'), join(folder, 'node_modules/@lifeboat/core'))
  env = { DATABASE_URL: database, KMS_URL: `http://127.0.0.1:${port}`, KMS_TOKEN: token }
  await startKms()
})
afterAll(async () => {
  await kms?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('a KMS in a process of its own, by the module of docs/keys.md', () => {
  test('seals a repository, and backs it up', async () => {
    const made = await cli(['init', '--json'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(await cli(['backup', '--quiet'])).toMatchObject({ code: 0 })
    const keys = (await cli(['key', 'list', '--json'])).json() as { keys: Record<string, unknown>[] }
    expect(keys.keys).toEqual([expect.objectContaining({ kind: 'kms', kms_key: 'backups', opened_with: true })])
    const added = await cli(['key', 'add', '--new-passphrase-file', 'passphrase.txt', '--label', 'safe', '--json'])
    expect(added).toMatchObject({ code: 0 })
  })

  test('that is away: told so with a code, and the passphrase opens meanwhile', async () => {
    await kms?.stop()
    const refused = await cli(['list', '--json'])
    expect(refused.code).toBe(1)
    expect(refused.json()).toMatchObject({
      error: { code: 'KMS_UNAVAILABLE', advice: expect.stringContaining('--passphrase-file') },
    })
    const opened = await cli(['list', '--json', '--passphrase-file', 'passphrase.txt'])
    expect(opened).toMatchObject({ code: 0 })
    expect(opened.json()).toMatchObject({ backups: [expect.objectContaining({ number: 1 })] })
    await startKms()
    expect(await cli(['verify', 'latest', '--quiet'])).toMatchObject({ code: 0 })
  })

  test('with the wrong right is told as it says, without its token', async () => {
    const refused = await cli(['list', '--json'], { KMS_TOKEN: 'canary-another' })
    expect(refused.json()).toMatchObject({
      error: { code: 'KMS_UNAVAILABLE', message: expect.stringContaining('the service answered 401') },
    })
    expect(refused.stdout + refused.stderr).not.toContain('canary')
    for (const entry of await readdir(repository, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        expect((await readFile(join(entry.parentPath, entry.name))).includes(token), entry.name).toBe(false)
  })

  test('is named by the recovery program, which opens with what it unwraps', async () => {
    const program = join(repository, 'recover.mjs')
    const refused = await runNode([program, 'list', repository], { LIFEBOAT_PASSPHRASE: 'wrong' })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('Its slots of kind kms need the key that is unwrapped elsewhere')
    expect(await runNode([program, 'list', repository], { LIFEBOAT_PASSPHRASE: 'the one in the safe' })).toMatchObject({
      code: 0,
    })
    const { stdout } = await runNode([program, 'keys', repository])
    const [, slot = ''] = /^([0-9a-f]{32}) {2}kms/m.exec(stdout) ?? []
    const [, context = ''] = /context (\{.*\})$/m.exec(stdout) ?? []
    const wrapped = join(folder, 'slot.wrapped')
    expect(await runNode([program, 'wrapped', repository, slot.slice(0, 6), wrapped])).toMatchObject({ code: 0 })
    const response = await fetch(`http://127.0.0.1:${port}/keys/backups/unwrap`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ bytes: (await readFile(wrapped)).toString('base64'), context: JSON.parse(context) }),
    })
    const { bytes } = (await response.json()) as { bytes: string }
    const unwrapped = join(folder, 'slot.key')
    await writeFile(unwrapped, Buffer.from(bytes, 'base64'))
    expect(await runNode([program, 'list', repository, '--unwrapped-key-file', unwrapped])).toMatchObject({ code: 0 })
    await writeFile(unwrapped, Buffer.alloc(32, 1))
    expect(await runNode([program, 'list', repository, '--unwrapped-key-file', unwrapped])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The key is wrong'),
    })
  })

  test('is added to a repository that exists, by the command', async () => {
    const sealed = { LIFEBOAT_REPOSITORY: join(folder, 'other'), LIFEBOAT_PASSPHRASE: 'a first one' }
    expect(await cli(['init', '--json'], sealed)).toMatchObject({ code: 0 })
    expect(await cli(['key', 'add', '--kms-module', './kms.ts', '--label', 'kms', '--json'], sealed)).toMatchObject({
      code: 0,
    })
    expect(await cli(['list', '--json', '--repository', join(folder, 'other')])).toMatchObject({ code: 0 })
    const refused = await cli(['key', 'add', '--kms-module', './passphrase.txt', '--json'], sealed)
    expect(refused.json()).toMatchObject({ error: { code: 'USAGE' } })
  })
})
