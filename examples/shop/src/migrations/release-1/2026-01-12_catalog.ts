import { type Kysely, sql } from 'kysely'

/** Products, with tags, free attributes and a search column the server keeps. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE products (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      sku text NOT NULL UNIQUE CHECK (sku ~ '^[A-Z]{3}-[0-9]{5}$'),
      name text NOT NULL,
      description text NOT NULL,
      price numeric(10, 2) NOT NULL CHECK (price > 0),
      tags text[] NOT NULL DEFAULT '{}',
      attributes jsonb NOT NULL DEFAULT '{}',
      image text,
      stock integer NOT NULL DEFAULT 0,
      updated_at timestamptz NOT NULL DEFAULT now(),
      search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', description), 'B')
      ) STORED
    )`.execute(db)
  await sql`CREATE INDEX products_search ON products USING gin (search)`.execute(db)
  await sql`CREATE INDEX products_tags ON products USING gin (tags)`.execute(db)
  await sql`CREATE INDEX products_cheap ON products (price) WHERE price < 20`.execute(db)
  await sql`COMMENT ON TABLE products IS 'What the shop sells'`.execute(db)
  await sql`
    CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.updated_at := now();
      RETURN NEW;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER products_touch BEFORE UPDATE ON products
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at()`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE products`.execute(db)
  await sql`DROP FUNCTION touch_updated_at()`.execute(db)
}
