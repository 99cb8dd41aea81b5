import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDocument } from '../documents/markdown.ts'
import { root } from '../structure/sources.ts'
import { curl, startExample } from './example.ts'
import { freePort } from './free-port.ts'

/** What examples/compose starts, without containers: the same programs, with the environment the file gives them. */
const compose = readDocument('examples/compose/compose.yaml')
const token = 'the token of this test'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-compose-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('app and worker share the catalog: what the app is asked for is done once', async () => {
  await cluster.createDatabase('notes')
  // As examples/compose/create-catalog.sql does.
  await cluster.createDatabase('notes_lifeboat')
  const port = await freePort()
  const given: Record<string, string> = {
    DATABASE_URL: cluster.url('notes'),
    LIFEBOAT_CATALOG: cluster.url('notes_lifeboat'),
    BACKUP_PASSPHRASE: 'of the test',
    LIFEBOAT_PASSPHRASE: 'of the test',
    BACKUP_TOKEN: token,
    HOST: '127.0.0.1',
  }
  for (const name of Object.keys(given)) expect(compose).toMatch(new RegExp(`^ {4}${name}: `, 'm'))
  const image = { BACKUP_DIRECTORY: join(folder, 'backups'), LIFEBOAT_REPOSITORY: join(folder, 'backups') }
  for (const name of Object.keys(image)) expect(readDocument('examples/compose/Dockerfile')).toContain(`${name}=`)
  const env = { ...given, ...image, PORT: String(port) }

  const app = await startExample('express', env)
  const command = /command: \["node", "\/app\/(.*?)", "worker"\]/.exec(compose)?.[1] ?? ''
  const worker = spawn(process.execPath, [join(root, command), 'worker'], {
    cwd: join(root, 'examples/express'),
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => worker.once('close', resolve))
  try {
    await new Promise<void>((resolve, reject) => {
      let stderr = ''
      worker.stderr.on('data', (data) => {
        stderr += data
        if (stderr.includes('Working for default')) resolve()
      })
      worker.once('close', (code) => reject(new Error(`The worker ended with ${code}: ${stderr}`)))
    })
    const api = `http://127.0.0.1:${port}/api/backup`
    const asBearer = ['-H', `Authorization: Bearer ${token}`]
    expect((await curl([`${api}/backups/`])).status).toBe(401)
    const tasks: unknown[] = []
    for (let n = 0; n < 3; n++) {
      const made = await curl(['-X', 'POST', `${api}/backups/create/`, ...asBearer])
      expect(made.status).toBe(202)
      tasks.push(made.body.task_id)
    }
    await expect
      .poll(
        async () => {
          const answers = await Promise.all(tasks.map((id) => curl([`${api}/tasks/${id}/`, ...asBearer])))
          return answers.map(({ body }) => body.status)
        },
        { timeout: 60_000, interval: 200 },
      )
      .toEqual(['succeeded', 'succeeded', 'succeeded'])
    const list = await curl([`${api}/backups/?sort=number`, ...asBearer])
    expect(list.body).toMatchObject({ count: 3, results: [{ number: 1 }, { number: 2 }, { number: 3 }] })
  } finally {
    worker.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(await app.stop()).toBe(0)
  }
})
