import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { ShopDatabase } from '../database.ts'
import { drawPicture } from './picture.ts'
import { createRandom, type Random } from './random.ts'
import * as words from './words.ts'

/** How much of everything. The defaults make about 100,000 rows in a few seconds. */
export interface ShopSize {
  products: number
  customers: number
  orders: number
  reviews: number
  pictures: number
  invoices: number
}

export const usualSize: ShopSize = {
  products: 1500,
  customers: 6000,
  orders: 20_000,
  reviews: 9000,
  pictures: 240,
  invoices: 12,
}

/** Fills an empty shop of release 1. The same seed gives the same shop. */
export async function fillShop(
  database: ShopDatabase,
  mediaFolder: string,
  size: ShopSize = usualSize,
  seed = 20_261_122,
): Promise<ShopSize & { lines: number }> {
  const random = createRandom(seed)
  await mkdir(mediaFolder, { recursive: true })
  for (let number = 0; number < size.pictures; number++)
    await writeFile(join(mediaFolder, pictureName(number)), drawPicture(random))
  const prices: number[] = []
  let lines = 0
  await database.transaction().execute(async (trx) => {
    await inBatches(
      size.products,
      (number) => {
        const product = makeProduct(random, number, size.pictures)
        prices.push(product.price)
        return product
      },
      (rows) => trx.insertInto('products').values(rows).execute(),
    )
    await inBatches(
      size.customers,
      (number) => makeCustomer(random, number),
      (rows) => trx.insertInto('customers').values(rows).execute(),
    )
    const placed: Date[] = []
    await inBatches(
      size.orders,
      (number) => {
        const order = makeOrder(random, number, size)
        placed.push(order.placed_at)
        return order
      },
      (rows) => trx.insertInto('orders').values(rows).execute(),
    )
    const allLines = placed.flatMap((placed_at, order) => makeLines(random, order + 1, placed_at, prices))
    lines = allLines.length
    await inBatches(
      lines,
      (number) => allLines[number]!,
      (rows) => trx.insertInto('order_lines').values(rows).execute(),
    )
    await inBatches(
      size.reviews,
      () => makeReview(random, size),
      (rows) =>
        trx
          .insertInto('reviews')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute(),
    )
    for (let number = 1; number <= size.invoices; number++) {
      const text = `Invoice ${number}\n${'Thank you for your order. '.repeat(random.between(10, 2000))}`
      await trx
        .insertInto('invoices')
        .values({
          number: `2026-${String(number).padStart(4, '0')}`,
          order_id: String(number),
          placed_at: placed[number - 1]!,
          document: sql`lo_from_bytea(0, ${Buffer.from(text)})`,
        })
        .execute()
    }
    // The ids above were given, so the sequence has not moved.
    await sql`SELECT setval(pg_get_serial_sequence('orders', 'id'), ${size.orders})`.execute(trx)
  })
  await sql`REFRESH MATERIALIZED VIEW best_sellers`.execute(database)
  await sql`ANALYZE`.execute(database)
  return { ...size, lines }
}

async function inBatches<Row>(count: number, make: (number: number) => Row, insert: (rows: Row[]) => Promise<unknown>) {
  for (let start = 0; start < count; start += 1000) {
    await insert(Array.from({ length: Math.min(1000, count - start) }, (_, offset) => make(start + offset)))
  }
}

function makeProduct(random: Random, number: number, pictures: number) {
  const thing = random.pick(words.things)
  const attributes = {
    weight_g: random.between(20, 9000),
    colours: random.some(['red', 'navy', 'sand', 'olive'], 3),
    ...(random.next() < 0.3 ? { dimensions: { width: random.between(1, 99), depth: random.next() } } : {}),
  }
  return {
    sku: `${thing.slice(0, 3).toUpperCase()}-${String(number).padStart(5, '0')}`,
    name: `${random.pick(words.qualities)} ${thing}`,
    description: [random.pick(words.sentences), random.pick(words.sentences)].join(' '),
    price: random.between(95, 24_900) / 100,
    tags: random.some(words.tags, 4),
    attributes: JSON.stringify(attributes),
    image: number < pictures ? pictureName(number) : null,
    stock: random.between(0, 400),
  }
}

function makeCustomer(random: Random, number: number) {
  const address = () => ({
    street: `${random.pick(words.streets)} ${random.between(1, 180)}`,
    city: random.pick(words.cities),
  })
  return {
    full_name: `${random.pick(words.givenNames)} ${random.pick(words.familyNames)}`,
    email: `customer${number}@shop.example`,
    addresses: JSON.stringify(Array.from({ length: random.between(0, 2) }, address)),
    joined_on: `202${random.between(3, 6)}-0${random.between(1, 9)}-1${random.between(0, 9)}`,
  }
}

function makeOrder(random: Random, number: number, size: ShopSize) {
  const days = Math.floor((number / size.orders) * 900)
  return {
    id: String(number + 1),
    placed_at: new Date(Date.UTC(2024, 0, 3 + days, random.between(0, 23), random.between(0, 59))),
    customer_id: String(random.between(1, size.customers)),
    status: random.pick(['paid', 'packed', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'] as const),
    note: random.next() < 0.1 ? random.pick(words.opinions) : null,
  }
}

function makeLines(random: Random, order: number, placed_at: Date, prices: number[]) {
  return Array.from({ length: random.between(1, 5) }, (_, position) => {
    const product = random.between(1, prices.length)
    return {
      order_id: String(order),
      placed_at,
      position: position + 1,
      product_id: String(product),
      quantity: random.between(1, 4),
      unit_price: String(prices[product - 1]),
    }
  })
}

function makeReview(random: Random, size: ShopSize) {
  return {
    product_id: String(random.between(1, size.products)),
    customer_id: String(random.between(1, size.customers)),
    stars: random.between(1, 5),
    body: random.next() < 0.8 ? random.pick(words.opinions) : null,
  }
}

function pictureName(number: number): string {
  return `product-${String(number).padStart(4, '0')}.png`
}
