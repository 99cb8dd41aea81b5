import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cheapenPassphrase } from './cheap-passphrase.ts'
import { runCli } from './run-cli.ts'

const bin = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cli-pipe-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', `CREATE TABLE t AS SELECT i, md5(i::text) AS x FROM generate_series(1, 100000) i`)
  env = {
    DATABASE_URL: cluster.url('app'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: 'correct horse battery staple',
  }
  expect((await runCli(['init'], { env })).code).toBe(0)
  await cheapenPassphrase(env.LIFEBOAT_REPOSITORY as string, env.LIFEBOAT_PASSPHRASE as string)
  expect((await runCli(['backup'], { env })).code).toBe(0)
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the command with a reader that goes away after the first bytes. */
async function withDyingReader(args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stderr }
}

test('an export whose reader dies is a failure, not exit 0 with a part of the archive', async () => {
  const { code, stderr } = await withDyingReader(['export', 'latest', '--output', '-', '--compression', '0'])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('lifeboat:') })
  const whole = await runCli(['export', 'latest', '--output', '-'], { env })
  expect(whole.code).toBe(0)
})
