import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createShop } from './app.ts'
import { migrate, openDatabase, type ShopDatabase } from './database.ts'
import type { Release } from './migrations/index.ts'
import { fillShop } from './sample-data/fill.ts'

let cluster: TemporaryCluster
let database: ShopDatabase
let mediaFolder: string
const size = { products: 60, customers: 90, orders: 300, reviews: 200, pictures: 5, invoices: 3 }

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  database = openDatabase(await cluster.createDatabase('shop'))
  mediaFolder = await mkdtemp(join(tmpdir(), 'shop-media-'))
  await migrate(database, 1)
  await fillShop(database, mediaFolder, size)
})
afterAll(async () => {
  await database?.destroy()
  await cluster?.stop()
  if (mediaFolder) await rm(mediaFolder, { recursive: true })
})

/** Serves the shop while `visit` asks it for pages. */
async function visiting<T>(
  release: Release,
  visit: (get: (path: string) => Promise<Response>) => Promise<T>,
): Promise<T> {
  const server: Server = createShop({ database, mediaFolder, release }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await visit((path) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { accept: path === '/' ? 'text/html' : 'application/json' },
      }),
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const window = { sku: '', price: '' }

test('release 1 sells from sample data', async () => {
  await visiting(1, async (get) => {
    const health = await (await get('/health')).json()
    expect(health).toMatchObject({ release: 1, products: '60', customers: '90', orders: '300' })
    expect(Number(health.revenue)).toBeGreaterThan(1000)
    expect(await (await get('/')).text()).toContain('sold</li>')
    const { products } = await (await get('/products')).json()
    Object.assign(window, products[0])
    const product = await (await get(`/products/${window.sku}`)).json()
    expect(product).toMatchObject({ sku: window.sku, price: window.price, reviews: expect.any(Array) })
    const picture = await get('/media/product-0000.png')
    expect(picture.headers.get('content-type')).toBe('image/png')
    expect(
      Buffer.from(await picture.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
    expect((await get('/products/NON-00000')).status).toBe(404)
  })
  expect(await readdir(mediaFolder)).toHaveLength(5)
})

test('totals are kept by the trigger, invoices are large objects', async () => {
  const { rows } = await sql`
    SELECT count(*) FILTER (WHERE total <> (SELECT sum(amount) FROM order_lines WHERE order_id = orders.id))::int AS wrong,
           (SELECT count(*)::int FROM pg_largeobject_metadata) AS documents
    FROM orders`.execute(database)
  expect(rows).toEqual([{ wrong: 0, documents: 3 }])
})

test('release 2 migrates the data and shows the same prices', async () => {
  expect(await migrate(database, 2)).toEqual(['2026-06-08_prices-in-cents', '2026-06-15_names-and-wishlists'])
  await visiting(2, async (get) => {
    const { products } = await (await get('/products')).json()
    expect(products[0]).toEqual(window)
  })
  const { rows } = await sql<{ full: string; parts: string }>`
    SELECT full_name AS full, concat_ws(' ', given_name, family_name) AS parts FROM customers`.execute(database)
  expect(rows.filter(({ full, parts }) => full !== parts)).toEqual([])
})
