import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sortedJson } from '../../packages/core/src/policy/audit/canonical-json.ts'
import { runCli } from '../cli/run-cli.ts'
import { as, authorize } from '../http/setting.ts'
import { anchorNames, happen, openVictim, recordOnly, someFact } from './victim.ts'

let cluster: TemporaryCluster
const closers: (() => Promise<void>)[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
})

const opened = async () => {
  const victim = await openVictim(cluster)
  closers.push(victim.close)
  return victim
}

test('two processes record at once, seal and anchor: no fork, no gap, and nothing is out of reach', async () => {
  const each = process.env.LIFEBOAT_LONG === '1' ? 5_000 : 60
  const victim = await opened()
  const second = createBackupEngine(victim.options)
  closers.push(() => second.stop())
  const record = async (engine: typeof second, name: string) => {
    const { facts } = insideOf(engine).ground
    // What has begun waits for an anchor of its own no more than the limit of events allows.
    for (let n = 0; n < each; n++) {
      const fact = someFact(`${name}-${n}`)
      await facts.publish(n % 10 === 0 ? fact : { ...fact, type: 'started', outcome: 'started' })
    }
  }
  await Promise.all([record(victim.engine, 'a'), record(second, 'b')])
  const { state, first, chains } = await second.audit.verify()
  expect({ state, first }).toEqual({ state: 'intact', first: null })
  expect(chains).toEqual([expect.objectContaining({ events: 2 * each, unsealed: [] })])
  await Promise.all([victim.engine, second].map((engine) => insideOf(engine).ground.audit.anchor()))
  const alone = await second.audit.verify({ fromRepository: true })
  expect(alone).toMatchObject({ state: 'intact', chains: [{ events: 2 * each }] })
  const { results } = await second.audit.list({ limit: 1000 })
  expect(new Set(results.map(({ subject }) => subject)).size).toBe(Math.min(1000, 2 * each))
}, 900_000)

test('a process that dies between the record and the anchor, or right after the anchor, is no alarm', async () => {
  const victim = await opened()
  await happen(victim, 3)
  await recordOnly(victim, 'died before', await victim.key())
  const before = await victim.engine.audit.verify()
  expect(before).toMatchObject({ state: 'intact', chains: [{ events: 2, anchored_to: 1, unanchored: 1 }] })
  expect(before.chains[0]?.unanchored_since).not.toBeNull()
  await happen(victim, 4)
  expect(await victim.engine.audit.verify()).toMatchObject({
    state: 'intact',
    chains: [{ anchored_to: 3, unanchored: 0 }],
  })
  // The anchor is there, and the catalog does not know of it.
  await victim.sql('DELETE FROM audit_anchors WHERE seq = 3')
  expect(await victim.engine.audit.verify()).toMatchObject({ state: 'intact', chains: [{ anchored_to: 3 }] })
  await happen(victim, 5)
  expect(await victim.engine.audit.verify()).toMatchObject({ state: 'intact', chains: [{ events: 4, anchored_to: 4 }] })
  expect(await victim.engine.audit.verify({ fromRepository: true })).toMatchObject({ state: 'intact' })
})

test('what is recorded while the repository cannot be opened has no seal; the next event vouches for it', async () => {
  const victim = await opened()
  await happen(victim, 3)
  const { options } = victim
  const locked = createBackupEngine({ ...options, encryption: { rawKey: '11'.repeat(32) } })
  closers.push(() => locked.stop())
  await locked.config.change({ keep_daily: 9 })
  const { state, first } = await victim.engine.audit.verify()
  expect({ state, seq: first?.seq, kind: first?.kind }).toEqual({ state: 'unproven', seq: 2, kind: 'seal' })
  await happen(victim, 4)
  expect(await victim.engine.audit.verify()).toMatchObject({
    ...{ state: 'intact', first: null },
    chains: [{ events: 3, unsealed: [{ from: 2, to: 2 }] }],
  })
})

test('a chain of version 1 stays verifiable, goes on with seals, and is laid into the repository', async () => {
  const victim = await opened()
  // The tables are made, and nothing is recorded.
  expect((await victim.engine.audit.verify()).chains[0]?.events).toBe(0)
  let previous = '0'.repeat(64)
  for (let seq = 1; seq <= 5; seq++) {
    const record = [
      '2026-01-01T00:00:00.000Z',
      'ann',
      null,
      'backups.create',
      `b${seq}`,
      'succeeded',
      { 10: 1, 9: 2, a: {} },
    ]
    previous = createHash('sha256')
      .update(sortedJson([previous, seq, ...record]))
      .digest('hex')
    await victim.sql(
      'INSERT INTO audit_events (seq, hash, at, actor, address, action, subject, outcome, detail) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)',
      [seq, previous, ...record.slice(0, 6), JSON.stringify(record[6])],
    )
  }
  expect(await victim.engine.audit.verify()).toMatchObject({ state: 'intact', chains: [{ chain: null, version_1: 5 }] })
  await happen(victim, 3)
  const { chains, state } = await victim.engine.audit.verify()
  expect(state).toBe('intact')
  expect(chains).toEqual([expect.objectContaining({ events: 6, version_1: 5, anchored_to: 6, unsealed: [] })])
  expect(await victim.engine.audit.verify({ fromRepository: true })).toMatchObject({
    state: 'intact',
    chains: [{ version_1: 5 }],
  })
  await victim.sql(`UPDATE audit_events SET actor = 'bob' WHERE seq = 2`)
  expect((await victim.engine.audit.verify()).first).toMatchObject({ seq: 2, kind: 'changed' })
})

