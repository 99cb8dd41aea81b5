import { execFile, spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { codeBlocks, readDocument, words } from '../documents/markdown.ts'
import { emptyProject } from './empty-project.ts'

/** What the README says of mounting, in an empty project with the packages as they would be published. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const blocks = codeBlocks(readDocument('README.md'), '## Mounted in Express or Fastify')
const [command, express, fastify, start, proof] = blocks

test.each([
  ['express', 'module', express],
  ['fastify', 'commonjs', fastify],
] as const)('%s: the README as it stands, in a project of type %s', async (framework, type, block) => {
  const project = await emptyProject(['core', 'cli', 'admin-ui', `${framework}-adapter`], { type })
  const databaseUrl = await cluster.createDatabase(framework)
  await cluster.sql(framework, 'CREATE TABLE notes AS SELECT n FROM generate_series(1, 100) AS n')
  const env = { PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl, LIFEBOAT_PASSPHRASE: 'of the test' }
  const [npx, program, ...args] = words(command?.text.trim() ?? '')
  expect([npx, program]).toEqual(['npx', 'lifeboat'])
  const bin = join(project, 'node_modules/@lifeboat/cli/bin/lifeboat.mjs')
  const lifeboat = (given: string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [bin, ...given], { cwd: project, env }, (error, stdout, stderr) =>
        error ? reject(new Error(stderr)) : resolve(stdout),
      )
    })
  await lifeboat(args)

  // Only the port is another one: others test beside us.
  const port = await freePort()
  expect(block?.text).toContain('8000')
  expect(words(start?.text.trim() ?? '')).toEqual(['NODE_ENV=development', 'node', 'app.ts'])
  const asWritten = (text: string) => (type === 'module' ? text : text.replace(/\.ts\b/, '.mts'))
  await writeFile(join(project, asWritten('app.ts')), asWritten((block?.text ?? '').replace('8000', String(port))))
  const app = spawn(process.execPath, [asWritten('app.ts')], {
    cwd: project,
    env: { ...env, NODE_ENV: 'development' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  app.stderr.on('data', (data) => {
    stderr += data
  })
  const ended = new Promise((resolve) => app.once('close', resolve))
  try {
    const api = `http://localhost:${port}/api/backup`
    const ask = async (path: string, init?: RequestInit) => (await fetch(`${api}/${path}`, init)).json()
    await expect.poll(() => ask('backups/').catch(() => stderr)).toMatchObject({ count: 0 })
    const [asked, drill] = (proof?.text.trim() ?? '').split('\n').map(words)
    expect(asked?.slice(0, 3)).toEqual(['curl', '-X', 'POST'])
    const { task_id } = (await ask(asked?.[3]?.split('/api/backup/')[1] ?? '', { method: 'POST' })) as {
      task_id: string
    }
    await expect.poll(() => ask(`tasks/${task_id}/`)).toMatchObject({ status: 'succeeded' })
    expect(await ask('backups/latest/')).toMatchObject({ number: 1, table_counts: { 'public.notes': 100 } })
    expect(await lifeboat(drill?.slice(2) ?? [])).toContain('Drill of backup 1: good')
  } finally {
    app.kill()
    await ended
    await rm(project, { recursive: true, force: true })
  }
})
