import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Fact } from '../../packages/core/src/actions/facts.ts'
import { readAnchored } from '../../packages/core/src/engine/background/audit/read-anchored.ts'
import { createOwedFacts } from '../../packages/core/src/engine/background/owed-facts.ts'
import { listAuditAnchors } from '../../packages/core/src/repository/documents/audit-anchors.ts'
import { happen, openVictim, someFact, type Victim } from './victim.ts'

/** What is dangerous is on record, in the repository, before it acts; and is refused where that cannot be. */
let cluster: TemporaryCluster
let victim: Victim
/** Names that cannot be written now. */
let refused = /^$/
let onDelete: (name: string) => Promise<void>
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  victim = await openVictim(cluster)
  const put = victim.storage.put.bind(victim.storage)
  victim.storage.put = async (name, ...rest) => {
    if (refused.test(name)) throw new Error('The storage takes nothing.')
    return put(name, ...rest)
  }
  const remove = victim.storage.delete.bind(victim.storage)
  victim.storage.delete = async (name, ...rest) => {
    await onDelete(name)
    return remove(name, ...rest)
  }
})
beforeEach(() => {
  refused = /^$/
  onDelete = async () => {}
})
afterAll(async () => {
  await victim?.close()
  await cluster?.stop()
})

/** Actions in the anchors, with their outcome. */
async function anchored(): Promise<string[]> {
  const repository = await insideOf(victim.engine).ground.parts.repository()
  const found: string[] = []
  for (const [, anchors] of await listAuditAnchors(repository))
    await readAnchored(repository, anchors, {
      onEvent: ({ action, outcome }) => void found.push(`${action} ${outcome}`),
    })
  return found
}
const newest = async (action: string) => (await victim.engine.audit.list({ action })).results
const deleteOne = async (more: object = {}) => {
  await victim.engine.backups.create()
  const { id } = await victim.engine.backups.create()
  return { id, deleted: victim.engine.backups.delete(id, { confirm: true, ...more }) }
}
const isThere = async (id: string) => (await victim.engine.backups.list()).rows.some((one) => one.id === id)

test('the repository holds the record when the first object is deleted, and what was asked through a job', async () => {
  let seen: string[] = []
  onDelete = async (name) => {
    if (name.startsWith('backups/')) seen = await anchored()
  }
  const { id, deleted } = await deleteOne()
  await deleted
  expect(await isThere(id)).toBe(false)
  expect(seen.at(-1)).toBe('backups.delete started')
  expect((await newest('backups.delete')).map(({ outcome }) => outcome)).toEqual(['succeeded', 'started'])
})

test('what cannot be laid into the repository is refused, by every way in; what only looks goes on', async () => {
  const { id } = await victim.engine.backups.create()
  refused = /^(audit|facts)\//
  const no = { code: 'AUDIT_UNAVAILABLE', status: 503 }
  await expect(victim.engine.backups.delete(id, { confirm: true })).rejects.toMatchObject(no)
  expect(await isThere(id)).toBe(true)
  const into = { strategy: 'new-database' as const, targetDatabase: 'never_made', confirm: true as const }
  await expect(victim.engine.restores.run(id, into)).rejects.toMatchObject(no)
  const { confirm, ...asked } = into
  const job = victim.engine.tasks.start('restores.run', { backup: id, ...asked }, { confirm })
  await expect(job).rejects.toMatchObject(no)
  expect(await cluster.sql('postgres', "SELECT 1 FROM pg_database WHERE datname = 'never_made'")).toEqual([])
  await expect(victim.engine.rows.query(id, { sql: 'SELECT 1' })).rejects.toMatchObject(no)
  await expect(victim.engine.keys.add({ passphrase: 'correct horse battery' })).rejects.toMatchObject(no)
  expect((await victim.engine.status()).database).toBeDefined()
  // The refusals are in the catalog, and reach the repository once it can be written.
  expect((await newest('backups.delete'))[0]).toMatchObject({ outcome: 'failed' })
  refused = /^$/
  await happen(victim, 3)
  expect(await anchored()).toContain('backups.delete failed')
  expect((await victim.engine.audit.verify()).state).toBe('intact')
  await victim.engine.backups.delete(id, { confirm: true })
})

