import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { openOutbox, secret } from './outbox.ts'
import { startReceiver } from './receiver.ts'

test('a process killed between sending and noting it: the next one sends again, with the same id', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-notify-'))
  let kill = () => {}
  const receiver = await startReceiver(() => {
    kill()
    return 200
  })
  try {
    const path = join(folder, 'catalog.sqlite')
    const victim = spawn(
      process.execPath,
      [fileURLToPath(new URL('./victim.ts', import.meta.url)), path, receiver.url],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    // Killed before it has the answer.
    kill = () => void victim.kill('SIGKILL')
    const [, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      victim.once('exit', (code, name) => resolve([code, name])),
    )
    expect(signal).toBe('SIGKILL')
    expect(receiver.received).toHaveLength(1)
    kill = () => {}
    const channels = [{ kind: 'webhook', name: 'siem', url: receiver.url, secret }]
    const outbox = await openOutbox({ channels }, { path })
    await outbox.deliver()
    // The dead one may still be alive for all that is known.
    expect(receiver.received).toHaveLength(1)
    await outbox.clock.advance(3 * 60_000)
    await outbox.deliver()
    await outbox.stop()
    expect(receiver.received).toHaveLength(2)
    const [first, second] = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(second).toBe(first)
    for (const { body, headers } of receiver.received)
      new Webhook(secret).verify(body, headers as Record<string, string>)
  } finally {
    await receiver.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
