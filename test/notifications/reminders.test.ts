import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createHandler } from '@lifeboat/core/http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendReminders } from '../../packages/core/src/engine/reminders/send-reminders.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { runCli } from '../cli/run-cli.ts'

let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-reminders-'))
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 100) AS n')
})
afterAll(async () => {
  for (const engine of engines) await engine.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const token = '0123456789abcdef0123456789abcdef'
const options = (more: Partial<EngineOptions> = {}): EngineOptions => ({
  ...{ database: cluster.url('shop'), repository: join(folder, 'repository'), encryption: 'none', appName: 'shop' },
  ...more,
})
const open = (more: Partial<EngineOptions> = {}): BackupEngine => {
  const engine = createBackupEngine(options(more))
  engines.push(engine)
  return engine
}

/** What the schedule does at each look, at a moment of choice. */
async function look(engine: BackupEngine, at: string): Promise<void> {
  const { ground } = insideOf(engine)
  const background = await ground.background()
  const looked = { ...ground, signal: undefined, report: undefined, doctor: () => engine.doctor() }
  await sendReminders(background, looked, new Date(at))
  await background.notifier?.look()
  await background.notifier?.idle()
}

const [year, month] = [new Date().getUTCFullYear(), new Date().getUTCMonth()]
const nextMonth = new Date(Date.UTC(year, month + 1, 1, 8)).toISOString()
const later = new Date(Date.UTC(year + 2, 0, 1, 8)).toISOString()

test('each date is told once by two processes, and not where it was done', { timeout: 120_000 }, async () => {
  const told: { type: string; item: unknown }[] = []
  const send = ({ type, facts }: { type: string; facts: Record<string, unknown> }) =>
    void told.push({ type, item: facts.item })
  const notifications = { channels: [{ kind: 'custom' as const, name: 'pager', send }] }
  const [one, other] = [open({ notifications }), open({ notifications })]
  await one.repository.init()
  // What is older than the repository is not reminded of.
  await look(one, new Date().toISOString())
  expect(told).toEqual([])

  await one.backups.create()
  expect((await one.drills.run('latest')).verdict).toBe('good')
  const items = () => told.map(({ item }) => String(item)).toSorted()
  await Promise.all([look(one, nextMonth), look(other, nextMonth)])
  expect(items()).not.toContain('drills')
  expect(items()).not.toContain('failures')

  told.length = 0
  await Promise.all([look(one, later), look(other, later), look(one, later), look(other, later)])
  expect(items()).toEqual(['access', 'checklist', 'drills', 'recovery_exercise'])
  expect(new Set(told.map(({ type }) => type))).toEqual(new Set(['reminder.due']))

  const { reminders } = await one.reminders.list()
  expect(reminders.find(({ id }) => id === 'drills')).toMatchObject({ state: 'done' })
  expect(reminders.find(({ id }) => id === 'key_rotation')).toMatchObject({ state: 'not_needed' })
})

test('the calendar is closed but for its link, which opens nothing else', { timeout: 60_000 }, async () => {
  const engine = open()
  const authorize = (request: Request) =>
    request.headers.get('authorization') === 'Bearer ann' ? { id: 'ann', role: 'viewer' as const } : null
  expect(() => createHandler(engine, { authorize, calendarToken: 'short' })).toThrow(/calendarToken/)
  const closed = createHandler(engine, { authorize })
  const handler = createHandler(engine, { authorize, calendarToken: token, basePath: '/api/backup' })
  const ask = async (path: string, init: RequestInit = {}) => handler(new Request(`http://shop.example${path}`, init))
  const link = `/api/backup/reminders/?format=calendar&token=${token}`

  const calendar = await ask(link)
  expect(calendar.status).toBe(200)
  expect(calendar.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  const body = await calendar.text()
  expect(body).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\n/)
  expect(body).toMatch(/END:VCALENDAR\r\n$/)
  expect(body).not.toContain(token)
  expect(body).not.toContain(folder)
  expect((await ask(link, { method: 'HEAD' })).status).toBe(200)

  const closedLink = `http://shop.example/reminders/?format=calendar&token=${token}`
  expect((await closed(new Request(closedLink))).status).toBe(401)
  for (const [path, init] of [
    [link.replace(/f$/, 'e')],
    [link.replace('format=calendar&', '')],
    [`/api/backup/reminders/?format=json&token=${token}`],
    [`/api/backup/status/?format=calendar&token=${token}`],
    [`/api/backup/backups/?token=${token}`],
    [`/api/backup/reminders/x/?format=calendar&token=${token}`],
    [link, { method: 'POST', headers: { 'content-type': 'application/json', 'x-lifeboat': '1' }, body: '{}' }],
  ] as [string, RequestInit?][])
    expect((await ask(path, init)).status, path).toBe(401)
  // An actor that can read reminders needs no token, and a program that prefers it gets the calendar.
  const asked = { headers: { authorization: 'Bearer ann', accept: 'text/calendar' } }
  expect((await ask('/api/backup/reminders/', asked)).headers.get('content-type')).toContain('text/calendar')
  const list = await ask('/api/backup/reminders/', { headers: { authorization: 'Bearer ann' } })
  expect(await list.json()).toMatchObject({ document: null, reminders: expect.any(Array) })
})

test('the command prints the reminders and the calendar', { timeout: 60_000 }, async () => {
  const place = ['--database', cluster.url('shop'), '--repository', join(folder, 'repository'), '--encryption', 'none']
  const listed = await runCli(['reminders', ...place])
  expect(listed.stdout).toContain('Review who has access to the backups (each quarter)')
  const calendars = [
    await runCli(['checklist', '--ics', ...place]),
    await runCli(['reminders', '--format', 'calendar', ...place]),
  ]
  for (const { stdout, code } of calendars) {
    expect(code).toBe(0)
    expect(stdout).toMatch(/^BEGIN:VCALENDAR\r\n[\s\S]*UID:access\.[0-9a-f]{32}@lifeboat\r\n[\s\S]*END:VCALENDAR\r\n$/)
  }
})
