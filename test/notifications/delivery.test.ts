import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { call, DeliveryError } from '../../packages/core/src/notifications/call.ts'
import { makeCertificates } from '../managed/certificates.ts'
import { type Outbox, openOutbox, secret } from './outbox.ts'
import { startReceiver } from './receiver.ts'

const open: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})
async function outboxOf(options: object): Promise<Outbox> {
  const outbox = await openOutbox(options)
  open.push(outbox)
  return outbox
}
async function receiverOf(...answer: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...answer)
  open.push(receiver)
  return receiver
}

test('each webhook is verified by the library of the standard, by the new secret and by the one before', async () => {
  const receiver = await receiverOf()
  const previousSecret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`
  const channels = [{ kind: 'webhook', name: 'siem', url: `${receiver.url}/in`, secret, previousSecret }]
  const { record, deliver, catalog } = await outboxOf({ channels, rules: [{ on: ['*'], to: ['siem'] }] })
  await record('started')
  await record('failed')
  await record('succeeded')
  await deliver()
  expect(receiver.received).toHaveLength(3)
  for (const { body, headers } of receiver.received) {
    for (const key of [secret, previousSecret]) new Webhook(key).verify(body, headers as Record<string, string>)
    expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).toThrow()
    expect(body).not.toContain('canary')
    expect(JSON.parse(body).data.id).toBe(headers['webhook-id'])
  }
  expect(receiver.received.map(({ body }) => JSON.parse(body).type)).toEqual([
    ...['backup.started', 'backup.failed', 'backup.completed'],
  ])
  expect(JSON.parse(receiver.received[2]?.body ?? '').data).toMatchObject({ facts: { recovered: true, failures: 1 } })
  expect(await catalog.notifications.count({ status: 'sent' })).toBe(3)
  expect(JSON.stringify(await catalog.notifications.list())).not.toMatch(/canary|whsec_/)
})

test('a heartbeat is not pinged by 1,000 runs that did not succeed, and is by the one that did', async () => {
  const receiver = await receiverOf()
  const { record, deliver } = await outboxOf({
    channels: [{ kind: 'heartbeat', name: 'hc', url: `${receiver.url}/ping`, fail: false }],
  })
  const bad = ['failed', 'interrupted', 'cancelled', 'refused', 'started'] as const
  for (let run = 0; run < 1000; run++) await record(bad[run % bad.length] ?? 'failed', { task_id: `t${run}` })
  await deliver()
  expect(receiver.received).toEqual([])
  await record('succeeded')
  await deliver()
  expect(receiver.received.map(({ path }) => path)).toEqual([expect.stringMatching(/^\/ping\?rid=[0-9a-f-]{36}$/)])
})

test('start and failure of a heartbeat have paths of their own, paired by one id', async () => {
  const receiver = await receiverOf()
  const { record, deliver, clock } = await outboxOf({
    channels: [{ kind: 'heartbeat', name: 'hc', url: `${receiver.url}/ping`, start: true }],
  })
  await record('started')
  await deliver()
  await clock.advance(1000)
  await record('failed')
  await deliver()
  const [start, fail] = receiver.received.map(({ path }) => new URL(path, receiver.url))
  expect([start?.pathname, fail?.pathname]).toEqual(['/ping/start', '/ping/fail'])
  expect(start?.search).toBe(fail?.search)
})

test('an older ping does not speak after a newer one', async () => {
  let down = true
  const receiver = await receiverOf(() => (down ? 503 : 200))
  const { record, deliver, clock, catalog } = await outboxOf({
    channels: [{ kind: 'heartbeat', name: 'hc', url: `${receiver.url}/ping` }],
  })
  await record('succeeded')
  await deliver()
  down = false
  await clock.advance(1000)
  await record('failed', { task_id: 't2' })
  await deliver()
  await clock.advance(60_000)
  await deliver()
  expect(receiver.received.map(({ path }) => path.split('?')[0])).toEqual(['/ping', '/ping/fail'])
  expect(await catalog.notifications.list({ status: 'given_up' })).toMatchObject([{ last_error: 'superseded' }])
})

test('a channel that fails is told of through the others once, is tried again, and delivers in the end', async () => {
  let down = true
  const bad = await receiverOf(() => (down ? 500 : 200))
  const good = await receiverOf()
  const hook = (name: string, url: string) => ({ kind: 'webhook', name, url, secret })
  const { record, deliver, clock, catalog } = await outboxOf({
    channels: [hook('bad', bad.url), hook('good', good.url)],
  })
  await record('failed')
  await deliver()
  // The failing one does not keep the other.
  expect(good.received.map(({ body }) => JSON.parse(body).type)).toEqual(['backup.failed'])
  for (const minutes of [1, 10, 60, 200]) {
    await clock.advance(minutes * 60_000)
    await deliver()
  }
  const types = () => good.received.map(({ body }) => JSON.parse(body).type)
  expect(types()).toEqual(['backup.failed', 'channel.failing'])
  expect(new Set(bad.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(await catalog.notifications.list({ channel: 'bad' })).toMatchObject([
    { status: 'queued', last_error: 'http_500' },
  ])
  down = false
  await clock.advance(12 * 3_600_000)
  await deliver()
  expect(types()).toEqual(['backup.failed', 'channel.failing', 'channel.recovered'])
  expect(await catalog.notifications.list({ channel: 'bad', status: 'sent' })).toMatchObject([{ last_error: null }])
})

test('a receiver that is gone is not called again; one that asks for time gets it', async () => {
  const gone = await receiverOf(() => 410)
  const busy = await receiverOf(() => ({ status: 429, headers: { 'retry-after': '7200' } }))
  const hook = (name: string, url: string) => ({ kind: 'webhook', name, url, secret })
  const { record, deliver, clock, catalog } = await outboxOf({
    channels: [hook('gone', gone.url), hook('busy', busy.url)],
  })
  await record('failed')
  await deliver()
  expect(await catalog.notifications.list({ channel: 'gone' })).toMatchObject([
    { status: 'given_up', last_error: 'http_410' },
  ])
  await clock.advance(3_600_000)
  await deliver()
  expect(
    busy.received.map(({ body }) => JSON.parse(body).type).filter((type) => type === 'backup.failed'),
  ).toHaveLength(1)
})

test('people get what is due together as one message', async () => {
  const receiver = await receiverOf()
  const { record, deliver } = await outboxOf({ channels: [{ kind: 'slack', name: 'chat', url: receiver.url }] })
  for (const label of ['a', 'b', 'c']) await record('failed', { facts: { label } })
  await deliver()
  expect(receiver.received).toHaveLength(1)
  const { text, blocks } = JSON.parse(receiver.received[0]?.body ?? '')
  expect(text).toBe('🔴 3 messages: 3 failed')
  expect(blocks[1].text.text).toMatch(/Backup of "a" failed[\s\S]*"b"[\s\S]*"c"/)
})

test('where Slack refuses the form of a message, it gets the text', async () => {
  const receiver = await receiverOf(({ body }) => (body.includes('blocks') ? 400 : 200))
  const { record, deliver, catalog } = await outboxOf({
    channels: [{ kind: 'slack', name: 'chat', url: receiver.url }],
  })
  await record('failed')
  await deliver()
  expect(JSON.parse(receiver.received[1]?.body ?? '')).toEqual({
    text: '🔴 Backup of "shop" failed'.replace('Backup', 'Backup 12'),
  })
  expect(await catalog.notifications.count({ status: 'sent' })).toBe(1)
})

test('Teams, Discord and ntfy take their own form, and a function of the host the event itself', async () => {
  const receiver = await receiverOf()
  const events: { title: string }[] = []
  const { record, deliver } = await outboxOf({
    channels: [
      { kind: 'teams', name: 'teams', url: `${receiver.url}/teams` },
      { kind: 'discord', name: 'discord', url: `${receiver.url}/discord` },
      { kind: 'ntfy', name: 'ntfy', url: `${receiver.url}/folder/topic`, token: 'tk_canary' },
      { kind: 'custom', name: 'pager', send: (event: { title: string }) => void events.push(event) },
    ],
  })
  await record('failed')
  await deliver()
  const body = (path: string) => JSON.parse(receiver.received.find((got) => got.path === path)?.body ?? '')
  expect(body('/teams').attachments[0].content.body[0].text).toBe('Backup 12 of "shop" failed')
  expect(body('/discord').embeds[0].title).toBe('Backup 12 of "shop" failed')
  expect(body('/folder/')).toMatchObject({ topic: 'topic', title: 'Backup 12 of "shop" failed', priority: 5 })
  expect(receiver.received.find(({ path }) => path === '/folder/')?.headers.authorization).toBe('Bearer tk_canary')
  expect(events).toMatchObject([{ type: 'backup.failed', title: 'Backup 12 of "shop" failed' }])
})

test('a redirect is a failure, and nothing calls where it leads', async () => {
  const other = await receiverOf()
  const receiver = await receiverOf(() => ({ status: 302, headers: { location: other.url } }))
  const { record, deliver, catalog } = await outboxOf({
    channels: [{ kind: 'webhook', name: 'x', url: receiver.url, secret }],
  })
  await record('failed')
  await deliver()
  expect(other.received).toEqual([])
  expect((await catalog.notifications.list())[0]?.last_error).toBe('http_302')
})

test.each([
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[::7f00:1]',
  'localhost',
])('this machine is not called as %s', async (host) => {
  const receiver = await receiverOf()
  // https: of plain http only listed addresses are called in any case.
  for (const scheme of ['http', 'https']) {
    const sent = call(
      { url: `${scheme}://${host}:${receiver.port}/`, body: 'x' },
      { signal: new AbortController().signal, privateAddresses: [] },
    )
    await expect(sent).rejects.toMatchObject({ code: 'err_ip_blocked' })
  }
  expect(receiver.received).toEqual([])
})

