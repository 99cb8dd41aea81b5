import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ledgerInspector } from '../inspectors.ts'
import type { Query } from '../postgres/query.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'

let cluster: TemporaryCluster
let databaseUrl: string
let client: Client
let databases = 0
const query: Query = async <Row>(text: string, values?: readonly unknown[]) =>
  (await client.query(text, values ? [...values] : undefined)).rows as Row[]

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  databaseUrl = await cluster.createDatabase(`ledger_${databases++}`)
  client = new Client({ connectionString: databaseUrl })
  await client.connect()
  return () => client.end()
})

/** A migration tool in a few lines, run by Node itself. */
const tool = (script: string) => ({ file: process.execPath, args: ['--input-type=commonjs', '-e', script] })
function watched(signal = new AbortController().signal) {
  const lines: string[] = []
  return { lines, run: { databaseUrl, signal, log: (line: string) => void lines.push(line) } }
}

test('a table with one column', async () => {
  const inspector = ledgerInspector({ table: 'schema_migrations', idColumn: 'version', known: ['1', '2'] })
  expect(inspector.name).toBe('schema_migrations')
  expect(await inspector.applied(query)).toEqual([])
  await query('CREATE TABLE schema_migrations (version bigint PRIMARY KEY)')
  await query('INSERT INTO schema_migrations VALUES (10), (2), (1)')
  expect(await inspector.applied(query)).toEqual([{ id: '1' }, { id: '2' }, { id: '10' }])
  expect(await inspector.known()).toEqual([{ id: '1' }, { id: '2' }])
  expect(inspector.migrate).toBeUndefined()
})

test('checksum, time, order and success columns, under hostile names', async () => {
  await query(`CREATE SCHEMA "o'dd"`)
  await query(`CREATE TABLE "o'dd"."led""ger" ("i d" text, "check" int, "a""t" date, rank int, fine boolean)`)
  await query(`INSERT INTO "o'dd"."led""ger" VALUES
    ('V2', -7, '2026-02-01', 2, true), ('V1', 3, '2026-03-01', 1, true), ('V3', 9, '2026-04-01', 3, false),
    (NULL, 1, '2026-04-01', 4, true)`)
  const inspector = ledgerInspector({
    schema: "o'dd",
    table: 'led"ger',
    idColumn: 'i d',
    checksumColumn: 'check',
    appliedAtColumn: 'a"t',
    orderColumn: 'rank',
    successColumn: 'fine',
    known: async () => [{ id: 'V1', checksum: '3' }, 'V2'],
  })
  expect(await inspector.applied(query)).toEqual([
    { id: 'V1', checksum: '3', appliedAt: '2026-03-01' },
    { id: 'V2', checksum: '-7', appliedAt: '2026-02-01' },
    { id: 'V3', checksum: '9', appliedAt: '2026-04-01', state: 'failed' },
  ])
  expect(await inspector.known()).toEqual([{ id: 'V1', checksum: '3' }, { id: 'V2' }])
})

test('the command gets the URL of the copy and nothing else of our environment', async () => {
  process.env.LIFEBOAT_PASSPHRASE = 'canary'
  const { lines, run } = watched()
  const inspector = ledgerInspector({
    table: 'm',
    idColumn: 'id',
    command: {
      ...tool(
        `console.log(Object.keys(process.env).sort().join()); console.error('to stderr'); console.log(process.env.OWN)`,
      ),
      env: { OWN: 'own value' },
    },
  })
  await inspector.migrate!(run).finally(() => delete process.env.LIFEBOAT_PASSPHRASE)
  expect(lines.join()).toContain('DATABASE_URL')
  expect(lines.join()).not.toContain('LIFEBOAT')
  expect(lines).toContain('to stderr')
  expect(lines).toContain('own value')
})

