import { type ColumnType, type Generated, Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { Pool } from 'pg'
import { migrationsOf, type Release } from './migrations/index.ts'

export interface ShopTables {
  products: {
    id: Generated<string>
    sku: string
    name: string
    description: string
    price: string | number
    tags: string[]
    attributes: ColumnType<Record<string, unknown>, string>
    image: string | null
    stock: number
    updated_at: Generated<Date>
    /** Since release 2. */
    price_cents: Generated<number>
    currency: Generated<string>
  }
  customers: {
    id: Generated<string>
    full_name: string
    email: string
    addresses: ColumnType<unknown[], string>
    joined_on: string
    /** Since release 2. */
    given_name: Generated<string>
    family_name: Generated<string | null>
  }
  orders: {
    id: Generated<string>
    placed_at: Generated<Date>
    customer_id: string
    status: Generated<'paid' | 'packed' | 'shipped' | 'delivered' | 'returned'>
    total: Generated<string>
    note: string | null
  }
  order_lines: {
    order_id: string
    placed_at: Date
    position: number
    product_id: string
    quantity: number
    unit_price: string
    amount: Generated<string>
  }
  invoices: { number: string; order_id: string; placed_at: Date; document: number }
  reviews: {
    id: Generated<string>
    product_id: string
    customer_id: string
    stars: number
    body: string | null
    written_at: Generated<Date>
  }
  best_sellers: { product_id: string; sold: string; revenue: string }
}

export type ShopDatabase = Kysely<ShopTables>

export function openDatabase(databaseUrl: string): ShopDatabase {
  const pool = new Pool({ connectionString: databaseUrl, application_name: 'shop', max: 5 })
  // The server may end idle connections at any time (a restore's swap does); the pool makes new ones.
  pool.on('error', () => {})
  return new Kysely<ShopTables>({ dialect: new PostgresDialect({ pool }) })
}

/** Brings the database to a release; the names of the migrations that ran. */
export async function migrate(database: ShopDatabase, release: Release): Promise<string[]> {
  const provider = { getMigrations: async () => migrationsOf(release) }
  const { error, results } = await new Migrator({ db: database, provider }).migrateToLatest()
  if (error !== undefined) throw error
  return (results ?? []).map(({ migrationName }) => migrationName)
}
