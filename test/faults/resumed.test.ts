import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'

/** How much of what a killed backup had stored is stored once more by the next one. */
const key = { rawKey: '07'.repeat(32) }

let cluster: TemporaryCluster
let folder: string
let empty: string
/** Bytes of packs that an undisturbed backup stores. */
let whole: number

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-resumed-'))
  empty = join(folder, 'empty')
  await mkdir(join(folder, 'media'))
  await writeFile(join(folder, 'media', 'picture'), Buffer.alloc(300_000, 'p'))
  await cluster.createDatabase('app')
  // Text that hardly compresses, in tables of one segment and of many, and one in TOAST.
  await cluster.sql(
    'app',
    `CREATE TABLE large AS SELECT i AS id, encode(sha256(i::text::bytea) || sha256((-i)::text::bytea), 'base64') AS v
       FROM generate_series(1, 150000) i;
     CREATE TABLE small AS SELECT id, v FROM large WHERE id % 20 = 0;
     CREATE TABLE documents AS SELECT d AS id, (SELECT string_agg(encode(sha256((d || ' ' || i)::bytea), 'hex'), '')
       FROM generate_series(1, 300) i) AS body FROM generate_series(1, 300) d`,
  )
  const engine = createBackupEngine(optionsFor(empty))
  await engine.repository.init()
  await engine.stop()
  const undisturbed = await copyOfEmpty('undisturbed')
  await startBackup(undisturbed).ended
  whole = bytesOfPacks(undisturbed)
})

afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const optionsFor = (repository: string): EngineOptions => ({
  database: cluster.url('app'),
  repository,
  encryption: key,
  media: [join(folder, 'media')],
  resources: { packBytes: 1 << 20, segmentBlocks: 128 },
})

async function copyOfEmpty(name: string): Promise<string> {
  const repository = join(folder, name)
  await cp(empty, repository, { recursive: true })
  return repository
}

function startBackup(repository: string) {
  const { encryption: _, ...options } = optionsFor(repository)
  const victim = fileURLToPath(new URL('./victim.ts', import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', victim, JSON.stringify({ work: 'backup', options })], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  return { child, ended }
}

/** Whole packs only: what was being written when the process died is not stored. */
function bytesOfPacks(repository: string): number {
  if (!existsSync(join(repository, 'packs'))) return 0
  const packs = readdirSync(join(repository, 'packs'), { recursive: true, withFileTypes: true })
  return packs
    .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
    .reduce(
      (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
}

test('killed when a fifth, a half and most of it was stored: the next backup stores the rest', async () => {
  const killed: Killed[] = []
  // Nobody else can kill one at its moment.
  for (const share of [0.2, 0.5, 0.8]) killed.push(await whereTimeGoesBy(() => killAt(share)))
  // Side by side: each waits half a minute for the lease of the dead one.
  await Promise.all(killed.map(resume))
})

interface Killed {
  repository: string
  stored: number
}

let attempts = 0

async function killAt(share: number): Promise<Killed> {
  const repository = await copyOfEmpty(`killed-${++attempts}`)
  const { child, ended } = startBackup(repository)
  const alive = () => child.exitCode === null && child.signalCode === null
  while (alive() && bytesOfPacks(repository) < share * whole) await sleep(2)
  child.kill('SIGKILL')
  await ended
  const stored = bytesOfPacks(repository)
  expect(stored).toBeGreaterThan(share * whole * 0.9)
  expect(stored).toBeLessThan(whole)
  return { repository, stored }
}

async function resume({ repository, stored }: Killed): Promise<void> {
  const engine = createBackupEngine(optionsFor(repository))
  expect((await engine.backups.list()).backups).toEqual([])
  await engine.backups.create({ includeMedia: true, waitMs: 120_000 })
  const again = bytesOfPacks(repository) - whole
  process.stderr.write(
    `killed at ${((100 * stored) / whole).toFixed(0)} % of ${whole} bytes: ${again} written again (${((100 * again) / stored).toFixed(1)} % of what was stored)\n`,
  )
  expect(again).toBeLessThanOrEqual(0.1 * stored)
  expect((await engine.backups.verify('latest', { levels: ['checksums'] })).ok).toBe(true)
  expect((await engine.maintenance.check()).problems).toEqual([])
  await engine.stop()
}