test.each([[['127.0.0.1']], [['10.0.0.1', '127.0.0.1']], [['::ffff:127.0.0.1', '64:ff9b::7f00:1']]])(
  'a name that resolves to %j is not called',
  async (addresses) => {
    const receiver = await receiverOf()
    const lookup: LookupFunction = (_host, { all }, done) => {
      const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      if (all) done(null, answers)
      else done(null, answers[0]?.address ?? '', answers[0]?.family)
    }
    const sending = { signal: new AbortController().signal, privateAddresses: [], lookup }
    const sent = call({ url: `https://rebinding.example:${receiver.port}/`, body: 'x' }, sending)
    await expect(sent).rejects.toMatchObject({ code: 'err_ip_blocked' })
    expect(receiver.received).toEqual([])
  },
)

test('a certificate that is not trusted ends the call before anything is sent', async () => {
  const certificates = await makeCertificates()
  const asked: string[] = []
  const [key, cert] = await Promise.all([readFile(certificates.key), readFile(certificates.cert)])
  const server = createServer({ key, cert }, (request, response) => {
    asked.push(request.url ?? '')
    response.end()
  })
  open.push({ stop: () => new Promise((resolve) => server.close(resolve)) }, { stop: certificates.remove })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sending = { signal: new AbortController().signal, privateAddresses: ['127.0.0.1', '::1'] }
  const sent = call({ url: `https://localhost:${port}/`, body: 'x' }, sending)
  await expect(sent).rejects.toMatchObject({ code: expect.stringMatching(/verify|cert/) })
  expect(asked).toEqual([])
})

test('an error of delivery says a code, and never what was sent or answered', () => {
  expect(new DeliveryError('http_500').message).toBe('The message was not taken: http_500')
})
