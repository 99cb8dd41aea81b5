import { type Kysely, sql } from 'kysely'

/** Reviews, and a materialized view of what sells. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE reviews (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      product_id bigint NOT NULL REFERENCES products ON DELETE CASCADE,
      customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
      stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
      body text,
      written_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (product_id, customer_id)
    )`.execute(db)
  await sql`
    CREATE MATERIALIZED VIEW best_sellers AS
    SELECT product_id, sum(quantity) AS sold, sum(amount) AS revenue
    FROM order_lines GROUP BY product_id`.execute(db)
  await sql`CREATE UNIQUE INDEX best_sellers_product ON best_sellers (product_id)`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP MATERIALIZED VIEW best_sellers`.execute(db)
  await sql`DROP TABLE reviews`.execute(db)
}
