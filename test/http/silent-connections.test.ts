import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allowLoopbackForDevelopment, createBackupEngine } from '@lifeboat/core'
import { backupRoutes } from '@lifeboat/fastify-adapter'
import fastify from 'fastify'
import { expect, test } from 'vitest'

test('Fastify does not wait a minute for a client that has connected and sent nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-silent-'))
  const engine = createBackupEngine({ repository: folder, catalog: ':memory:', encryption: 'none' })
  const app = fastify()
  await app.register(backupRoutes, { engine, authorize: allowLoopbackForDevelopment(() => {}) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const [ended] = await Promise.all([once(socket, 'close').then(() => 'ended'), app.close()])
  expect(ended).toBe('ended')
  await rm(folder, { recursive: true, force: true })
}, 45_000)
