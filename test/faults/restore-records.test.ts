import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { createMemoryStorage, startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { insideOf } from '../../packages/core/src/actions/inside.ts'

let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-records-'))
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

let databases = 0
const now = { confirm: true, safetyBackup: false } as const

function open(database: string, options: Partial<EngineOptions> = {}): BackupEngine {
  const engine = createBackupEngine({
    ...{ database: cluster.url(database), repository: join(folder, database), encryption: 'none', catalog: ':memory:' },
    ...options,
  } as EngineOptions)
  engines.push(engine)
  return engine
}

/** A database whose backup has 1 in it, while 2 is live. */
async function shop(options: Partial<EngineOptions> = {}) {
  const database = `shop_${++databases}`
  await cluster.createDatabase(database)
  await cluster.sql(database, 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)')
  const engine = open(database, options)
  await engine.repository.init()
  const { id: backup } = await engine.backups.create()
  await cluster.sql(database, 'UPDATE t SET v = 2')
  const live = async (name = database) => (await cluster.sql<{ v: number }>(name, 'SELECT v FROM t'))[0]?.v
  return { database, engine, backup, live }
}

/** Asks as a browser of an administrator does, and waits for the job that was begun. */
async function ask(engine: BackupEngine, method: string, path: string, body?: object) {
  const handle = createHandler(engine, { basePath: '/b', authorize: () => ({ id: 'boss', role: 'admin' }) })
  const init = {
    method,
    headers: { 'content-type': 'application/json', origin: 'http://localhost' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }
  const response = await handle(new Request(`http://localhost/b/${path}/`, init))
  const text = await response.text()
  const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  const ended = async () => (await engine.tasks.get(answer.task_id as string)).finished_at
  if (answer.task_id !== undefined) await expect.poll(ended).not.toBeNull()
  return { status: response.status, body: answer }
}

const auditOf = async (engine: BackupEngine, action: string) =>
  (await engine.audit.list({ action })).results.map(({ outcome, detail, subject }) => ({ outcome, detail, subject }))

test('undone in one face, then asked for in another: the page that was open says that the plan has changed', async () => {
  const { engine, backup, live, database } = await shop()
  await engine.start()
  const started = await ask(engine, 'POST', `backups/${backup}/restore`, {
    safety_backup: false,
    confirm: await hashOf(engine, backup),
  })
  const id = started.body.id as string
  const { plan_hash } = (await ask(engine, 'POST', `restores/${id}/undo`, { confirm: 'what another plan had' })).body
  const command = open(database, { catalog: join(folder, 'command.sqlite') })
  await command.restores.undo(id)
  expect((await ask(engine, 'GET', `restores/${id}`)).body).toMatchObject({ status: 'undone' })
  const second = await ask(engine, 'POST', `restores/${id}/undo`, { confirm: plan_hash })
  expect(second).toMatchObject({ status: 409, body: { code: 'plan_changed', plan: { holds: 'restored' } } })
  expect(await live()).toBe(2)
  expect((await command.restores.kept())[0]).toMatchObject({ restore_id: id, undone: true })
  await command.restores.discard(id)
  expect((await ask(engine, 'GET', `restores/${id}`)).body).toMatchObject({ status: 'undone', kept_database: null })
})

const hashOf = async (engine: BackupEngine, backup: string) =>
  (await ask(engine, 'POST', `backups/${backup}/plan`, { safety_backup: false })).body.plan_hash

test('two undos at the same moment: one is done, the other changes nothing', async () => {
  const { engine, backup, live, database } = await shop()
  const { id } = await engine.restores.run(backup, now)
  const others = [open(database), open(database), engine]
  const ends = await Promise.allSettled(others.map((one) => one.restores.undo(id)))
  // One that began when another had ended undoes that undo, as was asked.
  const done = ends.filter(({ status }) => status === 'fulfilled').length
  for (const end of ends)
    if (end.status === 'rejected')
      expect(['PLAN_CHANGED', 'DATABASE_BUSY', 'RESTORE_NOT_FOUND']).toContain(end.reason.code)
  expect(await live()).toBe(done % 2 === 1 ? 2 : 1)
  expect((await engine.restores.get(id)).status).toBe(done % 2 === 1 ? 'undone' : 'succeeded')
})

test('an undo where nothing was live keeps nothing, and is recorded all the same', async () => {
  const { engine, backup, live, database } = await shop()
  const { id } = await engine.restores.run(backup, now)
  await cluster.sql('postgres', `DROP DATABASE ${database} WITH (FORCE)`)
  expect(await engine.restores.undo(id)).toMatchObject({ kept_database: null, undone: true })
  expect(await live()).toBe(2)
  expect(await engine.restores.get(id)).toMatchObject({ status: 'undone', kept_database: null })
})

test('a restore into another database by name: what it replaced is on offer, under the id of the restore', async () => {
  const { engine, backup, live } = await shop()
  const other = await shop()
  const { id, kept_database } = await engine.restores.run(backup, {
    ...{ ...now, targetDatabase: other.database, intoOther: true },
  })
  expect(await live(other.database)).toBe(1)
  expect(await engine.restores.get(id)).toMatchObject({ database: other.database, kept_database, status: 'succeeded' })
  await expect(engine.backups.delete(backup, { force: true })).rejects.toMatchObject({ code: 'BACKUP_NEEDED_FOR_UNDO' })
  await engine.restores.undo(id)
  expect(await live(other.database)).toBe(2)
  expect(await engine.restores.get(id)).toMatchObject({ status: 'undone' })
  await engine.restores.discard(id)
  expect(await engine.restores.get(id)).toMatchObject({ status: 'undone', kept_database: null })
})

/** As a process leaves it that died before it could write down the end of its restore. */
async function forgetEnd(engine: BackupEngine, id: string, more: object = {}) {
  const { catalog } = await insideOf(engine).ground.background()
  const record = await catalog.restores.get(id)
  const blank = { kept_database: null, undo_until: null, finished_at: null, rows: null, swapped: false }
  if (record) await catalog.restores.put({ ...record, ...blank, status: 'running', ...more })
}

test('discarded before anybody looked: a restore whose process died after the swap has succeeded all the same', async () => {
  const { engine, backup } = await shop()
  const { id } = await engine.restores.run(backup, now)
  await forgetEnd(engine, id, { job_id: null })
  await engine.restores.discard(id)
  expect(await engine.restores.get(id)).toMatchObject({ status: 'succeeded', swapped: true, kept_database: null })
})

test('a restore whose end could not be written down ends as its job did, in place too', async () => {
  const { engine, backup } = await shop()
  const { id } = await engine.restores.run(backup, { ...now, strategy: 'in-place' })
  const before = await engine.restores.get(id)
  await forgetEnd(engine, id)
  const { finished_at: _, ...seen } = before
  expect(before).toMatchObject({ status: 'succeeded', swapped: true })
  expect(await engine.restores.get(id)).toMatchObject(seen)
})

test('media that are not in their place: succeeded with problems, with the kept database, in record, audit and HTTP', async () => {
  const media = join(folder, 'media', 'uploads')
  await mkdir(media, { recursive: true })
  await writeFile(join(media, 'file'), 'x')
  const blocked = {
    name: 'blocks the place',
    async validate() {
      for (const name of await readdir(join(folder, 'media')))
        if (name !== 'uploads') await rm(join(folder, 'media', name), { recursive: true })
    },
  }
  const { engine } = await shop({ media: [media], validators: [blocked] })
  const { id: backup } = await engine.backups.create({ includeMedia: true })
  const { id, kept_database } = await engine.restores.run(backup, { ...now, restoreMedia: true })
  const { body } = await ask(engine, 'GET', `restores/${id}`)
  expect(body).toMatchObject({
    ...{ status: 'succeeded_with_problems', swapped: true, kept_database, error: null },
    problems: [{ code: 'MEDIA_NOT_IN_PLACE' }],
    message: expect.stringContaining(`kept as "${kept_database}"`),
  })
  const events = await auditOf(engine, 'restores.run')
  expect(events[0]).toMatchObject({
    outcome: 'succeeded',
    detail: { status: 'succeeded_with_problems', kept_database },
  })
})

test('a restore that fails after its safety backup names it: in the record, over HTTP and in the audit', async () => {
  const broken = { name: 'never good', validate: () => Promise.reject(new Error('not as it should be')) }
  const { engine, backup, live } = await shop({ validators: [broken] })
  await engine.restores.run(backup, { confirm: true }).catch(() => {})
  const [row] = (await engine.restores.list()).rows
  const safety = (await engine.backups.list()).backups.find(({ trigger }) => trigger === 'pre_restore')?.id
  expect(safety).toMatch(/^b/)
  expect(row).toMatchObject({ status: 'failed', swapped: false, safety_backup_id: safety, kept_database: null })
  expect((await ask(engine, 'GET', `restores/${row?.id}`)).body.safety_backup_id).toBe(safety)
  const [event] = await auditOf(engine, 'restores.run')
  expect(event).toMatchObject({ subject: row?.id, detail: { safety_backup_id: safety } })
  expect(await live()).toBe(2)
})

test('with one connection, a safety backup comes before anything that can fail: its id is recorded too', async () => {
  const { engine, backup, database } = await shop({ resources: { connections: 1 } } as Partial<EngineOptions>)
  const holder = open(database)
  await holder.restores.run(backup, now)
  const broken = open(database, {
    ...{ resources: { connections: 1 } },
    validators: [{ name: 'never good', validate: () => Promise.reject(new Error('no')) }],
  } as Partial<EngineOptions>)
  await broken.restores.run(backup, { confirm: true }).catch(() => {})
  expect((await broken.restores.list()).rows[0]).toMatchObject({
    status: 'failed',
    safety_backup_id: expect.stringMatching(/^b/),
  })
  await engine.stop()
})

test('what an undo needs is refused alike: library, HTTP, and an engine with another catalog', async () => {
  const { engine, backup, database } = await shop()
  const { id, safety_backup_id } = await engine.restores.run(backup, { confirm: true })
  const other = open(database)
  for (const one of [engine, other])
    for (const needed of [backup, safety_backup_id as string]) {
      const error = await one.backups.delete(needed, { force: true }).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'BACKUP_NEEDED_FOR_UNDO' })
      const { status, body } = await ask(one, 'DELETE', `backups/${needed}/delete`)
      expect([status, body.code]).toEqual([409, 'needed_for_undo'])
    }
  await engine.restores.discard(id)
  await expect(engine.backups.delete(safety_backup_id as string, { force: true })).resolves.toBeDefined()
})

