import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Actor, type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { type AnyAction, allActions, type Caller, insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { commandCaller } from '../../packages/cli/src/caller.ts'
import { canNeedApproval, dangerOf, isIrreversible } from '../../packages/core/src/actions/danger.ts'
import { runCli } from '../cli/run-cli.ts'
import { readDocument } from '../documents/markdown.ts'
import { faces, type OpenFace } from '../http/faces.ts'
import { cases, type Ground, spareTargets } from '../one-way/cases.ts'
import { background, type Door, type DoorAnswer, http, library } from '../one-way/doors.ts'
import { readSources } from '../structure/sources.ts'

/**
 * Every action that can need approval, through every door, under a policy for it: its `run` is never called before other
 * people have approved, is called once after that, and not again. Nothing is really done: `run` is a counter.
 */
const guarded = (await allActions()).filter(canNeedApproval)
let turn = 0
const doors = new Map<string, Door>()
const ann: Actor = { id: 'ann', role: 'admin' }
const bob: Actor = { id: 'bob', role: 'admin' }
let cluster: TemporaryCluster
let folder: string
let ground: Ground
let plain: BackupEngine
let engine: BackupEngine
let face: OpenFace

const callAs =
  (caller: (actor: Actor) => Caller): Door =>
  async (action, input, { as = ann, confirm } = {}) => {
    try {
      const call = { caller: { ...caller(as), ...(confirm === undefined ? {} : { confirm }) } }
      await insideOf(engine).run(action.name as 'adopt', input, call)
      return { code: null }
    } catch (error) {
      const { code, detail } = error as { code: string; detail?: { plan_hash?: string } }
      return { code, ...(detail?.plan_hash ? { planHash: detail.plan_hash } : {}) }
    }
  }

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-doors-'))
  const url = await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    'CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 200) n; ALTER TABLE orders ADD PRIMARY KEY (id)',
  )
  const base = {
    ...{ database: url, repository: join(folder, 'main'), encryption: 'none' as const },
    copies: [{ name: 'nas', repository: join(folder, 'nas') }],
    targets: Object.fromEntries(spareTargets.map((name) => [name, { url: cluster.url(name), masked: false as const }])),
    runTime: { backup_directory: join(folder, 'exports'), max_backups: 1000 },
  }
  const approvals = {
    people: [ann, bob, { id: 'carl', role: 'admin' }],
    policies: [{ actions: guarded.map(({ name }) => name) }],
  } as EngineOptions['approvals']
  plain = createBackupEngine(base)
  await plain.repository.init()
  await plain.backups.create()
  await plain.copies.update('nas', { create: true })
  engine = createBackupEngine({ ...base, approvals })
  await engine.start()
  ground = { engine: plain, cluster, database: 'shop', folder }
  await writeFile(join(folder, 'lifeboat.config.mjs'), `export default ${JSON.stringify({ ...base, approvals })}\n`)
  const authorize = (request: Request) => JSON.parse(request.headers.get('authorization') ?? 'null') as Actor | null
  const bare = faces.find(({ name }) => name === 'the bare handler')
  face = (await bare?.open(engine, { authorize, rateLimit: false, uploads: true } as never)) as OpenFace
  doors.set('library', library(engine)).set('job', background(engine)).set('HTTP', http(engine, face))
  doors.set(
    'command',
    callAs((as) => commandCaller({ as })),
  )
  doors.set(
    'scheduler',
    callAs((actor) => ({
      actor,
      face: 'scheduler',
      address: null,
      confirmation: 'off',
      confirm: true,
      trigger: 'schedule',
    })),
  )
})
afterAll(async () => {
  await face?.close()
  await engine?.stop()
  await plain?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Asks as people do: a plan that has to be confirmed is. */
async function ask(door: Door, action: AnyAction, input: Record<string, unknown>): Promise<DoorAnswer | undefined> {
  const first = await door(action, { ...input }, { as: ann })
  if (first?.code !== 'CONFIRMATION_REQUIRED') return first
  return door(action, { ...input }, { as: ann, confirm: first.planHash ?? '' })
}

const open = async () => (await engine.approvals.list({ open: true })).rows

test.each(guarded.map((action) => [action.name, action] as const))('%s', async (name, action) => {
  const input = (await cases[action.name as keyof typeof cases].input?.(ground)) ?? {}
  const counted = vi.spyOn(action, 'run').mockImplementation(async () => ({}))
  try {
    const offered: Door[] = []
    for (const [, door] of doors) {
      const answer = await ask(door, action, input)
      if (!answer) continue
      offered.push(door)
      // A refusal comes before any question; what goes ahead has asked.
      expect([name, answer.code]).toEqual([
        name,
        cases[action.name as 'adopt'].refused && action.plan ? answer.code : 'APPROVAL_REQUIRED',
      ])
      expect(counted).not.toHaveBeenCalled()
    }
    expect(offered.length).toBeGreaterThan(1)
    for (const request of await open()) await engine.approvals.approve(request.id, { as: bob })
    // Each action goes ahead through one of its doors: another one each time.
    const door = offered[turn++ % offered.length] as Door
    await ask(door, action, input).catch(() => null)
    if (!cases[action.name as 'adopt'].refused) {
      expect(counted).toHaveBeenCalledOnce()
      // Used up: the next one asks again.
      expect((await ask(door, action, input))?.code).toBe('APPROVAL_REQUIRED')
      expect(counted).toHaveBeenCalledOnce()
    }
    for (const request of await open())
      await engine.approvals.cancel(request.id, { as: { id: request.requested_by, role: 'admin' } })
  } finally {
    counted.mockRestore()
  }
})

test('the command itself asks, and says how a colleague approves and how to go on', async () => {
  const run = (...words: string[]) => runCli(words, { cwd: folder, env: { HOME: folder } })
  const { code, stderr } = await run('delete', '1', '--force', '--yes')
  expect(stderr).toMatch(/code {4}APPROVAL_REQUIRED/)
  expect(stderr).toMatch(/approves it with `lifeboat approve`/)
  expect(code).toBe(3)
})

test('no face goes to the rooms of the engine past its actions', () => {
  const around = /\bground\s*\.\s*(backups|restores|maintenance|rows|copies|keys|migrations|drills)\b/
  const found = readSources('packages/{core/src/http,cli/src,express-adapter/src,fastify-adapter/src}/**/*.ts')
  expect(found.length).toBeGreaterThan(60)
  expect(found.filter(({ text }) => around.test(text)).map(({ path }) => path)).toEqual([])
})

test('docs/approvals.md has every dangerous action, by its danger', () => {
  const document = readDocument('docs/approvals.md')
  for (const danger of ['changes_data', 'deletes', 'takes_data_out', 'weakens_protection']) {
    const row = document.split('\n').find((line) => line.startsWith(`| \`${danger}\``)) ?? ''
    const written = [...row.matchAll(/`(\w+\.\w+)`/g)].map(([, name]) => name)
    const real = guarded.filter((action) => dangerOf(action) === danger).map(({ name }) => name)
    expect(written.sort()).toEqual(real.sort())
  }
  const forEver = guarded.filter((action) => dangerOf(action) !== null && isIrreversible(action, {})).map(dangerOf)
  expect(new Set(forEver)).toEqual(new Set(['deletes', 'takes_data_out', 'weakens_protection']))
  const restore = guarded.find(({ name }) => name === 'restores.run') as AnyAction
  expect(isIrreversible(restore, { strategy: 'in-place', safetyBackup: false })).toBe(true)
  expect(isIrreversible(restore, { strategy: 'swap', safetyBackup: false })).toBe(false)
})
