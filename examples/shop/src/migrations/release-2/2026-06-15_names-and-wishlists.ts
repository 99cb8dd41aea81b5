import { type Kysely, sql } from 'kysely'

/** Customers get two names instead of one, and wish lists. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE customers ADD given_name text, ADD family_name text`.execute(db)
  await sql`
    UPDATE customers
    SET given_name = split_part(full_name, ' ', 1),
        family_name = nullif(substr(full_name, length(split_part(full_name, ' ', 1)) + 2), '')`.execute(db)
  await sql`ALTER TABLE customers ALTER given_name SET NOT NULL`.execute(db)
  await sql`
    CREATE TABLE wishes (
      customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
      product_id bigint NOT NULL REFERENCES products ON DELETE CASCADE,
      wished_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (customer_id, product_id)
    )`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE wishes`.execute(db)
  await sql`ALTER TABLE customers DROP given_name, DROP family_name`.execute(db)
}
