import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../structure/sources.ts'
import { runCli } from './run-cli.ts'

/** Three backups in a row as somebody new makes them, on the shop: what each cost is plain, and each restores alone. */
const run = promisify(execFile)
const shop = join(root, 'examples/shop')
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-three-'))
  env = {
    DATABASE_URL: await cluster.createDatabase('shop'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: 'three in a row',
    MEDIA_FOLDER: join(folder, 'media'),
    SHOP_RELEASE: '1',
    TZ: 'UTC',
  }
  for (const program of ['migrate', 'fill'])
    await run(process.execPath, ['--no-warnings', join(shop, `src/bin/${program}.ts`)], {
      env: { ...process.env, ...env },
    })
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function lifeboat(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { cwd: shop, env })
  expect(stderr.match(/^.*error.*$/im)).toBeNull()
  expect(code, stderr).toBe(0)
  return stdout
}

/** Rows and their places, whatever the database is called. */
async function contentOf(database: string): Promise<string> {
  const tables = ['customers', 'products', 'reviews', 'orders', 'order_lines', 'invoices']
  const digests = tables.map((name) => `(SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM ${name} t)`)
  const [row] = await cluster.sql<{ digest: string }>(
    database,
    `SELECT concat_ws(' ', ${digests.join(', ')}) AS digest`,
  )
  return row!.digest
}

/** The cells of a line of `list`, by the titles above it. */
function cellsOf(table: string, number: string): Record<string, string> {
  const [head, ...lines] = table.split('\n') as [string, ...string[]]
  const line = lines.find((one) => one.trimStart().startsWith(`${number} `))!
  const [titles, cells] = [head, line].map((one) => one.trim().split(/ {2,}/))
  return Object.fromEntries(titles!.map((title, index) => [title, cells![index]!]))
}

test('list and show say what each cost; the one in the middle restores without the first', async () => {
  await lifeboat('init')
  expect(await lifeboat('backup', '--name', 'first', '--media')).toMatch(/^type +full$/m)
  await cluster.sql('shop', `UPDATE products SET price = price + 1 WHERE sku = (SELECT min(sku) FROM products)`)
  const second = await lifeboat('backup', '--name', 'second')
  expect(second).toMatch(/^type +incremental$/m)
  expect(second).toMatch(/^holds +\d.* MB$/m)
  expect(second).toMatch(/^read +\d.* kB$/m)
  const content = await contentOf('shop')
  await cluster.sql('shop', 'DELETE FROM reviews WHERE ctid = (SELECT min(ctid) FROM reviews)')
  await lifeboat('backup', '--name', 'third')

  const list = await lifeboat('list')
  const [one, two, three] = ['1', '2', '3'].map((number) => cellsOf(list, number))
  expect(one).toMatchObject({
    type: 'full',
    read: expect.stringContaining('MB'),
    took: expect.stringMatching(/\d s|\d ms/),
  })
  expect(two).toMatchObject({
    type: 'incremental',
    read: expect.stringContaining('kB'),
    stored: expect.stringContaining('kB'),
  })
  expect(three).toMatchObject({ type: 'incremental', read: expect.stringContaining('kB') })
  expect(two!.holds).toMatch(/MB/)

  const shown = await lifeboat('show', '2')
  expect(shown).toMatch(/^type +incremental, compared with backup 1; restores without it$/m)
  expect(shown).toMatch(/^read +\d.* kB of \d.* MB; 1 of \d+ segments$/m)
  expect(shown).toMatch(/^public\.products .* 1 of 1 segment$/m)
  expect(shown).toMatch(/^public\.customers .* unchanged$/m)
  expect(await lifeboat('show', '1')).toMatch(/^type +full \(the first backup\)$/m)

  await lifeboat('delete', '1', '--yes')
  await lifeboat('prune')
  const restored = await lifeboat('restore', '2', '--strategy', 'new-database', '--target-database', 'middle', '--yes')
  expect(restored).toContain('middle')
  expect(await contentOf('middle')).toBe(content)
  expect(await contentOf('shop')).not.toBe(content)
}, 900_000)
