import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeMark } from '../../packages/core/src/repository/index/marks.ts'
import { openRepository } from '../../packages/core/src/repository/open.ts'
import { createLocalStorage } from '../../packages/core/src/storage/local.ts'

/** One object of a repository after the other is replaced by something else; everything that does not need it goes on. */
const long = process.env.LIFEBOAT_LONG === '1'
const rawKey = Buffer.alloc(32, 9)
const sparseBytes = 1_900_000_000
/** Above what the same calls take of a repository that is whole. */
const mostMemory = 64 * 1024 * 1024

let cluster: TemporaryCluster
let folder: string
/** A repository with objects of every kind: backups of two databases that share nothing. */
let good: string
let packsBefore: Set<string>
let calm: number
const engines: BackupEngine[] = []

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-hostile-'))
  good = join(folder, 'good')
  for (const database of ['shop', 'stock']) {
    await cluster.createDatabase(database)
    await cluster.sql(
      database,
      `CREATE TABLE t AS SELECT n, md5('${database}' || n) FROM generate_series(1, 3000) AS n`,
    )
  }
  const engine = engineAt(good)
  await engine.repository.init()
  const stock = await engine.backups.create({ database: 'stock', type: 'full' })
  packsBefore = new Set(await objectsOf(good, 'packs'))
  await engine.backups.create({ database: 'shop', type: 'full' })
  await engine.backups.verify(stock.id, { database: 'stock', levels: ['manifest'] })
  await engine.backups.pin(stock.id)
  await engine.keys.add({ rawKey: Buffer.alloc(32, 8).toString('hex') })
  await engine.maintenance.scrub({ days: 1 })
  const repository = await openRepository(createLocalStorage(good), { rawKey })
  await writeMark(repository, ['ab'.repeat(32)])
  await repository.threads.close()
  await writeFileIn(good, `removals/${'0'.repeat(32)}`, Buffer.from('x\n'))
  await engine.backups.annotate(stock.id, { name: 'of the stock' })
  await engine.drills.run(stock.id, { database: 'stock' })
  calm = await peakOf(() => everythingElse(engine))
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

function engineAt(repository: string): BackupEngine {
  const engine = createBackupEngine({
    ...{ databases: { shop: cluster.url('shop'), stock: cluster.url('stock') }, repository },
    ...{ encryption: { rawKey }, catalog: ':memory:', resources: { connections: 1 } },
  })
  engines.push(engine)
  return engine
}

async function objectsOf(repository: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(repository, prefix), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1)).sort()
}

async function writeFileIn(repository: string, name: string, data: Buffer) {
  await mkdir(dirname(join(repository, name)), { recursive: true })
  await writeFile(join(repository, name), data)
}

/** The most memory held while `work` runs, above what was held before. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const held = () => process.memoryUsage.rss()
  const before = held()
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, held())
  }, 2)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return peak - before
}

/** What reads small documents of every kind, and shows what it can. */
const whatLooks: ((engine: BackupEngine) => Promise<unknown>)[] = [
  (engine) => engine.drills.list(),
  (engine) => engine.alarms.list(),
  (engine) => engine.rows.kept({ database: 'shop' }),
  (engine) => engine.retention.preview({ maxBackups: 1 }),
  (engine) => engine.doctor({ database: 'shop' }),
]

let restores = 0
/** What does not need the object: the list, the status, a backup and a restore of the other database. */
async function everythingElse(engine: BackupEngine, restore = true) {
  const { backups } = await engine.backups.list()
  expect(backups.some(({ database }) => database === 'shop')).toBe(true)
  const status = await engine.status({ database: 'shop' })
  expect(status.level).not.toBe('failed')
  const made = await engine.backups.create({ database: 'shop' })
  expect(made.row_count).toBe(3000)
  for (const look of whatLooks) await look(engine)
  if (!restore) return
  const targetDatabase = `restored_${++restores}`
  const strategy = 'new-database' as const
  await engine.restores.run(made.id, { database: 'shop', confirm: true, strategy, targetDatabase })
  const [row] = await cluster.sql<{ n: number }>(targetDatabase, 'SELECT count(*)::int AS n FROM t')
  expect(row?.n).toBe(3000)
  await cluster.sql('postgres', `DROP DATABASE ${targetDatabase}`)
}

/** Objects that only a stranger has put there. */
const planted: Record<string, string> = {
  trusted: 'trusted/b0123456789abcdf',
  'an alarm': 'alarms/a0123456789abcdef/raised',
  'a rewind': 'rewinds/w0123456789abcde/head',
  facts: 'facts/20260101000000-0123456789abcdef',
  audit: 'audit/0123456789abcdef/000000000001-0123456789abcdef',
  probes: 'probes/0123456789abcdef',
}

