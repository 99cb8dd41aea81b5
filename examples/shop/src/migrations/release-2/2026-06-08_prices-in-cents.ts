import { type Kysely, sql } from 'kysely'

/** Prices become whole cents of a currency; existing ones are carried over. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE products ADD price_cents integer, ADD currency char(3) NOT NULL DEFAULT 'EUR'`.execute(db)
  await sql`UPDATE products SET price_cents = round(price * 100)`.execute(db)
  await sql`ALTER TABLE products ALTER price_cents SET NOT NULL, ADD CHECK (price_cents > 0)`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE products DROP price_cents, DROP currency`.execute(db)
}
