import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linesOf, openMachine } from './plan-machine.ts'

/**
 * The chapters A, C, D and E of a generated recovery plan, each on an empty machine: every line is taken from the document and
 * run in its order. A person answers where the command asks: here `--yes` does. Chapter B: recovery-plan.test.ts.
 */
const passphrase = 'of the backups, and long'
let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let plan: string
let filledIn: Record<string, string>
const repository = () => join(folder, 'repository')

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-chapters-'))
  await cluster.createDatabase('app')
  await cluster.sql('postgres', "CREATE ROLE backup LOGIN SUPERUSER PASSWORD 'of the role'")
  await cluster.sql('app', 'CREATE TABLE orders (id int PRIMARY KEY, note text)')
  await cluster.sql('app', 'INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 2000) AS n')
  const copies = [{ name: 'nas', repository: join(folder, 'nas') }]
  const database = cluster.url('app', { name: 'backup', password: 'of the role' })
  engine = createBackupEngine({ database, repository: repository(), encryption: { passphrase }, copies })
  await engine.repository.init()
  await engine.keys.add({ rawKey: Buffer.alloc(32, 5) }, { label: 'in the safe' })
  await engine.backups.create()
  await engine.copies.update('nas', { create: true })
  const { document } = await engine.recoveryPlan({ format: 'markdown' })
  plan = document ?? ''
  filledIn = {
    "'PASSPHRASE'": `'${passphrase}'`,
    ':PASSWORD@': ':of%20the%20role@',
    'password=PASSWORD': 'password=of%20the%20role',
  }
}, 300_000)
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const rows = async (database = 'app') =>
  (await cluster.sql<{ n: number }>(database, 'SELECT count(*)::int AS n FROM orders'))[0]?.n
const isRun = (line: string, command: string) =>
  line.startsWith(`npx lifeboat ${command} `) && !line.includes('--dry-run')

test('A: the data is damaged', async () => {
  const machine = await openMachine(join(folder, 'A'), filledIn)
  await cluster.sql('app', "DELETE FROM orders WHERE id > 500; UPDATE orders SET note = 'wrong' WHERE id = 7")
  const seen: (number | undefined)[] = []
  for (const line of linesOf(plan, '## A. The data is damaged')) {
    const asks = isRun(line, 'restore') || isRun(line, 'undo')
    const { code, stdout, stderr } = await machine.run(line, asks ? ['--yes'] : [])
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0)
    if (line.includes(' lost ')) expect(stdout).toMatch(/orders/)
    if (asks) seen.push(await rows())
  }
  expect(seen).toEqual([2000, 500])
})

test('C: the repository is damaged, then gone, and there is a copy', async () => {
  // One that the copy has: what was stored after it was brought up to date is nowhere else.
  const [pack = ''] = (await readdir(join(folder, 'nas', 'packs'), { recursive: true })).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  )
  await rm(join(repository(), 'packs', pack))
  const machine = await openMachine(join(folder, 'C'), { ...filledIn, "'NEW_PLACE'": `'${join(folder, 'new place')}'` })
  for (const line of linesOf(plan, '## C. The repository is gone or damaged')) {
    const { code, stdout, stderr } = await machine.run(line)
    const isDamaged = line.includes(' check --read-data')
    expect(code === 0, `${line}\n${stdout}${stderr}`).toBe(!isDamaged)
    if (!line.includes(' repair ')) continue
    // As its text says: without the last option it is done.
    expect((await machine.run(line.replace(' --dry-run', ''))).code).toBe(0)
    await rm(repository(), { recursive: true })
  }
  // What was copied back from the copy is a repository again, which opens and is whole.
  await cp(join(folder, 'new place'), repository(), { recursive: true })
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: true })
})

test('C: there is no copy', async () => {
  const alone = createBackupEngine({
    ...{ database: cluster.url('app', { name: 'backup', password: 'of the role' }), encryption: { passphrase } },
    repository: join(folder, 'alone'),
  })
  await alone.repository.init()
  await alone.backups.create()
  const { document } = await alone.recoveryPlan({ format: 'markdown' })
  await alone.stop()
  await rm(join(folder, 'alone', 'packs'), { recursive: true })
  const place = join(folder, 'another place')
  const machine = await openMachine(join(folder, 'C2'), { ...filledIn, "'NEW_PLACE'": `'${place}'` })
  for (const line of linesOf(document ?? '', '## C. The repository is gone or damaged')) {
    const { code, stdout, stderr } = await machine.run(line)
    expect(code === 0, `${line}\n${stdout}${stderr}`).toBe(!line.includes(' check --read-data'))
  }
  expect((await machine.run('npx lifeboat list')).stdout).toContain('app')
})

test('D: a key is lost', async () => {
  const [lost] = (await engine.keys.list()).filter(({ kind }) => kind === 'raw_key')
  const own = { ...filledIn, "'LOST_SLOT'": `'${lost?.slot}'` }
  const machine = await openMachine(join(folder, 'D'), own)
  await writeFile(join(folder, 'D', 'key.txt'), Buffer.alloc(32, 5).toString('hex'))
  await writeFile(join(folder, 'D', 'new.txt'), 'the new one, which is long')
  const opened: string[] = []
  for (const line of linesOf(plan, '## D. A key is lost')) {
    const { code, stdout, stderr } = await machine.run(line, isRun(line, 'key remove') ? ['--yes'] : [])
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0)
    if (line.includes(' key list')) opened.push(line)
  }
  expect(opened).toHaveLength(2)
  expect((await engine.keys.list()).map(({ kind }) => kind)).toEqual(['passphrase', 'passphrase'])
})

test('E: Lifeboat cannot be installed', async () => {
  const machine = await openMachine(join(folder, 'E'), filledIn)
  await cp(repository(), join(folder, 'E', 'repository'), { recursive: true })
  // On the new server, which names nothing of the old one.
  const server = new URL(cluster.url('postgres'))
  await cluster.sql('postgres', 'ALTER DATABASE app RENAME TO app_of_before')
  Object.assign(machine.env, {
    ...{ LIFEBOAT_PASSPHRASE: passphrase, PGHOST: server.searchParams.get('host') ?? server.hostname },
    ...{ PGPORT: server.port || (server.searchParams.get('port') ?? ''), PGUSER: decodeURIComponent(server.username) },
    PGPASSWORD: decodeURIComponent(server.password),
  })
  const lines = linesOf(plan, '## E. Lifeboat cannot be installed')
  for (const line of lines) {
    const { code, stdout, stderr } = await machine.run(line)
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0)
    if (line.startsWith('sha256sum')) expect(plan).toContain(stdout.split(' ')[0])
  }
  expect(lines.filter((line) => line.startsWith('pg_restore'))).toHaveLength(1)
  expect(await rows()).toBe(2000)
})
