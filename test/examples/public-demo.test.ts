import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningExample, startExample } from './example.ts'
import { freePort } from './free-port.ts'

/** `npm run demo:public`: what a stranger finds, what they are refused, and that it begins again. */
const perMinute = 400
let demo: RunningExample
let host: string

beforeAll(async () => {
  const port = String(await freePort())
  host = `http://localhost:${port}`
  demo = await startExample('express', { PORT: port, REQUESTS_PER_MINUTE: String(perMinute) }, 'demo:public')
}, 180_000)
afterAll(async () => {
  expect(await demo?.stop()).toBe(0)
})

const api = (path: string, init: RequestInit = {}) => fetch(`${host}/backups/${path}`, init)
const json = { 'content-type': 'application/json' }
const read = async <T = Record<string, unknown>>(path: string) => (await (await api(path)).json()) as T
const backupsThere = async () =>
  (await read<{ results: { name: string }[] }>('backups/')).results.map(({ name }) => name)

test('a visitor sees backups, the restore, its log and its plan, and downloads what is made up', async () => {
  expect(await (await fetch(host)).text()).toMatch(/All of it is made up.*made new every 60 minutes/s)
  expect(await (await api('ui/')).text()).toContain('<title>')
  expect((await read('session/')).environment).toEqual({ label: 'public demo, new every 60 min', colour: 'amber' })
  const history = ['before release 2.0', 'nightly 3', 'nightly 2', 'nightly 1']
  expect(await backupsThere()).toEqual(expect.arrayContaining(history))
  const { results: tasks } = await read<{ results: { kind: string; status: string }[] }>('tasks/')
  expect(tasks.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['backup', 'verify', 'restore', 'drill']))
  expect(new Set(tasks.map(({ status }) => status))).toEqual(new Set(['succeeded']))
  expect((await api('backups/latest/plan/', { method: 'POST', headers: json, body: '{}' })).status).toBe(200)
  expect((await api('backups/latest/compare/?with=live')).status).toBe(200)
  const download = Buffer.from(await (await api('backups/latest/download/')).arrayBuffer())
  expect(download.subarray(0, 5).toString()).toBe('PGDMP')
})

test('nothing that writes, asks in SQL, or shows settings, keys, channels or the audit log', async () => {
  const { paths } = await read<{ paths: Record<string, object> }>('openapi.json')
  const asked = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      url: path.slice(1).replaceAll(/\{\w+\}/g, 'latest'),
    })),
  )
  const writes = asked.filter(({ method, url }) => method !== 'GET' && !/plan\/?$/.test(url))
  expect(writes.length).toBeGreaterThan(20)
  for (const { method, url } of writes) {
    const answer = await api(url, { method, headers: json, body: '{}' })
    expect([method, url, answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      ...[method, url, 403],
      'forbidden',
    ])
  }
  for (const url of ['config/', 'notifications/', 'deliveries/', 'keys/', 'recovery-kit/', 'repository/', 'audit/'])
    expect([url, (await api(url)).status]).toEqual([url, 403])
  for (const url of ['backups/latest/lost-rows/?table=orders', 'recovery-plan/', 'approvals/'])
    expect([url, (await api(url)).status]).toEqual([url, 403])
  const patch = await api('backups/latest/patch-plan/', { method: 'POST', headers: json, body: '{}' })
  expect(patch.status).toBe(403)
  expect(await backupsThere()).toHaveLength(5)
})

test('made new: visitors are answered meanwhile, and what was there before is gone', async () => {
  const since = async () => ((await (await fetch(`${host}/healthz`)).json()) as { since: string }).since
  const before = await since()
  const [old] = (await read<{ results: { id: string }[] }>('backups/')).results
  demo.signal('SIGHUP')
  await expect.poll(since, { timeout: 120_000, interval: 1000 }).not.toBe(before)
  expect(await backupsThere()).toHaveLength(5)
  expect((await api(`backups/${old?.id}/`)).status).toBe(404)
})

test('all visitors together are limited', async () => {
  let answer = await fetch(host)
  for (let n = 0; n < 3 * perMinute && answer.status === 200; n++) answer = await fetch(host)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60'])
})
