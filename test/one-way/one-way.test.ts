import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Actor, createBackupEngine } from '@lifeboat/core'
import { type ActionName, type AnyAction, allActions } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faces, type OpenFace } from '../http/faces.ts'
import { some } from '../runner/counts.ts'
import { cases, type Ground, spareTargets } from './cases.ts'
import { background, command, type Door, type DoorAnswer, http, library, planHere } from './doors.ts'

/**
 * Every action through every door: the library, a job, HTTP on the bare handler, Express and Fastify, the command. The
 * same permission, input, plan, refusal and confirmation; the same event in the audit, fact in the stream and task.
 */
const all = await allActions()
let ground: Ground
let cluster: TemporaryCluster
let folder: string
const open: OpenFace[] = []
const closers: (() => Promise<void>)[] = []
const doors = new Map<string, Door>()
const streamed: unknown[] = []

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-one-way-'))
  const database = 'shop'
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    'CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 200) n; ALTER TABLE orders ADD PRIMARY KEY (id)',
  )
  const options = {
    database: url,
    repository: join(folder, 'main'),
    encryption: 'none' as const,
    copies: [{ name: 'nas', repository: join(folder, 'nas') }],
    targets: Object.fromEntries(spareTargets.map((name) => [name, { url: cluster.url(name), masked: false as const }])),
    masking: { key: 'only for this test', tables: { orders: { id: 'keep' as const, note: 'hash' as const } } },
    // Nothing that a case refers to is let go beside it.
    runTime: { backup_directory: join(folder, 'exports'), max_backups: 1000 },
  }
  const openEngine = () => createBackupEngine(options)
  const engine = openEngine()
  await engine.repository.init()
  await engine.backups.create()
  await engine.copies.update('nas', { create: true })
  await engine.start()
  ground = { engine, cluster, database, folder }
  closers.push(() => engine.stop())
  await writeFile(join(folder, 'lifeboat.config.mjs'), `export default ${JSON.stringify(options)}\n`)
  engine.facts.subscribe((fact) => void streamed.push(fact))

  const authorize = (request: Request) => JSON.parse(request.headers.get('authorization') ?? 'null') as Actor | null
  doors.set('library', library(engine)).set('job', background(engine))
  for (const face of faces.filter(({ name }) => /bare|^Express 5$|Fastify/.test(name))) {
    // Each face stops its engine when it is closed.
    const own = face.name === 'the bare handler' ? engine : openEngine()
    const opened = await face.open(own, { authorize, rateLimit: false, uploads: true } as never)
    open.push(opened)
    doors.set(face.name, http(own, opened))
  }
  doors.set(
    'command',
    command(folder, (name, input) => cases[name].words?.(input)),
  )
})
afterAll(async () => {
  for (const { close } of open) await close()
  for (const close of closers) await close()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** What is recorded while the door is used. */
async function through(name: string, action: AnyAction, use: (door: Door) => Promise<DoorAnswer | undefined>) {
  const { engine } = ground
  const newest = async () => (await engine.audit.list({ limit: 1 })).results[0]?.seq ?? 0
  const before = await newest()
  const answer = await use(doors.get(name) as Door)
  if (!answer) return undefined
  const { results } = await engine.audit.list({ limit: 200, action: action.name })
  const events = results.filter(({ seq }) => seq > before).reverse()
  return { ...answer, events }
}

const nobody: Actor = { id: 'ann' }
const isRecorded = (action: AnyAction) => action.kind !== 'read' || action.recorded === true
/**
 * The ways whose code is another's but for the way in: a job and the two frameworks (a transport each), and the command (a
 * process each). In `npm test` some actions go through them, and every action through the library and the bare handler,
 * which begins a job too.
 */
const few = {
  jobs: new Set(
    some(
      all.filter(({ job }) => job),
      5,
    ),
  ),
  frameworks: new Set(some(all, 12)),
  commands: new Set(
    some(
      all.filter(({ command }) => command),
      10,
    ),
  ),
}
const doorsOf = (action: AnyAction, names: string[]) =>
  names.filter((name) => {
    if (name === 'command') return few.commands.has(action)
    if (name === 'job') return few.jobs.has(action)
    return !/Express|Fastify/.test(name) || few.frameworks.has(action)
  })
const named = (action: AnyAction) => cases[action.name as ActionName]

describe('without the permission', () => {
  const input: Record<string, unknown> = {
    backup: '1',
    restore: '1',
    task: '1',
    copy: 'x',
    name: 'x',
    rewind: '1',
    slot: 'x',
  }
  test.each(all.map((action) => [action.name, action] as const))('%s is denied and recorded', async (_, action) => {
    const given = Object.fromEntries(Object.entries(input).filter(([field]) => field === action.subject))
    for (const name of doorsOf(action, ['library', 'job', 'the bare handler', 'Express 5', 'Fastify 5'])) {
      const seen = await through(name, action, (door) => door(action, given, { as: nobody }))
      if (!seen) continue
      expect(seen, name).toMatchObject({ code: 'FORBIDDEN' })
      const outcomes = seen.events.map(({ actor, outcome }) => ({ actor, outcome }))
      expect(outcomes, name).toEqual(isRecorded(action) ? [{ actor: 'ann', outcome: 'refused' }] : [])
    }
  })
})

describe('with a field that is not known', () => {
  test.each(all.map((action) => [action.name, action] as const))('%s is refused', async (_, action) => {
    const given = { ...(await named(action).input?.(ground)), nonsense: 'yes' }
    for (const name of doorsOf(action, ['library', 'job', 'the bare handler', 'Express 5', 'Fastify 5'])) {
      const seen = await through(name, action, (door) => door(action, given))
      if (!seen) continue
      expect(seen, name).toMatchObject({ code: 'INVALID', events: [] })
    }
  })
})

const everywhere = ['library', 'job', 'the bare handler', 'command']

describe('confirmation', () => {
  const confirmed = all.filter(({ confirm }) => confirm !== undefined)
  test.each(confirmed.map((action) => [action.name, action] as const))('%s', async (_, action) => {
    const input = (await named(action).input?.(ground)) ?? {}
    const asks = (name: string) => name !== 'library' || action.confirm === 'always'
    const hashes = new Set<string | undefined>()
    for (const name of doorsOf(action, ['library', 'the bare handler', 'Express 5', 'Fastify 5', 'command'])) {
      const wrong = await through(name, action, (door) =>
        asks(name) ? door(action, input) : door(action, input, { confirm: '0'.repeat(64) }),
      )
      const code = asks(name) ? 'CONFIRMATION_REQUIRED' : 'PLAN_CHANGED'
      expect(wrong, name).toMatchObject({ code, events: [] })
      if (name !== 'command') hashes.add(wrong?.planHash)
      if (name === 'command') continue
      const other = await through(name, action, (door) => door(action, input, { confirm: '0'.repeat(64) }))
      expect(other, name).toMatchObject({ code: 'PLAN_CHANGED', events: [] })
    }
    expect(hashes.size).toBe(1)
    expect(hashes.values().next().value).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('the same through every door', () => {
  test.each(all.map((action) => [action.name, action] as const))('%s', async (_, action) => {
    const { refused = null } = named(action)
    let first: unknown
    for (const name of doorsOf(action, everywhere)) {
      const input = (await named(action).input?.(ground)) ?? {}
      const confirm = action.confirm === undefined ? undefined : await hashOf(action, input)
      // Some commands ask where programs need no confirmation.
      const asked = confirm === undefined && name !== 'command' ? {} : { confirm: confirm ?? 'yes' }
      const known = (await newestTask(action))?.task_id
      streamed.length = 0
      const seen = await through(name, action, (door) => door(action, input, asked))
      if (!seen) continue
      expect(seen.code, name).toBe(refused)
      const events = seen.events.map(({ outcome, detail }) => ({ outcome, detail: shapeOf(detail) }))
      // The command runs in a process of its own.
      if (name !== 'command')
        expect(
          streamed.filter((fact) => isOf(action, fact)),
          name,
        ).toHaveLength(events.length)
      const newest = await newestTask(action)
      const task = newest && newest.task_id !== known ? { kind: newest.kind, status: newest.status } : null
      const told = { events, task }
      first ??= told
      expect(told, name).toEqual(first)
    }
  })
})

const newestTask = async ({ job }: AnyAction) =>
  job ? (await ground.engine.tasks.list({ kind: job.kind, pageSize: 1 })).rows[0] : undefined

const isOf = ({ name }: AnyAction, fact: unknown) => (fact as { action: string }).action === name

async function hashOf(action: AnyAction, input: Record<string, unknown>): Promise<string> {
  return (await planHere(ground.engine, action.name, input)).hash
}

/** A fact without what differs from one call to the next: ids, times, hashes, names made for it, and its face. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !['face', 'address', 'task_id'].includes(name))
        .map(([name, entry]) => [name, shapeOf(entry)]),
    )
  if (typeof value === 'number') return 'number'
  // An import is of a file, or of the bytes that a request brings.
  return typeof value === 'string' && /\d|^a stream$|^[a-z][a-z2-7]{15}$/.test(value) ? 'text' : value
}
