import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { catalogConformance } from './conformance.ts'
import { openPostgresCatalog } from './postgres.ts'

let cluster: TemporaryCluster
let databases = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

async function open(name: string, schema = 'li"feboat') {
  const pool = new Pool({ connectionString: cluster.url(name), max: 6 })
  pool.on('error', () => {})
  return openPostgresCatalog({ pool, schema, location: name })
}

async function newDatabase() {
  const name = `catalog_${++databases}`
  await cluster.createDatabase(name)
  return name
}

describe('conformance on PostgreSQL', () => {
  test.each(catalogConformance)('$name', async ({ run }) => {
    const catalog = await open(await newDatabase())
    try {
      await run(catalog)
    } finally {
      await catalog.close()
    }
  })
})

test('four processes opening an empty database at once make the tables once', async () => {
  const name = await newDatabase()
  const catalogs = await Promise.all([open(name), open(name), open(name), open(name)])
  await Promise.all(catalogs.map((catalog, n) => catalog.configuration.write({ [`c${n}`]: n }, { by: 'u', at: 'now' })))
  expect(await catalogs[0]?.configuration.read()).toEqual({ c0: 0, c1: 1, c2: 2, c3: 3 })
  await Promise.all(catalogs.map((catalog) => catalog.close()))
})

test('writers of other processes wait while they are held', async () => {
  const name = await newDatabase()
  const [one, two] = await Promise.all([open(name), open(name)])
  let released = false
  let write: Promise<boolean> | undefined
  await one.holdWriters(async () => {
    write = two.configuration.write({ a: 1 }, { by: 'u', at: 'now' }).then(() => released)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await two.configuration.read()).toEqual({})
    released = true
  })
  expect(await write).toBe(true)
  expect(await two.configuration.read()).toEqual({ a: 1 })
  await Promise.all([one.close(), two.close()])
})

test('a write outlives its sessions being ended and its database being away for a moment', async () => {
  const name = await newDatabase()
  const catalog = await open(name)
  await catalog.configuration.write({ a: 1 }, { by: 'u', at: 'now' })
  await cluster.sql(
    'postgres',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
  )
  await cluster.sql('postgres', `ALTER DATABASE ${name} RENAME TO ${name}_away`)
  const write = catalog.configuration.write({ a: 2 }, { by: 'u', at: 'now' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await cluster.sql('postgres', `ALTER DATABASE ${name}_away RENAME TO ${name}`)
  await write
  expect(await catalog.configuration.read()).toEqual({ a: 2 })
  await catalog.close()
})
