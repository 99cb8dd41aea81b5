import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { root } from '../structure/sources.ts'
import { codeBlocks, readDocument, words } from './markdown.ts'

/** The README says that its commands and its program work. They are run here, as they stand. */
let cluster: TemporaryCluster
let folder: string
const readme = readDocument('README.md')

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readme-'))
  return () => rm(folder, { recursive: true })
})

interface Ended {
  code: number
  output: string
}

function run(file: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env } }
    execFile(file, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: `${stdout}${stderr}` }),
    )
  })
}

test('Quick start', { timeout: 300_000 }, async () => {
  const databaseUrl = await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE notes AS SELECT n, md5(n::text) AS text FROM generate_series(1, 500) AS n')
  const lines = codeBlocks(readme, '## Quick start').flatMap(({ text }) => text.trim().split('\n'))
  const env = { DATABASE_URL: databaseUrl, LIFEBOAT_REPOSITORY: './backups', LIFEBOAT_PASSPHRASE: 'of the test' }
  for (const name of Object.keys(env)) expect(lines.join('\n')).toContain(`export ${name}=`)

  const commands = lines.map(words).filter(([first]) => first === 'npx')
  expect(commands.length).toBeGreaterThan(8)
  for (const [, program, ...args] of commands) {
    expect(program).toBe('lifeboat')
    const ended = await run(process.execPath, [join(root, 'packages/cli/bin/lifeboat.mjs'), ...args], env)
    expect(ended.code, `${args.join(' ')}\n${ended.output}`).toBe(0)
  }
  expect(await cluster.sql('app', 'SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 500 }])
  expect((await readFile(join(folder, 'app.dump'))).subarray(0, 5).toString()).toBe('PGDMP')
})

test('In your application', { timeout: 300_000 }, async () => {
  const [block] = codeBlocks(readme, '## In your application')
  await mkdir(join(folder, 'node_modules/@lifeboat'), { recursive: true })
  await symlink(join(root, 'packages/core'), join(folder, 'node_modules/@lifeboat/core'))
  await writeFile(join(folder, 'program.ts'), block?.text ?? '')
  await writeFile(join(folder, 'migrations.ts'), 'export const migrations = {}\n')
  const ended = await run(process.execPath, [join(folder, 'program.ts')], {
    DATABASE_URL: await cluster.createDatabase('library'),
    BACKUP_PASSPHRASE: 'of the test',
  })
  expect(ended.code, ended.output).toBe(0)
  expect(ended.output.split('\n').length).toBeGreaterThan(3)
})