test('a confirmed restore leaves no refusal; its events say what was asked for', async () => {
  const { engine, backup } = await shop()
  await engine.start()
  const asked = await ask(engine, 'POST', `backups/${backup}/restore`, { safety_backup: false })
  expect(asked.body.code).toBe('confirmation_required')
  const request = { safety_backup: false, confirm: asked.body.plan_hash }
  const { body } = await ask(engine, 'POST', `backups/${backup}/restore`, request)
  const events = await auditOf(engine, 'restores.run')
  expect(events.map(({ outcome }) => outcome).sort()).toEqual(['started', 'succeeded'])
  for (const { detail, subject } of events) {
    expect(subject).toBe(body.id)
    const facts = { strategy: 'swap', overrides: [], into_other: false, without_safety_backup: true }
    expect(detail).toMatchObject({ backup, ...facts, face: 'http' })
  }
})

test('facts of a script without a catalog are taken in by the next engine that has one', async () => {
  const repository = createMemoryStorage()
  const { database, engine: script, backup } = await shop({ repository, catalog: undefined } as Partial<EngineOptions>)
  expect(await insideOf(script).ground.history(), 'it has no catalog').toBeNull()
  const second = await script.backups.create()
  await script.backups.delete(second.id, { force: true })
  const { id } = await script.restores.run(backup, now)
  await script.restores.undo(id)
  await script.restores.discard(id)

  const engine = open(database, { repository })
  const { results } = await engine.audit.list({ limit: 100 } as never)
  const seen = results.map(({ action, outcome }) => `${action} ${outcome}`)
  for (const one of ['backups.create', 'backups.delete', 'restores.run', 'restores.undo', 'restores.discard'])
    expect(seen).toContain(`${one} succeeded`)
  const deletion = results.find(({ action }) => action === 'backups.delete')
  expect(deletion).toMatchObject({ subject: second.id, detail: { face: 'library', taken_in_at: expect.any(String) } })
  // Undone and discarded before the catalog saw it: the server shows nothing, the facts do.
  expect(await engine.restores.get(id)).toMatchObject({ status: 'undone', kept_database: null, checked: true })
  const again = await engine.audit.list({ limit: 100 } as never)
  expect(again.results.length).toBe(results.length)
})

test('facts that were sealed of the second of two databases belong to it', async () => {
  const repository = createMemoryStorage()
  const first = await shop({ repository })
  const second = await shop({ repository: createMemoryStorage() })
  const databases = { one: cluster.url(first.database), two: cluster.url(second.database) }
  const both = { database: undefined, databases } as Partial<EngineOptions>
  const script = open(first.database, { ...both, repository, catalog: undefined } as Partial<EngineOptions>)
  const { id: backup } = await script.backups.create({ database: 'two' })
  const { id } = await script.restores.run(backup, { ...now, database: 'two' })
  const engine = open(first.database, { ...both, repository })
  await engine.adopt()
  expect(await engine.restores.get(id)).toMatchObject({
    checked: true,
    status: 'succeeded',
    kept_database: expect.any(String),
  })
})
