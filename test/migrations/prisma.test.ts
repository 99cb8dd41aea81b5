import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prismaInspector } from '../../packages/core/src/inspectors.ts'
import { compareWith } from '../../packages/core/src/migrations/compare.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'

/** What Prisma's own engine writes into its table, and what is said of it. */
let cluster: TemporaryCluster
let root: string
let count = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-prisma-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

async function project(files: Record<string, string>) {
  const name = `prisma_${++count}`
  const [url, folder] = [await cluster.createDatabase(name), join(root, name)]
  const write = async (id: string, sql: string | null) => {
    await rm(join(folder, id), { recursive: true, force: true })
    if (sql === null) return
    await mkdir(join(folder, id), { recursive: true })
    await writeFile(join(folder, id, 'migration.sql'), sql)
  }
  for (const [id, sql] of Object.entries(files)) await write(id, sql)
  const program = join(import.meta.dirname, 'prisma-deploy.mjs')
  const inspector = prismaInspector({ migrations: folder })
  return {
    write,
    sql: (text: string) => cluster.sql(name, text),
    run: (...more: string[]) =>
      promisify(execFile)(process.execPath, [program, folder, 'public', ...more], {
        env: { ...process.env, DATABASE_URL: url },
      }),
    async verdict() {
      const applied = await inspector.applied((text, values) =>
        cluster.sql(name, text, values ? [...values] : undefined),
      )
      return compareWith(inspector, applied, await inspector.known())
    },
  }
}

test('a migration that failed, was resolved, mended and run again (prisma/orm#16927)', async () => {
  const { run, verdict, write } = await project({
    '1_a': 'CREATE TABLE a (id int);',
    '2_b': 'ALTER TABLE nowhere ADD x int;',
  })
  await expect(run()).rejects.toMatchObject({ stderr: expect.stringContaining('nowhere') })
  expect(await verdict()).toMatchObject({ verdict: 'dirty', failed: ['2_b'] })
  await run('--rolled-back', '2_b')
  expect(await verdict()).toMatchObject({ verdict: 'behind', missing: ['2_b'], failed: [] })
  await write('2_b', 'ALTER TABLE a ADD x int;')
  await run()
  expect(await verdict()).toMatchObject({ verdict: 'same', edited: [], restyled: [] })
})

test('what is edited, gone, merged late, or has other line ends', async () => {
  const texts = { '1_a': 'CREATE TABLE a (id int);\n', '3_c': 'CREATE TABLE c (id int);\n' }
  const { run, verdict, write } = await project(texts)
  await run()
  expect(await verdict()).toMatchObject({ verdict: 'same', edited: [], restyled: [] })
  await write('1_a', texts['1_a'].replaceAll('\n', '\r\n'))
  expect(await verdict()).toMatchObject({ verdict: 'same', restyled: ['1_a'] })
  await write('1_a', 'CREATE TABLE a (id bigint);\n')
  expect(await verdict()).toMatchObject({ verdict: 'edited', edited: ['1_a'] })
  await write('1_a', texts['1_a'])
  await write('2_b', 'CREATE TABLE b (id int);')
  expect(await verdict()).toMatchObject({ verdict: 'behind', gaps: ['2_b'] })
  await run()
  expect(await verdict()).toMatchObject({ verdict: 'same' })
  await write('3_c', null)
  expect(await verdict()).toMatchObject({ verdict: 'ahead', extra: ['3_c'] })
})

test('tables without a history, until a baseline is recorded (prisma/orm#8124)', async () => {
  const { run, sql, verdict } = await project({ '1_a': 'CREATE TABLE a (id int);' })
  await sql('CREATE TABLE a (id int)')
  expect((await verdict()).verdict).toBe('unknown')
  await expect(run()).rejects.toMatchObject({ stderr: expect.stringMatching(/not empty/) })
  await run('--applied', '1_a')
  expect((await verdict()).verdict).toBe('same')
})
