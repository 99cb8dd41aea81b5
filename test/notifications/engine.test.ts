import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { secret } from './outbox.ts'
import { startReceiver } from './receiver.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-notify-'))
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 100) AS n')
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Waits until nothing is left to send: on a machine that stands still an attempt can fail and is made again. */
async function allSent(engine: BackupEngine, channel: string, type: string): Promise<void> {
  for (;;) {
    const { rows } = await engine.notifications.deliveries({ channel })
    if (rows.some((row) => row.type === type && row.status === 'sent')) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

test('an engine tells what happened, and lists, previews, tests and replays', async () => {
  const receiver = await startReceiver()
  const engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository: join(folder, 'repository'), encryption: 'none' },
    notifications: {
      channels: [
        { kind: 'webhook', name: 'siem', url: `${receiver.url}/token-canary`, secret },
        { kind: 'heartbeat', name: 'hc', url: `${receiver.url}/ping`, database: 'default' },
      ],
      rules: [{ on: ['*'], to: ['siem'] }],
      privateAddresses: ['127.0.0.1'],
    },
  })
  try {
    await engine.repository.init()
    await engine.start()
    await expect(engine.notifications.test('nowhere')).rejects.toMatchObject({ code: 'CHANNEL_NOT_FOUND' })
    await expect(engine.notifications.test('hc')).rejects.toMatchObject({ code: 'INVALID' })
    expect(await engine.notifications.test('siem')).toMatchObject({ status: 'sent', type: 'test.message', attempts: 1 })
    expect((await engine.notifications.preview('siem')).body).toContain('test.message')
    expect(receiver.received.map(({ path }) => path)).toEqual(['/token-canary'])
    await engine.backups.create({ name: 'first' })
    await allSent(engine, 'siem', 'backup.completed')
    await allSent(engine, 'hc', 'backup.completed')
  } finally {
    await engine.stop()
  }
  const hooks = receiver.received.filter(({ path }) => path === '/token-canary')
  for (const { body, headers } of hooks) new Webhook(secret).verify(body, headers as Record<string, string>)
  expect(hooks.map(({ body }) => JSON.parse(body).type)).toEqual(['test.message', 'backup.started', 'backup.completed'])
  expect(JSON.parse(hooks[2]?.body ?? '').data).toMatchObject({ database: 'default', facts: { rows: 100, number: 1 } })
  expect(receiver.received.filter(({ path }) => path.startsWith('/ping?'))).toHaveLength(1)

  // Another process, the database gone: the same history, a failure, no ping.
  const later = createBackupEngine({
    ...{ database: cluster.url('missing'), repository: join(folder, 'repository'), encryption: 'none' },
    notifications: {
      channels: [{ kind: 'webhook', name: 'siem', url: `${receiver.url}/token-canary`, secret }],
      privateAddresses: ['127.0.0.1'],
    },
  })
  try {
    await later.start()
    await expect(later.backups.create()).rejects.toMatchObject({ name: 'EngineError' })
    await allSent(later, 'siem', 'backup.failed')
    expect(await later.notifications.list()).toMatchObject([
      { name: 'siem', kind: 'webhook', target: new URL(receiver.url).host, state: 'working' },
    ])
  } finally {
    await later.stop()
  }
  const last = JSON.parse(receiver.received.at(-1)?.body ?? '')
  expect(last).toMatchObject({ type: 'backup.failed', data: { condition: 'backups.create:default' } })

  const again = createBackupEngine({
    ...{ database: cluster.url('shop'), repository: join(folder, 'repository'), encryption: 'none' },
    notifications: {
      channels: [{ kind: 'webhook', name: 'siem', url: `${receiver.url}/token-canary`, secret }],
      privateAddresses: ['127.0.0.1'],
    },
  })
  try {
    await again.start()
    const { rows, count } = await again.notifications.deliveries({ channel: 'siem' })
    expect(rows).toHaveLength(count)
    expect(JSON.stringify(rows)).not.toContain('canary')
    const failed = rows.find(({ type }) => type === 'backup.failed')
    expect(await again.notifications.replay(failed?.id ?? '')).toMatchObject({ status: 'sent', id: failed?.id })
    expect(receiver.received.at(-1)?.headers['webhook-id']).toBe(last.data.id)
    const before = receiver.received.length
    await again.backups.create()
    while (receiver.received.length === before) await new Promise((resolve) => setTimeout(resolve, 250))
  } finally {
    await again.stop()
    await receiver.stop()
  }
  // Without rules good news is told where it ends a failure.
  expect(JSON.parse(receiver.received.at(-1)?.body ?? '')).toMatchObject({
    ...{ type: 'backup.completed', data: { facts: { recovered: true, failures: 1 } } },
  })
})
