import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { shareWriters } from '../../packages/core/src/postgres/catalog-carry.ts'
import type { CarryStep } from '../../packages/core/src/restore/database/carry-catalogs.ts'
import { isLong } from '../runner/counts.ts'
import { carryAndSwap } from './carrier.ts'
import { acknowledged, addJob, openCatalog, startWriter, written } from './writers.ts'

let cluster: TemporaryCluster
const children = new Set<ChildProcess>()
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})
afterAll(() => cluster?.stop())

let databases = 0

/** A live database with a catalog that two processes write to, and one that is to take its place. */
async function newSwap() {
  const live = `live_${++databases}`
  const url = await cluster.createDatabase(live)
  await cluster.sql(live, `CREATE TABLE which AS SELECT 'old' AS which`)
  const incoming = `${live}_copy`
  await cluster.createDatabase(incoming)
  await cluster.sql(incoming, `CREATE TABLE which AS SELECT 'new' AS which`)
  const catalogs = await Promise.all([openCatalog(url), openCatalog(url)])
  const writers = catalogs.map(startWriter)
  await expect.poll(() => writers.every(({ events }) => events.length > 3)).toBe(true)
  return {
    run: { url: cluster.url('postgres'), live, incoming, kept: `${live}_before` },
    writers,
    which: async () => (await cluster.sql<{ which: string }>(live, 'SELECT which FROM which'))[0]?.which,
    /** Everything that was acknowledged is there, once, and nothing else; and writing goes on. */
    async checkAll() {
      const before = writers.map(({ events }) => events.length)
      await expect.poll(() => writers.every(({ events }, index) => events.length > (before[index] ?? 0) + 2)).toBe(true)
      await Promise.all(writers.map((writer) => writer.stop()))
      expect(writers.flatMap(({ failed }) => failed)).toEqual([])
      const fresh = await openCatalog(url)
      expect(await written(fresh)).toEqual(acknowledged(writers))
      await Promise.all([...catalogs, fresh].map((catalog) => catalog.close()))
    },
  }
}

/** A carrier as a process of its own, once it has come to `step`; it stays there unless it is to go on. */
function startCarrier(run: object, step: string, goOn = false): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./carrier.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'carry', JSON.stringify({ ...run, stopAt: goOn ? null : step })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.add(child)
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      if (output.split('\n').includes(step)) resolve(child)
    })
    child.once('exit', (code) => {
      children.delete(child)
      reject(new Error(`The carrier ended with ${code}.`))
    })
  })
}

const steps: CarryStep[] = ['locked', 'marked', 'copied', 'renamed']

// The last two steps are the ones between which it is decided.
test.each(isLong ? steps : steps.slice(2))(
  'a carrier killed after "%s": old or new, and every write that was acknowledged is there',
  async (step) => {
    const { run, which, checkAll } = await newSwap()
    const carrier = await startCarrier(run, step)
    await new Promise((resolve) => setTimeout(resolve, 300))
    carrier.kill('SIGKILL')
    await checkAll()
    expect(await which()).toBe(step === 'renamed' ? 'new' : 'old')
    // What it left is in nobody's way.
    if (step !== 'renamed') {
      const { checkAll: checkAgain, which: now, run: again } = await newSwap()
      await carryAndSwap(again)
      await checkAgain()
      expect(await now()).toBe('new')
      await carryAndSwap(run)
      expect(await which()).toBe('new')
    }
  },
)

test('a carrier killed anywhere between: the same', { timeout: 600_000 }, async () => {
  const outcomes: string[] = []
  const delays = isLong ? Array.from({ length: 60 }, (_, n) => n * 3) : [5]
  for (const delay of delays) {
    const { run, which, checkAll } = await newSwap()
    const carrier = await startCarrier(run, 'marked', true)
    await new Promise((resolve) => setTimeout(resolve, delay))
    carrier.kill('SIGKILL')
    await checkAll()
    outcomes.push(`${delay}: ${await which()}`)
  }
  expect(outcomes.join()).toMatch(/old/)
})

test.each(isLong ? steps : steps.slice(2))('the session that renames is ended after "%s": the same', async (step) => {
  const { run, which, checkAll } = await newSwap()
  const done = carryAndSwap({
    ...run,
    async onStep(at, backendPid) {
      if (at !== step) return
      await cluster.sql('postgres', 'SELECT pg_terminate_backend($1, 5000)', [backendPid])
      await new Promise((resolve) => setTimeout(resolve, 300))
    },
  })
  if (step === 'renamed') await done
  else await expect(done).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await checkAll()
  expect(await which()).toBe(step === 'renamed' ? 'new' : 'old')
})