test('a job that was asked for while it could be recorded does not begin once it cannot', async () => {
  const { id } = await victim.engine.backups.create()
  await victim.engine.tasks.pause()
  const { task_id } = await victim.engine.tasks.start(
    'restores.run',
    { backup: id, strategy: 'new-database', targetDatabase: 'never_made' },
    { confirm: true },
  )
  // An event that the repository does not hold yet.
  refused = /^(audit|facts)\//
  await happen(victim, 4)
  await victim.engine.start()
  await victim.engine.tasks.resume()
  await expect.poll(async () => (await victim.engine.tasks.get(task_id)).status, { timeout: 60_000 }).toBe('failed')
  expect((await victim.engine.tasks.get(task_id)).error).toMatchObject({ code: 'audit_unavailable' })
  expect(await cluster.sql('postgres', "SELECT 1 FROM pg_database WHERE datname = 'never_made'")).toEqual([])
}, 90_000)

test('an emergency goes ahead with a reason, and is recorded as soon as that is possible', async () => {
  const { id } = await victim.engine.backups.create()
  refused = /^(audit|facts)\//
  await victim.sql('ALTER TABLE audit_events RENAME TO away')
  const no = { code: 'AUDIT_UNAVAILABLE' }
  await expect(victim.engine.backups.delete(id, { confirm: true })).rejects.toMatchObject(no)
  await victim.engine.backups.delete(id, { confirm: true, unrecorded: 'the disk is full' })
  expect(await isThere(id)).toBe(false)
  await victim.sql('ALTER TABLE away RENAME TO audit_events')
  refused = /^$/
  await happen(victim, 5)
  const events = (await newest('backups.delete')).filter(({ subject }) => subject === id)
  const details = events.filter(({ detail }) => typeof detail.unrecorded === 'string')
  expect(details.map(({ outcome }) => outcome)).toEqual(['succeeded', 'started'])
  for (const { detail } of details)
    expect(detail).toMatchObject({ unrecorded: 'the disk is full', recorded_later: expect.any(String) })
  expect((await victim.engine.audit.verify()).state).toBe('intact')
  expect(await anchored()).toContain('backups.delete succeeded')
})

test('what a process still owes when it ends, the next one in the same folder records', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-owed-'))
  try {
    const place = join(folder, 'unrecorded')
    const first = createOwedFacts(place)
    const [one, two] = [someFact('one'), { ...someFact('two'), at: '2030-01-01T00:00:00.000Z' }]
    await first.add(one)
    await first.add(two)
    await first.pay(async () => false)
    await first.leave()
    expect(await readdir(place)).toHaveLength(2)
    await writeFile(join(place, '0.json'), '{"action":"made up"')
    const paid: Fact[] = []
    const take = async (fact: Fact) => paid.push(fact) > 0
    const others = [createOwedFacts(place), createOwedFacts(place)]
    await Promise.all(others.map((other) => other.pay(take)))
    expect(paid.toSorted((a, b) => a.at.localeCompare(b.at))).toEqual([one, two])
    expect((await readdir(place)).filter((name) => name.endsWith('.json'))).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('what an emergency did is recorded by the next process in the same folder where its own is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-owed-'))
  try {
    const module = new URL('../../packages/core/src/engine/background/owed-facts.ts', import.meta.url).href
    const fact = someFact('killed')
    const program = `const { createOwedFacts } = await import(${JSON.stringify(module)})
      await createOwedFacts(${JSON.stringify(folder)}).add(${JSON.stringify(fact)})
      process.kill(process.pid, 'SIGKILL')`
    const died = promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module', '-e', program])
    await expect(died).rejects.toMatchObject({ signal: 'SIGKILL' })
    // Not recorded yet, and killed again: it stays where it is.
    await createOwedFacts(folder).pay(async () => false)
    expect(await readdir(folder)).toHaveLength(1)
    const [left] = await readdir(folder)
    await rename(join(folder, left ?? ''), join(folder, `${left?.replace(/\.\d+$/, '')}.4194305`))
    const paid: Fact[] = []
    await createOwedFacts(folder).pay(async (one) => paid.push(one) > 0)
    expect(paid).toEqual([fact])
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
