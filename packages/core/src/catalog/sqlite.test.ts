import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { catalogConformance } from './conformance/conformance.ts'
import { openSqliteCatalog } from './sqlite.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-catalog-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('conformance on SQLite', () => {
  test.each(catalogConformance)('$name', async ({ run }) => {
    const catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'))
    try {
      await run(catalog)
    } finally {
      await catalog.close()
    }
  })
})

test('the file is private, and what was written is there after opening it again', async () => {
  const path = join(folder, 'sub', 'catalog.sqlite')
  const first = await openSqliteCatalog(path)
  await first.configuration.write({ max_backups: 3 }, { by: 'u1', at: '2026-01-01T00:00:00.000Z' })
  await first.close()
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const second = await openSqliteCatalog(path)
  expect(await second.configuration.read()).toEqual({ max_backups: 3 })
  await second.close()
})

test('two connections to one file, as of two processes, make the tables once and share one audit chain', async () => {
  const path = join(folder, 'catalog.sqlite')
  const [first, second] = await Promise.all([openSqliteCatalog(path), openSqliteCatalog(path)])
  const entry = {
    at: '2026-01-01T00:00:00.000Z',
    actor: 'u',
    address: null,
    action: 'a',
    subject: null,
    outcome: 'succeeded' as const,
    detail: {},
  }
  const chain = ({ seq }: { seq: number }) => ({ hash: String(seq), chain: null, seal: null })
  await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? first : second).audit.append(entry, chain)))
  expect((await first.audit.read(0)).map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  await first.close()
  await second.close()
})

test('a place that cannot be written to is refused with advice', async () => {
  await expect(openSqliteCatalog(join(folder, 'x\0y'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