test.each(isLong ? steps : steps.slice(2, 3))('the server crashes after "%s": the same', async (step) => {
  const { run, which, checkAll } = await newSwap()
  const done = carryAndSwap({
    ...run,
    async onStep(at) {
      if (at !== step) return
      await cluster.shutdown('immediate')
      await cluster.start()
    },
  })
  await (step === 'renamed' ? done : expect(done).rejects.toThrow())
  await checkAll()
  expect(await which()).toBe(step === 'renamed' ? 'new' : 'old')
})

test('a carrier that is paused keeps writers waiting for as long as they have patience; going on, it loses nothing', async () => {
  const { run, which, checkAll } = await newSwap()
  const impatient = await openCatalog(cluster.url(run.live), { patienceMs: 500 })
  const carrier = await startCarrier(run, 'copied')
  carrier.kill('SIGSTOP')
  await expect(addJob(impatient, 'never')).rejects.toMatchObject({ code: 'CATALOG_BUSY', retryable: true })
  expect((await impatient.jobs.get('never'))?.id).toBeUndefined()
  carrier.kill('SIGKILL')
  await checkAll()
  expect(await which()).toBe('old')
  await impatient.close()
})

test('a rename that fails gives the catalog back at once', async () => {
  const { run, which, checkAll } = await newSwap()
  // A name that is taken.
  await expect(carryAndSwap({ ...run, kept: 'postgres' })).rejects.toThrow(/postgres/)
  await checkAll()
  expect(await which()).toBe('old')
})

test('a writer that hangs in its transaction is ended, and its write repeated in the new database', async () => {
  const { run, which, checkAll } = await newSwap()
  const catalog = await openCatalog(cluster.url(run.live))
  await addJob(catalog, 'held')
  // Holds a row that the next write wants, with a share of the writers' lock.
  const hanging = new Client({ connectionString: cluster.url(run.live) })
  hanging.on('error', () => {})
  await hanging.connect()
  await hanging.query('BEGIN')
  await hanging.query(shareWriters)
  await hanging.query(`UPDATE lifeboat.jobs SET position = 99 WHERE id = 'held'`)
  const moved = catalog.jobs.move('held', 5)
  await carryAndSwap(run)
  expect(await moved).toBe(true)
  expect((await catalog.jobs.get('held'))?.position).toBe(5)
  expect(await which()).toBe('new')
  await hanging.end().catch(() => {})
  await cluster.sql(run.live, `DELETE FROM lifeboat.jobs WHERE id = 'held'`)
  await checkAll()
  await catalog.close()
})

test('from the copy to the rename nobody writes, however long that lasts', async () => {
  const { run, which, checkAll } = await newSwap()
  await carryAndSwap({ ...run, beforeRename: () => new Promise((resolve) => setTimeout(resolve, 1000)) })
  expect(await which()).toBe('new')
  await checkAll()
})

test('what a writer under way commits is waited for, and goes along', async () => {
  const { run, which, checkAll } = await newSwap()
  const writing = new Client({ connectionString: cluster.url(run.live) })
  writing.on('error', () => {})
  await writing.connect()
  await writing.query('BEGIN')
  await writing.query(shareWriters)
  await writing.query(`INSERT INTO lifeboat.workers VALUES ('slow', 'h', 1, '[]', 'now', 'now')`)
  const steps: CarryStep[] = []
  const done = carryAndSwap({
    ...run,
    async onStep(step) {
      steps.push(step)
      // Where it was not waited for it commits before the rename, too late for the copy.
      if (step === 'copied') await new Promise((resolve) => setTimeout(resolve, 800))
    },
  })
  await expect.poll(() => steps).toEqual(['locked'])
  await new Promise((resolve) => setTimeout(resolve, 500))
  await writing.query('COMMIT')
  expect(steps).toEqual(['locked'])
  await done
  expect(await which()).toBe('new')
  expect(await cluster.sql(run.live, `SELECT id FROM lifeboat.workers WHERE id = 'slow'`)).toEqual([{ id: 'slow' }])
  await checkAll()
  await writing.end().catch(() => {})
})

test('a first catalog that is opened while the database is being replaced is made in the new one', async () => {
  const live = `live_${++databases}`
  const url = await cluster.createDatabase(live)
  await cluster.createDatabase(`${live}_copy`)
  let opening: ReturnType<typeof openCatalog> | undefined
  await carryAndSwap({
    ...{ url: cluster.url('postgres'), live, incoming: `${live}_copy`, kept: `${live}_before` },
    async onStep(step) {
      if (step !== 'copied') return
      opening = openCatalog(url)
      await new Promise((resolve) => setTimeout(resolve, 200))
    },
  })
  const catalog = await opening
  await addJob(catalog as NonNullable<typeof catalog>, 'first')
  expect(await cluster.sql(live, 'SELECT id FROM lifeboat.jobs')).toEqual([{ id: 'first' }])
  expect(await cluster.sql(`${live}_before`, `SELECT to_regnamespace('lifeboat') AS there`)).toEqual([{ there: null }])
  await catalog?.close()
})
