import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyProject } from '../packages/empty-project.ts'
import { motoUnavailable, type S3Server, startMoto } from '../storage/moto.ts'
import { root } from '../structure/sources.ts'
import { codeBlocks, readDocument, words } from './markdown.ts'

/**
 * docs/runbook.md, "The server is gone": an application is backed up into a bucket and its machine lost. On another one,
 * with an empty folder and an empty server, the lines of the document are run as they stand, with what is in capitals
 * taken from the recovery kit and the safe.
 */
const passphrase = "something long, with 'quotes' in it"
const unavailable = await motoUnavailable()
if (unavailable) process.stderr.write(`Not tested: ${unavailable}\n`)

const lines = codeBlocks(readDocument('docs/runbook.md').replaceAll(/^ {3}/gm, ''), '## The server is gone').flatMap(
  ({ text }) => text.trim().split('\n'),
)

let s3: S3Server
let lost: TemporaryCluster
let fresh: TemporaryCluster
let folders: string[] = []

const run = (cwd: string, args: string[], env: Record<string, string>) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cwd, NODE_DISABLE_COMPILE_CACHE: '1', ...env },
      maxBuffer: 16 << 20,
    }
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    )
  })

describe.skipIf(unavailable)('the runbook', () => {
  beforeAll(async () => {
    ;[s3, lost, fresh] = await Promise.all([startMoto(), startTemporaryCluster(), startTemporaryCluster()])
    await s3.createBucket('shop-backups')
  })
  afterAll(async () => {
    await Promise.all([s3?.stop(), lost?.stop(), fresh?.stop()])
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  test('gets the database back from the bucket, the kit and the passphrase', { timeout: 400_000 }, async () => {
    const home = await mkdtemp(join(tmpdir(), 'lifeboat-lost-'))
    folders = [home]
    const { accessKeyId, secretAccessKey } = s3.credentials
    const database = await lost.createDatabase('app')
    await lost.sql('postgres', 'CREATE ROLE shop_owner')
    await lost.sql(
      'app',
      `CREATE TABLE orders (id int PRIMARY KEY, note text);
       INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 3000) AS n;
       ALTER TABLE orders OWNER TO shop_owner`,
    )
    const contents = `SELECT md5(string_agg(o::text, '|' ORDER BY id)) AS all FROM orders AS o`
    const before = await lost.sql('app', contents)
    const owned = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      LIFEBOAT_REPOSITORY: `s3://shop-backups/live?region=us-east-1&endpoint=${s3.endpoint}`,
      LIFEBOAT_PASSPHRASE: passphrase,
      DATABASE_URL: database,
    }
    const bin = join(root, 'packages/cli/bin/lifeboat.mjs')
    for (const args of [['init'], ['backup', '--quiet']])
      expect(await run(home, [bin, ...args], owned), args.join(' ')).toMatchObject({ code: 0 })
    const kit = (await run(home, [bin, 'recovery-kit'], owned)).stdout
    const number = ((await run(home, [bin, 'list', '--json'], owned)).stdout.match(/"number": ?(\d+)/) ?? [])[1] ?? ''
    await lost.stop()

    // What somebody has in hands: the printed kit, the passphrase, the bucket's credentials, a server.
    expect(kit).not.toContain(passphrase)
    expect(kit).not.toContain(secretAccessKey)
    const location = /^location +(\S+)$/m.exec(kit)?.[1] ?? ''
    const server = new URL(await fresh.createDatabase('unused'))
    const placeholders: [string, string][] = [
      ['KEY_ID', accessKeyId],
      ['SECRET_KEY', secretAccessKey],
      ['LOCATION', location],
      ['PASSPHRASE', passphrase],
      ['postgresql://USER:PASSWORD@HOST:PORT/postgres', withName(server, 'postgres')],
      ['postgresql://USER:PASSWORD@HOST:PORT/app', withName(server, 'app')],
    ]

    const machine = await emptyProject(['core', 'cli', 'admin-ui'])
    folders.push(machine)
    const env: Record<string, string> = {}
    const said: string[] = []
    for (const line of lines) {
      const [program, ...args] = words(line)
      if (program === 'npm') await install(machine, args)
      else if (program === 'export') {
        const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? []
        const found = placeholders.find(([placeholder]) => placeholder === value)
        expect(found, line).toBeDefined()
        env[name] = found?.[1] ?? ''
      } else {
        expect([program, args.shift()], line).toEqual(['npx', 'lifeboat'])
        const command = join(machine, 'node_modules/@lifeboat/cli/bin/lifeboat.mjs')
        const ended = await run(machine, [command, ...args.map((arg) => (arg === '41' ? number : arg))], env)
        expect(ended.code, `${line}\n${ended.stdout}${ended.stderr}`).toBe(0)
        expect(ended.stdout + ended.stderr, line).not.toContain(secretAccessKey)
        said.push(`${args[0]}: ${ended.stdout}`)
      }
    }
    expect(said.map((text) => text.split(':')[0])).toEqual(
      ['adopt', 'list', 'verify', 'restore', 'restore', 'backup', 'status'].map((name) => name),
    )
    expect(said[0]).toContain('1 backup in the repository')
    // The place may be named on the line, too.
    const { LIFEBOAT_REPOSITORY: place = '', ...rest } = env
    const command = join(machine, 'node_modules/@lifeboat/cli/bin/lifeboat.mjs')
    expect(await run(machine, [command, 'adopt', place, '--json'], rest)).toMatchObject({ code: 0 })
    expect(await fresh.sql('app', contents)).toEqual(before)
    expect(await fresh.sql('app', `SELECT tableowner FROM pg_tables WHERE tablename = 'orders'`)).toEqual([
      { tableowner: 'shop_owner' },
    ])
  })
})

/** What `npm install` would do, with packages that are not released yet and a tree that needs no registry. */
async function install(machine: string, args: string[]): Promise<void> {
  expect(args).toEqual(['install', '@lifeboat/cli', '@lifeboat/core', '@aws-sdk/client-s3'])
  const sdk = join(machine, 'node_modules/@aws-sdk/client-s3')
  await mkdir(dirname(sdk), { recursive: true })
  await symlink(join(root, 'node_modules/@aws-sdk/client-s3'), sdk)
  await writeFile(join(machine, 'package.json'), '{ "private": true, "type": "module" }\n')
}

function withName(server: URL, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
