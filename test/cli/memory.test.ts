import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

/**
 * What a short command loads and touches. Where page faults are dear each megabyte is milliseconds, and each module some 60
 * kilobytes. The limits of memory leave a tenth to the Node versions to come; what V8 took before was half as much again.
 */
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-memory-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i')
  env = { DATABASE_URL: cluster.socketUrl('app'), LIFEBOAT_REPOSITORY: join(folder, 'backups'), HOME: folder }
  // Without a key there is no scrypt, whose 128 MiB are another matter.
  for (const args of [['init'], ['backup'], ['backup'], ['list']])
    expect((await runCli([...args, '--encryption', 'none', '--quiet'], { env })).code).toBe(0)
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const probe = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
process.on('exit', () => {
  const modules = loaded.filter((url) => url.startsWith('file:'))
  process.stderr.write('\\nPROBE' + JSON.stringify({ modules, kilobytes: process.resourceUsage().maxRSS }))
})`

async function measured(...args: string[]): Promise<{ modules: string[]; mebibytes: number }> {
  const options = `--import data:text/javascript,${encodeURIComponent(probe)}`
  const { code, stderr } = await runCli([...args, '--encryption', 'none'], { env: { ...env, NODE_OPTIONS: options } })
  expect(code, stderr).toBe(0)
  const { modules, kilobytes } = JSON.parse(stderr.slice(stderr.lastIndexOf('PROBE') + 5))
  return { modules, mebibytes: kilobytes / 1024 }
}

test.each([
  { args: ['list'], modules: 600, mebibytes: 99 },
  { args: ['show', 'latest'], modules: 620, mebibytes: 99 },
  { args: ['status'], modules: 680, mebibytes: 99 },
  { args: ['backup', '--quiet'], modules: 920, mebibytes: 121 },
])('$args: at most $modules modules and $mebibytes MiB', async ({ args, ...most }) => {
  const { modules, mebibytes } = await measured(...args)
  expect(modules.length).toBeLessThanOrEqual(most.modules)
  // Neither what other actions do, nor the other kind of catalog, nor the suite that a storage is tested by.
  const others = /\/(actions\/(restores|rows|masking|drills)\/|catalog\/postgres\.js|storage\/conformance\.js)/
  expect(modules.filter((url) => others.test(url))).toEqual([])
  expect(mebibytes).toBeLessThan(most.mebibytes)
})