/** Which object of a kind is replaced. Packs and manifests: those of the other database. */
const kinds: Record<string, (repository: string) => Promise<string | undefined>> = {
  config: async () => 'config',
  'README.txt': async () => 'README.txt',
  'recover.mjs': async () => 'recover.mjs',
  // Not the one that we hold: without any there is no way in.
  keys: async (repository) => {
    const slots = await engineAt(repository).keys.list()
    return `keys/${slots.find(({ opened_with }) => !opened_with)?.slot}`
  },
  index: async (repository) => (await objectsOf(repository, 'index'))[0],
  packs: async () => [...packsBefore][0],
  backups: async (repository) => {
    const { backups } = await engineAt(repository).backups.list()
    return `backups/${backups.find(({ database }) => database === 'stock')?.id}`
  },
  ...Object.fromEntries(
    ['annotations', 'drills', 'marks', 'pins', 'verified', 'numbers', 'scrubs', 'removals', 'leases'].map((prefix) => [
      prefix,
      async (repository: string) => (await objectsOf(repository, prefix)).at(-1),
    ]),
  ),
}

const damages: Record<string, (repository: string, name: string) => Promise<void>> = {
  junk: (repository, name) => writeFile(join(repository, name), Buffer.alloc(3000, 'junk')),
  nothing: (repository, name) => rm(join(repository, name)),
  'an empty object': (repository, name) => writeFile(join(repository, name), ''),
  '1.9 GB of nothing': async (repository, name) => {
    const file = await open(join(repository, name), 'w')
    await file.truncate(sparseBytes)
    await file.close()
  },
  'a name out of range': async (repository, name) => {
    if (!name.includes('/')) return
    const prefix = name.slice(0, name.lastIndexOf('/') + 1)
    for (const last of ['999999999999', '999999999999999', '9'.repeat(40), 'x', `${'a'.repeat(100)}.b`])
      await writeFileIn(repository, `${prefix}${last}`, Buffer.alloc(3000, 'junk'))
    await writeFileIn(repository, `${prefix.split('/')[0]}/no/such/place/1`, Buffer.from('junk'))
  },
}

/** Kinds that are read alone: each is asked for by its name, or nothing is read without it. */
const alone = ['config', 'keys', 'index', 'packs', 'backups']
/** The others, together in `npm test`: what reads one of them reads no other. */
const cases: [string, string[]][] = long
  ? Object.keys(kinds).map((kind) => [kind, [kind]])
  : [...alone.map((kind): [string, string[]] => [kind, [kind]]), ['all others', except(alone)]]

function except(names: string[]): string[] {
  return Object.keys(kinds).filter((kind) => !names.includes(kind))
}

async function goesOn(damage: string, prepare: (repository: string) => Promise<string[]>) {
  const repository = await mkdtemp(join(folder, 'hostile-'))
  await cp(good, repository, { recursive: true, preserveTimestamps: true })
  for (const name of await prepare(repository)) await damages[damage]!(repository, name)
  const engine = engineAt(repository)
  const memory = await peakOf(() => everythingElse(engine, long || damage === 'junk'))
  expect(memory).toBeLessThan(Math.max(calm, 0) + mostMemory)
  await rm(repository, { recursive: true, force: true })
}

describe.each(cases)('%s', (_, together) => {
  test.each(Object.keys(damages))('replaced by %s', (damage) =>
    goesOn(damage, async (repository) => {
      const names: string[] = []
      for (const kind of together) {
        const name = await kinds[kind]!(repository)
        expect(name, `there is an object of the kind ${kind}`).toBeDefined()
        names.push(name as string)
      }
      return names
    }),
  )
})

describe.each(long ? Object.entries(planted).map((one) => [one]) : [Object.entries(planted)])(
  'planted: %s',
  (...objects) => {
    test.each(Object.keys(damages))('%s', (damage) =>
      goesOn(damage, async (repository) => {
        for (const [, name] of objects) await writeFileIn(repository, name, Buffer.from('planted'))
        return objects.map(([, name]) => name)
      }),
    )
  },
)

test('a hundred planted key slots keep nobody out', async () => {
  const repository = join(folder, 'slots')
  await cp(good, repository, { recursive: true, preserveTimestamps: true })
  const [own] = await objectsOf(repository, 'keys')
  const slot = await readFile(join(repository, own as string))
  for (let n = 0; n < 100; n++) {
    const name = `keys/${n.toString(16).padStart(32, '0')}`
    // Junk, and copies of a real one under other names.
    await writeFileIn(repository, name, n % 2 === 0 ? Buffer.alloc(3000, 'junk') : slot)
  }
  await everythingElse(engineAt(repository))
  await rm(repository, { recursive: true, force: true })
})
