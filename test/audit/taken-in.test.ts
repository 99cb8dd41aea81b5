import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createOwedFacts } from '../../packages/core/src/engine/background/owed-facts.ts'
import { createEngineScheduler } from '../../packages/core/src/engine/background/run-schedule.ts'
import { takeInFacts } from '../../packages/core/src/engine/background/sealed-facts.ts'
import { sealFact } from '../../packages/core/src/repository/documents/sealed-facts.ts'
import { createManualClock } from '../../packages/core/src/testing/manual-clock.ts'
import { happen, openVictim, someFact, type Victim } from './victim.ts'

/** Facts that lay in the repository or in a folder until the catalog could record them: each is one event. */
let cluster: TemporaryCluster
let victim: Victim
const closers: (() => Promise<void>)[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
})
beforeEach(async () => {
  victim = await openVictim(cluster)
  closers.push(victim.close)
})

const repositoryOf = () => insideOf(victim.engine).ground.parts.repository()
const seal = async (subject: string) => {
  const fact = someFact(subject)
  await sealFact(await repositoryOf(), fact.at, { ...fact })
}
const subjects = async () => {
  const { results } = await victim.engine.audit.list({ limit: 1000 })
  return results.map(({ subject }) => subject).sort()
}
const sealed = async () => (await Array.fromAsync(victim.storage.list('facts/'))).length

test('a process that dies after it recorded one, and before it was taken away, leaves no second event', async () => {
  for (const subject of ['one', 'two']) await seal(subject)
  const { storage } = await repositoryOf()
  const remove = storage.delete
  storage.delete = async () => {
    throw new Error('The process is gone.')
  }
  await expect(victim.engine.audit.list()).rejects.toThrow('The process is gone.')
  storage.delete = remove
  expect(await sealed()).toBe(2)
  expect(await subjects()).toEqual(['one', 'two'])
  expect(await sealed()).toBe(0)
  expect((await victim.engine.audit.verify()).state).toBe('intact')
})

test('two processes that take in at once record each one once; two that are alike but for their names are two', async () => {
  await happen(victim, 3)
  const fact = someFact('twin')
  for (let n = 0; n < 12; n++) await sealFact(await repositoryOf(), fact.at, { ...fact })
  const other = createBackupEngine(victim.options)
  closers.push(() => other.stop())
  // Each lists all of them: nothing is taken away before both have recorded.
  const remove = victim.storage.delete
  victim.storage.delete = async () => {}
  const take = async ({ ground }: ReturnType<typeof insideOf>) => takeInFacts(await ground.background(), ground)
  expect(await Promise.all([victim.engine, other].map((engine) => take(insideOf(engine))))).toEqual([12, 12])
  victim.storage.delete = remove
  expect((await subjects()).filter((subject) => subject === 'twin')).toHaveLength(12)
  expect((await victim.engine.audit.verify()).state).toBe('intact')
})

test('one that the catalog had recorded too, where only its anchor could not be laid, is one', async () => {
  const { id } = await victim.engine.backups.create()
  await victim.engine.backups.create()
  const { storage } = await repositoryOf()
  const { put } = storage
  storage.put = async (name, ...rest) => {
    if (name.startsWith('audit/')) throw new Error('No anchor.')
    return put.call(storage, name, ...rest)
  }
  await victim.engine.backups.delete(id, { confirm: true })
  storage.put = put
  expect(await sealed()).toBeGreaterThan(0)
  const { results } = await victim.engine.audit.list({ action: 'backups.delete' })
  expect(results.map(({ outcome }) => outcome)).toEqual(['succeeded', 'started'])
  expect(await sealed()).toBe(0)
  expect((await victim.engine.audit.verify()).state).toBe('intact')
})

test('a process that runs schedules takes them in by itself', async () => {
  await seal('sealed while the catalog was away')
  const { ground } = insideOf(victim.engine)
  const clock = createManualClock(new Date('2026-03-01T12:00:00Z'))
  const scheduler = await createEngineScheduler(ground, await ground.background(), { clock, worker: 'w' })
  await scheduler.look()
  await expect.poll(sealed).toBe(0)
  expect(await victim.sql('SELECT subject FROM audit_events')).toEqual([
    { subject: 'sealed while the catalog was away' },
  ])
  await seal('later')
  await scheduler.look()
  await clock.advance(15 * 60_000)
  await scheduler.look()
  await expect.poll(sealed).toBe(0)
})

test('what an emergency did is recorded once, where the process dies before its file is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-owed-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const file = '20300101000000000-00112233.json'
  const origins: string[] = []
  for (let turn = 0; turn < 2; turn++) {
    await writeFile(join(folder, file), JSON.stringify(someFact('night')))
    await createOwedFacts(folder).pay(async (_, origin) => origins.push(origin) > 0)
    expect(await readdir(folder)).toEqual([])
  }
  expect(origins).toEqual([`unrecorded/${file}`, `unrecorded/${file}`])
})
