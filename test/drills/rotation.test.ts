import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insideOf } from '../../packages/core/src/actions/inside.ts'
import { jobKinds } from '../../packages/core/src/actions/job-kinds.ts'
import type { EngineOptions } from '../../packages/core/src/config.ts'
import { jobInput } from '../../packages/core/src/engine/background/schedules.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import { recordDrill } from '../../packages/core/src/repository/documents/drills.ts'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { isLong } from '../runner/counts.ts'

let cluster: TemporaryCluster
let folder: string
let options: EngineOptions
let engine: BackupEngine
const engines: BackupEngine[] = []
const key = (byte: number) => ({ rawKey: Buffer.alloc(32, byte) })
const open = (more: Partial<EngineOptions> = {}): BackupEngine => {
  const opened = createBackupEngine({ ...options, ...more })
  engines.push(opened)
  return opened
}
const copies = () => cluster.sql('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%'")
let keyAsked = 0

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-rotation-'))
  const database = await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 500) i')
  options = {
    ...{ database, repository: join(folder, 'repository'), encryption: key(7) },
    copies: [{ name: 'attic', repository: join(folder, 'attic') }],
    drills: {
      recoveryKey: () => {
        keyAsked++
        return Promise.resolve(key(9))
      },
    },
  }
  engine = open()
  await engine.repository.init()
  for (let made = 0; made < 3; made++) {
    await engine.backups.create()
    await cluster.sql('shop', 'INSERT INTO orders SELECT max(id) + 1 FROM orders')
  }
  await engine.keys.add(key(9), { label: 'recovery' })
  await mkdir(join(folder, 'attic'))
  await engine.copies.update('attic')
}, 60_000)
afterAll(async () => {
  for (const one of engines) await one.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('twelve drills take their turns, each record says which, and nothing stays', { timeout: 180_000 }, async () => {
  const proven: string[] = []
  const drilled = isLong ? Array.from({ length: 12 }, (_, at) => at + 1) : [1, 3, 4, 12]
  for (let turn = 1; turn <= 12; turn++) {
    // Each with a catalog of its own: the number is in the repository.
    const one = open({ catalog: join(folder, `turn-${turn}.sqlite`) })
    if (!drilled.includes(turn)) {
      const [last] = await one.drills.list()
      if (last) await recordDrill(await insideOf(one).ground.parts.repository(), { ...last, turn })
      continue
    }
    const drill = await one.drills.run('latest', { rotate: true })
    expect(drill).toMatchObject({ verdict: 'good', turn })
    expect(drill.rows).toBe(499 + drill.number)
    proven.push([drill.number, drill.copy ?? '', drill.recovery_key ? 'key' : ''].join(' ').trim())
    expect(drill.phases.some(({ phase }) => phase === 'open')).toBe(drill.copy !== null || drill.recovery_key)
  }
  const all = ['3', '3', '2', '3 attic', '3', '3', '1', '3  key', '3', '3', '2', '1 attic key']
  expect(proven).toEqual(drilled.map((turn) => all[turn - 1]))
  expect(keyAsked).toBe(isLong ? 2 : 1)
  expect(await copies()).toEqual([])
  // The proofs are in the copy too, once it was brought up to date.
  expect(await readdir(join(folder, 'attic', 'drills')).catch(() => [])).toEqual([])
  await engine.copies.update('attic')
  const names = await readdir(join(folder, 'attic', 'drills'))
  expect(names.toSorted()).toEqual((await readdir(join(folder, 'repository', 'drills'))).toSorted())
  expect(names).toHaveLength(12)
  const fromCopy = createBackupEngine({ ...options, repository: join(folder, 'attic'), copies: [] })
  engines.push(fromCopy)
  const turns = (await fromCopy.drills.list()).map(({ turn }) => turn ?? 0)
  expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1))
})

test('a drill by the schedule rotates unless it says otherwise', async () => {
  const drill = (await jobKinds()).get('drill')
  if (!drill) throw new Error('There is no kind "drill".')
  expect(jobInput(drill, {}, 'default')).toEqual({ database: 'default', backup: 'latest', rotate: true })
  expect(jobInput(drill, { rotate: false }, null)).toMatchObject({ backup: 'latest', rotate: false })
  expect(jobInput(drill, { backup: '2' }, null)).toEqual({ backup: '2' })
  const { ground } = insideOf(engine)
  expect((await ground.drills.list())[0]?.by).not.toBe('scheduler')
})

test('a copy that is bad, behind or closed makes the drill bad, and not the backup', { timeout: 120_000 }, async () => {
  const attic = join(folder, 'attic')
  const told = async (more: Partial<EngineOptions>, asked: object) => {
    const { verdict, problems } = await open(more).drills.run('latest', asked)
    return [verdict, problems[0] ?? '']
  }
  const wrong = { drills: { recoveryKey: key(1) } }
  expect(await told(wrong, { recoveryKey: true })).toEqual(['bad', 'The recovery key does not open the repository.'])
  expect(await told(wrong, { fromCopy: 'attic', recoveryKey: true })).toEqual([
    ...['bad', 'The recovery key does not open the copy "attic".'],
  ])
  const { id } = await engine.backups.get('latest')
  await rm(join(attic, 'backups', id))
  expect(await told({}, { fromCopy: 'attic' })).toEqual(['bad', 'The copy "attic" does not hold backup 3.'])
  await engine.copies.update('attic')
  for (const name of await readdir(join(attic, 'packs'), { recursive: true }))
    if (/[0-9a-f]{64}$/.test(name)) await writeFile(join(attic, 'packs', name), 'damaged')
  expect((await told({}, { fromCopy: 'attic' }))[0]).toBe('bad')
  await rm(attic, { recursive: true })
  expect((await told({}, { fromCopy: 'attic' }))[0]).toBe('unknown')
  expect(await copies()).toEqual([])
  const backups = await engine.backups.list()
  expect(backups.rows.filter(({ last_verified }) => last_verified?.ok === false)).toEqual([])
  await expect(engine.drills.run('latest', { fromCopy: 'nowhere' })).rejects.toMatchObject({ code: 'COPY_NOT_FOUND' })
  await expect(engine.drills.run('2', { rotate: true })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(open({ drills: {} }).drills.run('latest', { recoveryKey: true })).rejects.toMatchObject({
    ...{ code: 'CONFIG_INVALID' },
  })
})

test('what opening a copy takes counts in the recovery time', { timeout: 60_000 }, async () => {
  await mkdir(join(folder, 'attic'), { recursive: true })
  // Another process: this one holds on to the folder that was there.
  await open().copies.update('attic')
  await whereTimeGoesBy(async () => {
    const slow = 1500
    const own = open({
      drills: {
        recoveryKey: async () => {
          await new Promise((resolve) => setTimeout(resolve, slow))
          return key(9)
        },
      },
    })
    const asked = performance.now()
    const drill = await own.drills.run('latest', { fromCopy: 'attic', recoveryKey: true })
    const all = performance.now() - asked
    expect(drill.phases[0]).toMatchObject({ phase: 'open' })
    expect((drill.recovery_seconds ?? 0) * 1000).toBeGreaterThanOrEqual(slow)
    expect(drill.seconds * 1000).toBeLessThanOrEqual(all + 1)
    const sum = drill.phases.reduce((total, { seconds }) => total + seconds, 0)
    expect(Math.abs(sum - drill.seconds)).toBeLessThan(drill.seconds * 0.05)
  })
})
