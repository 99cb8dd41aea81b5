import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findRedis, type RedisServer, startRedis } from '../servers/redis.ts'
import { root } from '../structure/sources.ts'
import { curl, startExample } from './example.ts'
import { freePort } from './free-port.ts'

const found = await findRedis()
let cluster: TemporaryCluster
let redis: RedisServer
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-queue-example-'))
  if ('command' in found) redis = await startRedis(found.command)
})
afterAll(async () => {
  await redis?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface BoardJob {
  id: string
  name: string
  data: object
}

/** A worker of the example; resolves when it works. */
async function startWorker(env: Record<string, string>) {
  const child = spawn(process.execPath, ['src/worker.ts'], {
    cwd: join(root, 'examples/queue'),
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve, reject) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        output += data
        if (output.includes('Working for the queue.')) resolve()
      })
    child.once('close', (code) => reject(new Error(`The worker ended with ${code}: ${output}`)))
  })
  return {
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      child.kill(signal)
      return ended
    },
  }
}

test.skipIf('unavailable' in found)(
  'examples/queue: backups run on two workers, one of which dies, and bull-board shows them',
  async () => {
    await cluster.createDatabase('app')
    await cluster.sql('app', 'CREATE TABLE notes AS SELECT n FROM generate_series(1, 1000) AS n')
    const port = await freePort()
    const env = {
      DATABASE_URL: cluster.url('app'),
      BACKUP_DIRECTORY: join(folder, 'backups'),
      BACKUP_PASSPHRASE: 'of the test',
      REDIS_URL: redis.url,
    }
    const web = await startExample('queue', { ...env, PORT: String(port) })
    const api = `http://localhost:${port}/api/backup`
    const ask = async () => String((await curl(['-X', 'POST', `${api}/backups/create/`])).body.task_id)
    const statuses = async (ids: string[]) =>
      Promise.all(ids.map(async (id) => (await curl([`${api}/tasks/${id}/`])).body.status))
    const board = async (status: string): Promise<BoardJob[]> => {
      const shown = await fetch(
        `http://localhost:${port}/admin/queues/api/queues?activeQueue=lifeboat&status=${status}&page=1&jobsPerPage=20`,
      )
      const { queues } = (await shown.json()) as { queues: { jobs: BoardJob[] }[] }
      return queues[0]?.jobs ?? []
    }

    // There is no worker yet: what is asked for waits in the catalog, and the dashboard shows it.
    const tasks = [await ask(), await ask()]
    await expect.poll(async () => (await board('latest')).length).toBe(2)
    expect(await statuses(tasks)).toEqual(['queued', 'queued'])

    const workers = [await startWorker(env), await startWorker(env)]
    try {
      await expect.poll(() => statuses(tasks), { timeout: 240_000, interval: 200 }).toEqual(['succeeded', 'succeeded'])
      expect(await workers[0]?.end('SIGKILL')).toBe(null)
      tasks.push(await ask())
      await expect.poll(() => statuses(tasks), { timeout: 240_000, interval: 200 }).not.toContain('queued')
      await expect
        .poll(async () => (await statuses(tasks)).at(-1), { timeout: 240_000, interval: 200 })
        .toBe('succeeded')
      // Retention follows each backup as a job of its own.
      const completed = async () => (await board('completed')).filter(({ name }) => name === 'backup')
      await expect.poll(async () => (await completed()).map(({ id }) => id).sort()).toEqual([...tasks].sort())
      for (const { id, data } of await completed())
        expect(data).toEqual({ task_id: id, kind: 'backup', label: 'default' })
      const list = await curl([`${api}/backups/?sort=number`])
      expect(list.body).toMatchObject({ count: 3, results: [{ number: 1 }, { number: 2 }, { number: 3 }] })
    } finally {
      expect(await workers[1]?.end('SIGTERM')).toBe(0)
      await workers[0]?.end('SIGKILL')
      expect(await web.stop()).toBe(0)
    }
  },
  900_000,
)
