import { createServer } from 'node:net'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { watchAudit } from '../../packages/core/src/engine/background/audit/watch-audit.ts'
import { EngineError } from '../../packages/core/src/errors.ts'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import type { Storage } from '../../packages/core/src/storage/storage.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'
import { openOutbox } from '../notifications/outbox.ts'

/** What an operator is told when something goes wrong that is not an error of a backup. */
let cluster: TemporaryCluster
let engine: BackupEngine
let freeBytes: number | undefined
let isFull: boolean
let told: { type: string; title: string; lines: string[]; channel: string }[]
let count = 0
const engines: BackupEngine[] = []

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  told = []
  freeBytes = undefined
  isFull = false
  const database = await cluster.createDatabase(`shop${++count}`)
  await sql(`CREATE TABLE orders AS SELECT n AS id, 'order ' || n AS note FROM generate_series(1, 5000) n;
    CREATE TABLE sessions AS SELECT n AS id FROM generate_series(1, 2000) n;
    CREATE TABLE settings AS SELECT n AS id FROM generate_series(1, 20) n`)
  engine = engineOn({ database, repository: storageOf(createMemoryStorage()) })
  await engine.repository.init()
})
afterEach(async () => {
  for (const one of engines.splice(0)) await one.stop()
})

const sql = (text: string) => cluster.sql(`shop${count}`, text)

function storageOf(storage: Storage): Storage {
  return wrapStorage(storage, {
    async put(name, data, options) {
      if (isFull && name.startsWith('packs/')) throw new EngineError('STORAGE_FULL', 'No space left on device.')
      return storage.put(name, data, options)
    },
    freeBytes: async () => freeBytes ?? 500e9,
  })
}

function engineOn(options: Partial<EngineOptions>): BackupEngine {
  const one = createBackupEngine({
    ...{ encryption: 'none', catalog: ':memory:', reserveBytes: 0, resources: { connections: 2 } },
    notifications: { channels: [channel('pager')], rules: [{ on: ['*'], to: ['pager'] }] },
    ...options,
  } as EngineOptions)
  engines.push(one)
  return one
}

const channel = (name: string) => ({
  ...{ kind: 'custom' as const, name },
  send: async ({ type, title, lines }: { type: string; title: string; lines: string[] }) => {
    told.push({ type, title, lines, channel: name })
  },
})

/** Waits until all that is recorded was told. */
async function tellAll(of = engine): Promise<string[]> {
  const { notifier } = await insideOf(of).ground.background()
  await notifier?.look()
  await notifier?.idle()
  return told.map(({ type }) => type)
}
const backUp = async () => {
  const { id, number } = await engine.backups.create()
  return { id, number }
}
const isPinned = async (id: string) => (await engine.backups.get(id)).pinned

