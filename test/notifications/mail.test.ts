import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { openOutbox } from './outbox.ts'

interface Mail {
  from: string
  to: string[]
  text: string
}
let server: SMTPServer | undefined
afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())))

async function startMailServer(mails: Mail[], accept = true): Promise<number> {
  server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onRcptTo: (_address, _session, done) =>
      done(accept ? null : Object.assign(new Error('no such person'), { responseCode: 550 })),
    onData(stream, { envelope }, done) {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', (piece) => {
        text += piece
      })
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text })
        done()
      })
    },
  })
  const { server: listening } = server
  await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve))
  return (listening.address() as AddressInfo).port
}

const channelOf = (port: number) => ({
  ...{ kind: 'email', name: 'ops', transport: `smtp://127.0.0.1:${port}` },
  ...{ from: 'Lifeboat <backup@shop.example>', to: ['ops@shop.example', 'night@shop.example'] },
})

test('a mail arrives at a real server with both parts, and the id of its event', async () => {
  const mails: Mail[] = []
  const outbox = await openOutbox({ channels: [channelOf(await startMailServer(mails))] })
  try {
    await outbox.record('failed')
    await outbox.deliver()
    expect(mails).toHaveLength(1)
    const [mail] = mails
    expect(mail).toMatchObject({ from: 'backup@shop.example', to: ['ops@shop.example', 'night@shop.example'] })
    expect(mail?.text).toMatch(/^Subject: .*Lifeboat.*Backup/m)
    expect(mail?.text).toContain('\r\nBackup 12 of "shop" failed\r\n')
    expect(mail?.text).toMatch(/Message-ID: <msg_[0-9a-f]{26}@lifeboat>/i)
    expect(mail?.text).toContain('text/plain')
    expect(mail?.text).toContain('text/html')
    expect(mail?.text).toContain('Code: storage_full')
    expect(mail?.text).not.toContain('canary')
    expect(await outbox.catalog.notifications.count({ status: 'sent' })).toBe(1)
  } finally {
    await outbox.stop()
  }
})

test('a mail that is not taken waits, with the code of the server', async () => {
  const outbox = await openOutbox({ channels: [channelOf(await startMailServer([], false))] })
  try {
    await outbox.record('failed')
    await outbox.deliver()
    expect(await outbox.catalog.notifications.list()).toMatchObject([{ status: 'queued', last_error: 'smtp_550' }])
  } finally {
    await outbox.stop()
  }
})
