import express, { type ErrorRequestHandler, type Express } from 'express'
import { sql } from 'kysely'
import type { ShopDatabase } from './database.ts'
import type { Release } from './migrations/index.ts'
import { productPage, shopWindow } from './pages.ts'

export interface ShopOptions {
  database: ShopDatabase
  /** Folder with the product pictures. */
  mediaFolder: string
  release: Release
}

/** The shop as an Express application. It does not know that it is being backed up. */
export function createShop({ database, mediaFolder, release }: ShopOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(express.json())
  app.use('/media', express.static(mediaFolder))

  const price = release === 1 ? sql<string>`price` : sql<string>`(price_cents / 100.0)::numeric(10, 2)`

  app.get('/', async (_request, response) => {
    const products = await database
      .selectFrom('best_sellers')
      .innerJoin('products', 'products.id', 'best_sellers.product_id')
      .select(['sku', 'name', 'image', 'sold', price.as('price')])
      .orderBy('sold', 'desc')
      .limit(24)
      .execute()
    response.send(shopWindow(products))
  })

  app.get('/health', async (_request, response) => {
    const counts = await database
      .selectNoFrom(({ selectFrom, fn }) => [
        selectFrom('products').select(fn.countAll<string>().as('n')).as('products'),
        selectFrom('customers').select(fn.countAll<string>().as('n')).as('customers'),
        selectFrom('orders').select(fn.countAll<string>().as('n')).as('orders'),
        selectFrom('order_lines')
          .select((line) => line.fn.sum<string>('amount').as('n'))
          .as('revenue'),
      ])
      .executeTakeFirstOrThrow()
    response.json({ release, ...counts })
  })

  app.get('/orders', async (_request, response) => {
    const turnover = await database
      .selectFrom('orders')
      .select(({ fn }) => [fn.countAll<string>().as('orders'), fn.sum<string>('total').as('total')])
      .executeTakeFirstOrThrow()
    response.json(turnover)
  })

  app.get('/products', async (request, response) => {
    const words = typeof request.query.search === 'string' ? request.query.search : ''
    const products = await database
      .selectFrom('products')
      .select(['sku', 'name', 'tags', price.as('price')])
      .$if(words !== '', (query) => query.where(sql<boolean>`search @@ plainto_tsquery('simple', ${words})`))
      .orderBy('sku')
      .limit(50)
      .execute()
    response.json({ products })
  })

  app.get('/products/:sku', async (request, response) => {
    const product = await database
      .selectFrom('products')
      .select(['id', 'sku', 'name', 'description', 'tags', 'attributes', 'image', 'stock', price.as('price')])
      .where('sku', '=', request.params.sku)
      .executeTakeFirst()
    if (!product) return void response.status(404).json({ error: 'There is no such product.' })
    const reviews = await database
      .selectFrom('reviews')
      .select(['stars', 'body'])
      .where('product_id', '=', product.id)
      .orderBy('written_at', 'desc')
      .limit(10)
      .execute()
    if (request.accepts('html', 'json') === 'json') response.json({ ...product, reviews })
    else response.send(productPage(product, reviews))
  })

  app.post('/products/:sku/reviews', async (request, response) => {
    const { customer, stars, body } = request.body as Record<string, unknown>
    const written = await database
      .insertInto('reviews')
      .columns(['product_id', 'customer_id', 'stars', 'body'])
      .expression(({ selectFrom, val }) =>
        selectFrom('products')
          .select([
            'id',
            val(String(customer)).as('customer'),
            val(Number(stars)).as('stars'),
            val(String(body)).as('body'),
          ])
          .where('sku', '=', request.params.sku),
      )
      .returning('id')
      .executeTakeFirst()
    response.status(written ? 201 : 404).json(written ?? { error: 'There is no such product.' })
  })

  app.use(unavailable)
  return app
}

/** Whatever goes wrong with the database is a 503: try again in a moment. Four parameters make it Express's handler. */
const unavailable: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const message = error instanceof Error ? error.message : String(error)
  response.status(503).set('Retry-After', '1').json({ error: message })
}