test('arguments reach the program as they are: no shell reads them', async () => {
  const { lines, run } = watched()
  const hostile = '$(id) `id` ; id | id > /tmp/x "quoted" \'single\''
  const { file, args } = tool('console.log(process.argv[1])')
  await ledgerInspector({ table: 'm', idColumn: 'id', command: { file, args: [...args, hostile] } }).migrate!(run)
  expect(lines).toEqual([hostile])
})

test('a failing command names its exit code and last lines, without the password', async () => {
  const { lines, run } = watched()
  const command = tool('console.log("URL is " + process.env.DATABASE_URL); console.error("boom"); process.exit(7)')
  const inspector = ledgerInspector({ table: 'm', idColumn: 'id', command })
  const failure = await inspector.migrate!(run).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'MIGRATION_FAILED', message: expect.stringContaining('exit code 7') })
  expect(failure).toMatchObject({ message: expect.stringContaining('boom') })
  expect(`${String(failure)} ${lines.join()}`).not.toContain('temporary@')
  expect(lines).toContain('URL is ***')
  const bySocket = watched()
  await inspector.migrate!({ ...bySocket.run, databaseUrl: cluster.socketUrl() }).catch(() => {})
  expect(bySocket.lines).toContain('URL is ***')
})

test('a command that is not there fails in words', async () => {
  const inspector = ledgerInspector({ table: 'm', idColumn: 'id', command: { file: 'no-such-program' } })
  await expect(inspector.migrate!(watched().run)).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringContaining('no-such-program could not be started'),
  })
})

test('an abort ends the command and what it started within 5 s', async () => {
  const controller = new AbortController()
  const { lines, run } = watched(controller.signal)
  const child = `process.on('SIGTERM', () => {}); console.log('ready ' + process.pid); setInterval(() => {}, 1000)`
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' })`
  const working = ledgerInspector({ table: 'm', idColumn: 'id', command: tool(parent) }).migrate!(run)
  await expect.poll(() => lines[0]).toMatch(/^ready \d+$/)
  const stopwatch = startStopwatch()
  controller.abort()
  await expect(working).rejects.toMatchObject({ code: 'ABORTED' })
  expect(stopwatch.milliseconds()).toBeLessThan(5000)
  const pid = Number(lines[0]!.split(' ')[1])
  await expect.poll(() => isRunning(pid)).toBe(false)
})

test('100 MB printed in one line, or in many, cost no memory', async () => {
  const { lines, run } = watched()
  const print = (end: string) =>
    tool(
      `const text = 'x'.repeat(1e6) + ${JSON.stringify(end)}; let n = 0; (function more() { while (n++ < 100) if (!process.stdout.write(text)) return process.stdout.once('drain', more); console.log('\\nlast') })()`,
    )
  for (const end of ['', '\n']) {
    lines.length = 0
    const before = process.memoryUsage().rss
    let most = 0
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 5)
    await ledgerInspector({ table: 'm', idColumn: 'id', command: print(end) }).migrate!(run)
    clearInterval(sampling)
    expect(lines.at(-1)).toBe('last')
    expect(lines.every((line) => line.length < 5000)).toBe(true)
    expect((most - before) / 2 ** 20).toBeLessThan(100)
  }
})

test.each([false, true])(
  'a program left behind that holds the output open is not waited for (in a group of its own: %s)',
  async (detached) => {
    const { lines, run } = watched()
    const child = `process.on('SIGTERM', () => {}); console.log('ready ' + process.pid); setInterval(() => {}, 1000)`
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit', detached: ${detached} }); setTimeout(() => process.exit(0), 500)`
    const stopwatch = startStopwatch()
    await ledgerInspector({ table: 'm', idColumn: 'id', command: tool(parent) }).migrate!(run)
    expect(stopwatch.milliseconds()).toBeLessThan(20_000)
    const pid = Number(lines[0]!.split(' ')[1])
    if (detached) process.kill(pid, 'SIGKILL')
    await expect.poll(() => isRunning(pid)).toBe(false)
  },
)

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