test('a storage that fails keeps no event from being recorded', async () => {
  const victim = await opened()
  await happen(victim, 3)
  const put = victim.storage.put.bind(victim.storage)
  victim.storage.put = async () => {
    throw new Error('The disk is gone.')
  }
  await happen(victim, 4)
  victim.storage.put = put
  expect(await victim.engine.audit.verify()).toMatchObject({
    state: 'intact',
    chains: [{ anchored_to: 1, unanchored: 1 }],
  })
  await happen(victim, 5)
  expect(await victim.engine.audit.verify()).toMatchObject({
    state: 'intact',
    chains: [{ anchored_to: 3, unanchored: 0 }],
  })
})

test('requests that are refused are recorded, and make no object each', async () => {
  const victim = await opened()
  await happen(victim, 3)
  for (let n = 0; n < 20; n++)
    await victim.engine.config.change({ keep_daily: 1, as: { id: 'ann', role: 'viewer' } }).catch(() => {})
  expect(await anchorNames(victim.storage)).toHaveLength(1)
  expect((await victim.engine.audit.verify()).chains[0]).toMatchObject({ events: 21, unanchored: 20 })
  await victim.engine.stop()
  expect(await anchorNames(victim.storage)).toHaveLength(2)
})

test('another program verifies what is exported, by docs/audit.md alone', async () => {
  const victim = await opened()
  for (const value of [3, 4]) await happen(victim, value)
  await recordOnly(victim, 'of a host: "é", \n, \u{1f600}, \ud800', await victim.key())
  const handler = createHandler(victim.engine, { authorize })
  const get = (path: string, who: 'admin' | 'viewer' = 'admin') =>
    handler(new Request(`http://localhost${path}`, as(who)))
  const answer = await get('/audit/export/')
  expect(answer.headers.get('content-type')).toContain('application/jsonl')
  const lines = (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toHaveLength(4)
  const key = await victim.key()
  let prev = '0'.repeat(64)
  for (const { hash, seal, ...record } of lines) {
    const text = rfc8785({ v: 2, prev, sealed: seal !== null, ...record })
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash)
    expect(createHmac('sha256', key).update(`${record.chain} ${record.seq} ${hash}`).digest('hex')).toBe(seal)
    prev = hash
  }
  const csv = await (await get('/audit/export/?format=csv&from_repository=true')).text()
  expect(csv.split('\r\n')[0]).toBe('seq,at,actor,address,action,subject,outcome,detail,chain,hash,seal')
  expect((await get('/audit/export/', 'viewer')).status).toBe(403)
  expect(await (await get('/audit/verify/')).json()).toMatchObject({ state: 'intact', first: null, checked: 'catalog' })
  expect(await (await get('/audit/?from_repository=true&action=config.change')).json()).toMatchObject({
    chain: { broken_at: null },
  })
})

/** Written for this test from RFC 8785, and not from the code that is tested. */
function rfc8785(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(rfc8785)}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${rfc8785(Reflect.get(value, key))}`)}}`
}

test('the command: 0 intact, 3 changed, 1 it cannot be said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-audit-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const url = await cluster.createDatabase('catalog_of_command')
  const env = { LIFEBOAT_REPOSITORY: join(folder, 'repository'), HOME: folder }
  const run = (...words: string[]) => runCli([...words, '--catalog', url, '--encryption', 'none'], { cwd: folder, env })
  await run('init')
  for (const days of [3, 4]) expect((await run('config', `keep_daily=${days}`)).code).toBe(0)
  const intact = await run('audit', 'verify')
  expect(intact).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was changed.') })
  expect((await run('audit', 'export', '--output', 'audit.jsonl')).code).toBe(0)
  const events = (await readFile(join(folder, 'audit.jsonl'), 'utf8')).trimEnd().split('\n')
  expect((await run('audit', '--json')).json()).toMatchObject({ list: { chain: { broken_at: null } } })
  await cluster.sql('catalog_of_command', `UPDATE lifeboat.audit_events SET actor = 'ann' WHERE seq = 2`)
  const changed = await run('audit', 'verify', '--json')
  expect(changed).toMatchObject({ code: 3 })
  expect(changed.json()).toMatchObject({ verify: { state: 'broken', first: { seq: 2, kind: 'changed' } } })
  const alone = await run('audit', 'verify', '--from-repository', '--json')
  expect(alone.code).toBe(0)
  expect(alone.json()).toMatchObject({ verify: { checked: 'repository', chains: [{ events: events.length }] } })
  expect(
    (await runCli(['audit', 'verify', '--catalog', url, '--repository', join(folder, 'none')], { cwd: folder })).code,
  ).toBe(1)
  expect((await run('audit', 'nonsense')).code).toBe(2)
})
