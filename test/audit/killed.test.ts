import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isLong, some } from '../runner/counts.ts'

/** A process that is killed before or after each object that it stores: the log has no gap and no fork, and goes on. */
let cluster: TemporaryCluster
let folder: string
let database: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-audit-killed-'))
  database = await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 50) n')
  const engine = engineIn('begun')
  await engine.repository.init()
  await engine.config.change({ keep_daily: 2 })
  await engine.stop()
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const encryption = { rawKey: '07'.repeat(32) }
const engineIn = (name: string) =>
  createBackupEngine({
    ...{ database, encryption, repository: join(folder, name, 'repository'), reserveBytes: 0 },
    catalog: join(folder, name, 'catalog.sqlite'),
  })

const source = (path: string) => JSON.stringify(new URL(`../../packages/core/src/${path}`, import.meta.url).href)
/** Objects of the log alone; in the long run, everything that is stored. */
const counted = isLong ? '^' : '^(audit|facts)/'
const program = `
  const { createBackupEngine } = await import(${source('engine.ts')})
  const { createLocalStorage } = await import(${source('storage/local.ts')})
  const { wrapStorage } = await import(${source('storage/wrap.ts')})
  const { folder, database, encryption, at, isAfter, counted } = JSON.parse(process.argv[1])
  const local = createLocalStorage(folder + '/repository')
  let count = 0
  const die = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) }
  const repository = wrapStorage(local, {
    async put(name, data, options) {
      const isIt = new RegExp(counted).test(name) && ++count === at
      if (isIt && !isAfter) await die()
      const stored = await local.put(name, data, options)
      if (isIt) await die()
      return stored
    },
  })
  const engine = createBackupEngine({ database, encryption, repository, catalog: folder + '/catalog.sqlite', reserveBytes: 0 })
  await engine.config.change({ keep_daily: 3 })
  await engine.backups.create()
  await engine.backups.create()
  await engine.backups.delete('1', { confirm: true })
  await engine.stop()
  process.stdout.write(String(count))`

/** Does the work in a copy of the folder; gives how many objects were stored, or null where it was killed. */
async function work(name: string, at: number, isAfter: boolean): Promise<number | null> {
  await cp(join(folder, 'begun'), join(folder, name), { recursive: true })
  const given = { folder: join(folder, name), database, encryption, at, isAfter, counted }
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program, JSON.stringify(given)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const signal = await new Promise((resolve) => child.on('close', (_, killedBy) => resolve(killedBy)))
  return signal === 'SIGKILL' ? null : Number(output)
}

test('killed before and after each put: no gap, no fork, and the log goes on', async () => {
  const puts = await work('whole', 0, false)
  expect(puts).toBeGreaterThan(4)
  const moments = Array.from({ length: 2 * (puts ?? 0) }, (_, n) => ({ at: (n >> 1) + 1, isAfter: n % 2 === 1 }))
  for (const { at, isAfter } of some(moments, 6)) {
    const name = `${at}${isAfter ? ' after' : ' before'}`
    expect(await work(name, at, isAfter), name).toBeNull()
    const engine = engineIn(name)
    expect(await engine.audit.verify(), name).toMatchObject({ state: 'intact', first: null })
    await engine.config.change({ keep_daily: 9 })
    expect(await engine.audit.verify(), name).toMatchObject({ state: 'intact', first: null })
    const { chains, state } = await engine.audit.verify({ fromRepository: true })
    expect({ state, chains: chains.length }, name).toEqual({ state: 'intact', chains: 1 })
    const { results } = await engine.audit.list({ limit: 1000 })
    expect(
      results.map(({ seq }) => seq),
      name,
    ).toEqual(results.map((_, index) => results.length - index))
    await engine.stop()
    await rm(join(folder, name), { recursive: true })
  }
})
