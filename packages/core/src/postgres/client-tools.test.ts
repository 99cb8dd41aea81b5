import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { findClientTools, listArchive } from './client-tools.ts'
import { resolveConnection, withDatabase } from './connection.ts'
import { dumpSchema } from './dump-schema.ts'
import { openSession } from './session.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-tools-'))
})
afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A pg_dump that says which version it is and otherwise notes how it was started. */
async function fakeTools(version: string): Promise<string> {
  const directory = await mkdtemp(join(folder, 'bin-'))
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) ${version}"; exit 0; fi
env > ${directory}/env; tr '\\0' '\\n' < /proc/$$/cmdline > ${directory}/argv; echo archive`
  for (const name of ['pg_dump', 'pg_restore']) {
    await writeFile(join(directory, name), script)
    await chmod(join(directory, name), 0o755)
  }
  return directory
}

describe('finding them', () => {
  test('the folder that was asked for goes first when it is new enough', async () => {
    const binDirectory = await fakeTools('98.1')
    expect(await findClientTools(cluster.majorVersion, { binDirectory })).toEqual({
      pgDump: join(binDirectory, 'pg_dump'),
      pgRestore: join(binDirectory, 'pg_restore'),
      version: '98.1',
      major: 98,
    })
  })

  test('else the lowest that is not older than the server; development versions count', async () => {
    const found = await findClientTools(cluster.majorVersion, { binDirectory: await fakeTools('9.6.24') })
    expect(found.major).toBe(cluster.majorVersion)
    expect((await findClientTools(97, { binDirectory: await fakeTools('97devel') })).version).toBe('97devel')
  })

  test('asked again, the program is not started again, unless it is another by now', async () => {
    const binDirectory = await fakeTools('98.1')
    const program = join(binDirectory, 'pg_dump')
    const says = (version: string) =>
      writeFile(program, `#!/bin/sh\necho started >> "$0.starts"\necho pg_dump ${version}\n`)
    const find = async () => (await findClientTools(98, { binDirectory })).version
    await says('98.1')
    expect([await find(), await find()]).toEqual(['98.1', '98.1'])
    expect(await readFile(`${program}.starts`, 'utf8')).toBe('started\n')
    await says('98.2')
    expect(await find()).toBe('98.2')
  })

  test('only older ones: refused with the line that installs a newer one', async () => {
    await expect(findClientTools(99, { binDirectory: await fakeTools('98.1') })).rejects.toMatchObject({
      code: 'CLIENT_TOOLS_OLD',
      message: expect.stringContaining('98.1'),
      advice: expect.stringMatching(/postgresql-client-99|postgresql@99/),
    })
  })
})

test('the password is on no command line, and the environment holds nothing of ours', async () => {
  const binDirectory = await fakeTools('98.1')
  const tools = await findClientTools(98, { binDirectory })
  const source = resolveConnection('postgresql://o%27dd:c4nary@h:77/dbname%3Dx%20host%3Devil')
  expect((await dumpSchema(tools, source, { encoding: 'UTF8', bookkeeping: [] })).toString()).toBe('archive\n')
  const argv = await readFile(join(binDirectory, 'argv'), 'utf8')
  const environment = await readFile(join(binDirectory, 'env'), 'utf8')
  expect(argv).not.toMatch(/c4nary|evil|o'dd/)
  expect(environment).toContain('PGPASSWORD=c4nary')
  expect(environment).toContain('PGDATABASE=dbname=x host=evil')
  const names = environment.split('\n').map((line) => line.split('=')[0]!)
  expect(names.filter((name) => /^(HOME|NODE|npm|VITEST|USER)/.test(name))).toEqual([])
})

describe('dumpSchema on a server', () => {
  test('a hostile database name', async () => {
    const name = `x' host=evil "y" \\ ü\n-- `
    await cluster.createDatabase(name)
    const source = withDatabase(resolveConnection(cluster.url()), name)
    const session = await openSession(source, { application: 'test' })
    await session.query('CREATE TABLE public.here (n int)')
    await session.close()
    const tools = await findClientTools(cluster.majorVersion)
    const archive = await dumpSchema(tools, source, { encoding: 'UTF8', bookkeeping: [] })
    expect(archive.subarray(0, 5).toString()).toBe('PGDMP')
    expect(await listArchive(tools, archive)).toContain('TABLE public here postgres')
  })

  test('what it says when it fails is passed on; a damaged archive is told', async () => {
    const tools = await findClientTools(cluster.majorVersion)
    const source = resolveConnection(cluster.url())
    await expect(
      dumpSchema(tools, source, { snapshot: '00000003-0000001B-1', encoding: 'UTF8', bookkeeping: [] }),
    ).rejects.toMatchObject({ code: 'CLIENT_TOOL_FAILED', message: expect.stringContaining('snapshot') })
    const wrong = resolveConnection(cluster.url('postgres', { name: 'postgres', password: 'c4nary' }))
    const refused = await dumpSchema(tools, wrong, { encoding: 'UTF8', bookkeeping: [] }).catch((error) => error)
    expect(refused).toMatchObject({ code: 'CLIENT_TOOL_FAILED' })
    expect(`${refused.message} ${JSON.stringify(refused)}`).not.toContain('c4nary')
    await expect(listArchive(tools, Buffer.from('rubbish'))).rejects.toMatchObject({ code: 'CLIENT_TOOL_FAILED' })
  })

  test('behind a lock: gives up within its budget, or at once when aborted, and leaves no backend', async () => {
    const source = resolveConnection(await cluster.createDatabase('locked'))
    await cluster.sql('locked', 'CREATE TABLE t (n int)')
    const other = await openSession(source, { application: 'test' })
    await other.query('BEGIN; LOCK TABLE public.t')
    const tools = await findClientTools(cluster.majorVersion)
    const options = { encoding: 'UTF8', bookkeeping: [] }
    await expect(dumpSchema(tools, source, { ...options, lockBudgetMs: 300 })).rejects.toMatchObject({
      code: 'LOCK_BUDGET',
    })
    const controller = new AbortController()
    const dumping = dumpSchema(tools, source, { ...options, lockBudgetMs: 'wait', signal: controller.signal })
    setTimeout(() => controller.abort(), 500)
    await expect(dumping).rejects.toMatchObject({ code: 'ABORTED' })
    const stopwatch = startStopwatch()
    for (;;) {
      const rows = await cluster.sql(
        'postgres',
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'lifeboat: schema'",
      )
      if (rows.length === 0) break
      expect(stopwatch.milliseconds()).toBeLessThan(4500)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await other.close()
  })
})
