import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { unpackPackages } from '../storage/debian-packages.ts'
import { runNode } from './run-node.ts'

const run = promisify(execFile)

/** Debian's age and age-keygen, or why they cannot be had. */
const found = await (async () => {
  try {
    const { command } = await unpackPackages('age', 'bookworm', ['age'])
    await run(command('usr/bin/age')[0] ?? '', [...command('usr/bin/age').slice(1), '--version'])
    return { command }
  } catch (error) {
    return { unavailable: `age could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}` }
  }
})()
const stock = async (program: 'age' | 'age-keygen', args: string[]) => {
  if (!found.command) throw new Error(found.unavailable)
  const [loader = '', ...first] = found.command(`usr/bin/${program}`)
  return run(loader, [...first, ...args])
}

let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>
let recipient: string
let fingerprint: string
const at = (name: string) => join(folder, name)
const cli = (args: string[], more: Record<string, string> = {}) =>
  runCli(args, { cwd: folder, env: { ...env, ...more } })

if (found.unavailable) process.stderr.write(`Not tested: ${found.unavailable}\n`)

describe.skipIf(found.unavailable)('the age program of Debian', () => {
  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    const database = await cluster.createDatabase('app')
    await cluster.sql('app', 'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 500) AS n')
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-age-'))
    await writeFile(at('passphrase'), 'the one of the host\n')
    env = { DATABASE_URL: database, LIFEBOAT_REPOSITORY: at('backups') }
    const sealed = ['--passphrase-file', 'passphrase', '--json']
    expect(await cli(['init', ...sealed])).toMatchObject({ code: 0 })
    expect(await cli(['backup', '--quiet', ...sealed])).toMatchObject({ code: 0 })
    const { stderr } = await stock('age-keygen', ['-o', at('identity')])
    recipient = /age1\w+/.exec(stderr)?.[0] ?? ''
    const added = await cli(['key', 'add', '--age-recipient', recipient, '--label', 'officer', ...sealed])
    expect(added.json()).toMatchObject({ key: { kind: 'age', recipients: [recipient], label: 'officer' } })
    fingerprint = ((await cli(['key', 'list', ...sealed])).json() as { fingerprint: string }).fingerprint
  })
  afterAll(async () => {
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('makes the identity that opens the slot; nothing is written without the fingerprint', {
    timeout: 120_000,
  }, async () => {
    const list = await cli(['list', '--json', '--age-identity', 'identity'])
    expect(list.json()).toMatchObject({ backups: [expect.objectContaining({ number: 1 })] })
    const byEnvironment = { LIFEBOAT_AGE_IDENTITY: at('identity') }
    const refused = await cli(['backup', '--json'], byEnvironment)
    expect(refused.json()).toMatchObject({
      error: { code: 'CONFIG_INVALID', advice: expect.stringContaining('--fingerprint') },
    })
    expect(await cli(['backup', '--json', '--fingerprint', fingerprint], byEnvironment)).toMatchObject({ code: 0 })
    const another = await cli(['list', '--json', '--fingerprint', 'f'.repeat(32)], byEnvironment)
    expect(another.json()).toMatchObject({ error: { code: 'WRONG_KEY' } })
  })

  test('that of somebody else does not open it', async () => {
    await stock('age-keygen', ['-o', at('other')])
    const refused = await cli(['list', '--json', '--age-identity', 'other'])
    expect(refused.json()).toMatchObject({ error: { code: 'WRONG_KEY' } })
    expect(refused.stdout + refused.stderr).not.toContain('AGE-SECRET-KEY')
  })

  test('unwraps the slot, and the recovery program opens with that', async () => {
    const program = at('backups/recover.mjs')
    const keys = await runNode([program, 'keys', at('backups')])
    expect(keys.stdout).toContain(`for ${recipient}`)
    const [, slot = ''] = /^([0-9a-f]{32}) {2}age/m.exec(keys.stdout) ?? []
    expect(await runNode([program, 'wrapped', at('backups'), slot, at('slot.age')])).toMatchObject({ code: 0 })
    await stock('age', ['--decrypt', '--identity', at('identity'), '--output', at('slot.key'), at('slot.age')])
    const opened = await runNode([program, 'list', at('backups'), '--unwrapped-key-file', at('slot.key')])
    expect(opened).toMatchObject({ code: 0, stderr: expect.stringContaining(fingerprint) })
    expect(opened.stdout).toContain('app')
  })

  test('reads a slot of several recipients with either identity, and no rotation is made to one', async () => {
    await stock('age-keygen', ['-o', at('second')])
    const second = /age1\w+/.exec((await stock('age-keygen', ['-y', at('second')])).stdout)?.[0] ?? ''
    const sealed = ['--passphrase-file', 'passphrase', '--json']
    const both = ['--age-recipient', recipient, '--age-recipient', second]
    expect(await cli(['key', 'add', ...both, '--label', 'both', ...sealed])).toMatchObject({ code: 0 })
    expect(await cli(['list', '--json', '--age-identity', 'second'])).toMatchObject({ code: 0 })
    const refused = await cli(['key', 'rotate', '--age-recipient', second, ...sealed])
    expect(refused.json()).toMatchObject({ error: { code: 'USAGE' } })
    const wrong = await cli(['key', 'add', '--age-recipient', 'age1nonsense', ...sealed])
    expect(wrong.json()).toMatchObject({ error: { code: 'CONFIG_INVALID' } })
  })
})
