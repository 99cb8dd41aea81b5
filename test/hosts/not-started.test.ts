import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import express from 'express'
import createFastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupRoutes as forExpress } from '../../packages/express-adapter/src/index.ts'
import { backupRoutes as forFastify } from '../../packages/fastify-adapter/src/index.ts'

let cluster: TemporaryCluster
let folder: string

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-not-started-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const authorize = () => ({ id: 'test', role: 'admin' }) as const

test.each(['express', 'fastify'])(
  'start: false in %s: a job waits until the program starts the engine',
  async (name) => {
    const engine = createBackupEngine({
      database: await cluster.createDatabase(name),
      repository: join(folder, name),
      encryption: 'none',
    })
    await engine.repository.init()
    const fastify = createFastify()
    let server: Server = fastify.server
    if (name === 'express') {
      const app = express()
      app.use('/backup', forExpress(engine, { authorize, start: false }))
      server = createServer(app).listen(0, '127.0.0.1')
      await once(server, 'listening')
    } else {
      await fastify.register(forFastify, { prefix: '/backup', engine, authorize, start: false })
      await fastify.listen({ port: 0, host: '127.0.0.1' })
    }
    const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/backup`
    try {
      const begun = await fetch(`${api}/backups/`, { method: 'POST' })
      const { task_id: id } = (await begun.json()) as { task_id: string }
      const task = async () => (await fetch(`${api}/tasks/${id}/`)).json()
      expect(await engine.doctor()).toMatchObject({
        checks: expect.arrayContaining([
          expect.objectContaining({ id: 'jobs.alive', message: '1 task queued, and no process works on them.' }),
        ]),
      })
      // Doctor has taken longer than a started engine needs to begin.
      expect(await task()).toMatchObject({ status: 'queued' })
      await engine.start()
      await expect.poll(task).toMatchObject({ status: 'succeeded' })
    } finally {
      server.close()
      await fastify.close()
      await engine.stop()
    }
  },
)
