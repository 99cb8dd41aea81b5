import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../structure/sources.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-script-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

function runScript(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: join(root, 'examples/script'),
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data
    })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}

test('examples/script backs up, lists, verifies, and restores into a new database', async () => {
  await cluster.createDatabase('app')
  await cluster.sql('app', "CREATE TABLE notes AS SELECT n, 'note ' || n AS text FROM generate_series(1, 700) AS n")
  const env = {
    DATABASE_URL: cluster.url('app'),
    BACKUP_DIRECTORY: join(folder, 'backups'),
    BACKUP_PASSPHRASE: 'of the test',
  }
  for (const number of [1, 2]) {
    const { code, output } = await runScript(env)
    expect(code, output).toBe(0)
    expect(output).toContain(`Backup ${number} (b`)
    expect(output).toContain('Every byte of it reads back authentic.')
    expect(output.match(/ {2}by a program$/gm)).toHaveLength(number)
    const [, restored = ''] = /Restored 700 rows into "(\w+)"/.exec(output) ?? []
    const same = 'SELECT md5(string_agg(notes::text, chr(10) ORDER BY n)) AS all FROM notes'
    expect(await cluster.sql(restored, same)).toEqual(await cluster.sql('app', same))
  }
})

test('without a database it makes one that is gone afterwards', async () => {
  const { code, output } = await runScript({})
  expect(code, output).toBe(0)
  expect(output).toContain('Restored 1000 rows')
})

test('a failure is one line with its code and one with advice', async () => {
  const { code, output } = await runScript({
    DATABASE_URL: cluster.url('missing'),
    BACKUP_DIRECTORY: join(folder, 'other'),
  })
  expect(code).toBe(1)
  expect(output).toMatch(/^[A-Z_]+: .+\n.+\n$/m)
})