describe('a table that was emptied by mistake', () => {
  test('is told, holds the backup from before against retention, and ends when it is acknowledged', async () => {
    const before = await backUp()
    await sql('DELETE FROM orders')
    const after = await backUp()
    expect((await tellAll()).filter((type) => type.startsWith('rows'))).toEqual(['rows.odd'])
    const said = told.find(({ type }) => type === 'rows.odd')
    expect(said?.lines[0]).toBe('public.orders was emptied: it had 5,000 rows.')
    expect(said?.lines.join(' ')).toContain(`Backup ${before.number}, from before, is kept`)

    const [alarm] = await engine.alarms.list()
    expect(alarm).toMatchObject({
      ...{ what: 'rows', backup: after.id, held: { backup: before.id }, acknowledged: null },
      findings: [{ kind: 'emptied', table: 'public.orders', before: 5000, after: 0 }],
    })
    expect(await isPinned(before.id)).toBe(true)
    // Retention would let it go long ago.
    await backUp()
    await engine.retention.run({ maxBackups: 1, confirm: true } as never)
    expect(await isPinned(before.id)).toBe(true)
    expect(await engine.alarms.list()).toHaveLength(1)

    await expect(
      engine.alarms.acknowledge(alarm?.id ?? '', {
        reason: 'x',
        as: { id: 'op', permissions: ['backups:pin'] },
      } as never),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.alarms.acknowledge(alarm?.id.slice(0, 6) ?? '', { reason: 'restored from it' })
    expect(await isPinned(before.id)).toBe(false)
    expect(await engine.alarms.list()).toEqual([])
    // What the person said is in the repository, whatever becomes of the catalog.
    const { results } = await engine.audit.list({ action: 'alarms.acknowledge', fromRepository: true })
    expect(results.map(({ detail }) => detail.reason)).toContain('restored from it')
    expect(await engine.alarms.list({ all: true })).toMatchObject([{ acknowledged: { reason: 'restored from it' } }])
    expect((await tellAll()).filter((type) => type.startsWith('alarm'))).toEqual(['alarm.acknowledged'])
    const { notifications } = (await insideOf(engine).ground.background()).catalog
    expect(await notifications.conditions()).toEqual([])
  })

  test('one that is so each night is told once, where that was said', async () => {
    await backUp()
    for (const expected of [true, false]) {
      await sql('TRUNCATE sessions')
      await backUp()
      const found = await engine.alarms.list()
      expect(found.map(({ findings }) => findings.map(({ kind }) => kind))).toEqual(expected ? [['emptied']] : [])
      for (const { id } of found) await engine.alarms.acknowledge(id, { reason: 'they are short-lived', expected })
      await sql('INSERT INTO sessions SELECT n FROM generate_series(1, 2000) n')
      await backUp()
    }
  })

  test('a pin of a person stays theirs', async () => {
    const before = await backUp()
    await engine.backups.pin(before.id)
    await sql('DELETE FROM orders')
    await backUp()
    const [alarm] = await engine.alarms.list()
    await engine.alarms.acknowledge(alarm?.id ?? '', { reason: 'meant' })
    expect(await isPinned(before.id)).toBe(true)
  })
})

describe('what else is found, and what is not', () => {
  const kinds = async () => (await engine.alarms.list()).flatMap(({ findings }) => findings.map(({ kind }) => kind))

  test('rows that were rewritten, lost and gone; an update of a few, growth and a restore are nothing', async () => {
    await backUp()
    await sql(
      "UPDATE orders SET note = 'x' WHERE id <= 1000; INSERT INTO sessions SELECT n FROM generate_series(1, 9000) n",
    )
    await backUp()
    expect(await kinds()).toEqual([])
    await sql('UPDATE orders SET note = md5(note); DELETE FROM sessions WHERE id > 1000')
    const { number } = await backUp()
    expect((await kinds()).sort()).toEqual(['lost', 'rewritten'])
    // The day after it is a habit, and the rows that are gone are gone already.
    await sql('UPDATE orders SET note = md5(note)')
    await backUp()
    expect(await engine.alarms.list()).toHaveLength(1)
    await sql('DROP TABLE sessions; DROP TABLE settings')
    await backUp()
    expect((await engine.alarms.list())[0]?.findings).toMatchObject([{ kind: 'vanished', table: 'public.sessions' }])
    // A restore brings back what was there: the step is explained.
    await sql('CREATE TABLE more AS SELECT n FROM generate_series(1, 2000) n')
    await backUp()
    await engine.restores.run(String(number), { confirm: true })
    await backUp()
    expect(await engine.alarms.list()).toHaveLength(2)
  })

  test('a size that is half of what it was', async () => {
    await sql('CREATE TABLE notes AS SELECT n AS id, repeat(md5(n::text), 400) AS text FROM generate_series(1, 90) n')
    await backUp()
    await backUp()
    await sql('DELETE FROM notes')
    await sql('VACUUM notes')
    const { number } = await backUp()
    const found = (await engine.alarms.list()).find(({ what }) => what === 'size')
    expect(found).toMatchObject({ number, held: null, findings: [{ kind: 'smaller', table: null }] })
    expect(await tellAll()).toContain('size.odd')
  })
})

describe('the storage', () => {
  test('that fills is told of once, with the day, and once it has room again', async () => {
    await backUp()
    freeBytes = 10
    await backUp()
    await backUp()
    freeBytes = undefined
    await backUp()
    await backUp()
    const low = (await tellAll()).filter((type) => type.startsWith('storage'))
    expect(low).toEqual(['storage.low', 'storage.recovered'])
    expect(told.find(({ type }) => type === 'storage.low')?.lines[0]).toMatch(/does not fit/)
  })

  test('that is full: the backup fails, and people learn of it with the next step', async () => {
    await backUp()
    isFull = true
    await sql('INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 900) n')
    await expect(backUp()).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    isFull = false
    await backUp()
    expect((await tellAll()).filter((type) => !type.endsWith('started'))).toEqual([
      ...['backup.completed', 'backup.failed', 'backup.completed'],
    ])
    expect(told.find(({ type }) => type === 'backup.failed')?.lines[0]).toBe('Code: storage_full')
    expect(told.at(-1)?.title).toMatch(/again after 1 failure/)
  })
})

test('a mail server that is down: after three attempts the other channel is told, once', async () => {
  const mail = {
    kind: 'email',
    name: 'ops',
    transport: `smtp://127.0.0.1:${await closedPort()}`,
    from: 'a@example.com',
  }
  const outbox = await openOutbox({
    channels: [{ ...mail, to: ['b@example.com'] }, channel('pager')],
    rules: [{ on: ['backup.failed', 'channel.*'], to: ['ops', 'pager'] }],
  })
  try {
    await outbox.record('failed')
    await outbox.deliver()
    expect(told.map(({ type }) => type)).toEqual(['backup.failed'])
    for (const minutes of [1, 7]) {
      outbox.clock.advance(minutes * 60_000)
      await outbox.deliver()
    }
    expect(told.map(({ type }) => type)).toEqual(['backup.failed', 'channel.failing'])
    expect(told.at(-1)?.lines.join(' ')).toMatch(/esocket/)
    outbox.clock.advance(60 * 60_000)
    await outbox.deliver()
    expect(told).toHaveLength(2)
  } finally {
    await outbox.stop()
  }
})

test('a schedule whose processes were all away: the first one that is back tells of it, and by how much', async () => {
  const outbox = await openOutbox({ channels: [channel('pager')] })
  try {
    const slot = '2026-03-29T01:00:00.000Z'
    await outbox.record('started', { facts: { label: 'shop', schedule: 'backup:shop', slot, late_ms: 5 * 3_600_000 } })
    await outbox.deliver()
    expect(told).toMatchObject([
      {
        ...{ type: 'backup.missed', title: 'Backup by the schedule "backup:shop" begins 300 minutes late' },
        lines: [
          `It was due at ${slot}. No process that runs schedules was alive then.`,
          expect.stringContaining('`lifeboat doctor`'),
        ],
      },
    ])
    await outbox.record('succeeded')
    await outbox.deliver()
    expect(told.at(-1)).toMatchObject({ type: 'backup.completed', title: expect.stringContaining('again after 1') })
  } finally {
    await outbox.stop()
  }
})

test('an audit log that somebody changed is told once, shown by doctor and health, and told when it is right again', async () => {
  const catalog = await cluster.createDatabase(`catalog${count}`)
  await cluster.sql(`catalog${count}`, `ALTER DATABASE catalog${count} SET search_path = lifeboat, public`)
  const database = cluster.url(`shop${count}`)
  const watched = engineOn({ database, catalog, repository: storageOf(createMemoryStorage()) })
  await watched.repository.init()
  await watched.backups.create()
  const background = await insideOf(watched).ground.background()
  const look = async () => watchAudit(background, await background.parts.repository(), { maxAgeMs: 0 })
  const change = (from: string, to: string) =>
    cluster.sql(`catalog${count}`, `UPDATE audit_events SET action = '${to}' WHERE action = '${from}' AND seq = 2`)
  const types = async () => (await tellAll(watched)).filter((type) => type.startsWith('audit'))
  await look()
  expect(await types()).toEqual([])
  await change('backups.create', 'backups.get')
  await look()
  await look()
  expect(await types()).toEqual(['audit.broken'])
  expect(told.at(-1)?.lines.join(' ')).toMatch(/event 2/i)
  const { checks } = await watched.doctor()
  expect(checks.find(({ id }) => id === 'audit')).toMatchObject({ level: 'failed' })
  const { health } = await watched.status()
  expect(health.lines.map(({ id, cap }) => [id, cap])).toContainEqual(['audit_broken', 30])
  expect(health.score).toBeLessThanOrEqual(30)
  await change('backups.get', 'backups.create')
  await look()
  expect(await types()).toEqual(['audit.broken', 'audit.intact'])
  expect((await watched.status()).health.lines.map(({ id }) => id)).not.toContain('audit_broken')
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
