import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { allowLoopbackForDevelopment } from '@lifeboat/core/http'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'
import { backupRoutes } from '../../packages/fastify-adapter/src/index.ts'

test('Fastify does not wait a minute for a client that has connected and sent nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-silent-'))
  const engine = createBackupEngine({ repository: folder, catalog: ':memory:', encryption: 'none' })
  await engine.start()
  const app = fastify()
  await app.register(backupRoutes, { engine, authorize: allowLoopbackForDevelopment(() => {}) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const stopwatch = startStopwatch()
  await Promise.all([once(socket, 'close'), app.close()])
  expect(stopwatch.milliseconds()).toBeLessThan(20_000)
  await rm(folder, { recursive: true, force: true })
})
