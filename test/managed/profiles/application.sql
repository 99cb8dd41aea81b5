-- What every profile has: an application's own tables, made by the role that owns them.
CREATE TABLE customers (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL UNIQUE, balance numeric(10, 2) NOT NULL DEFAULT 0 CHECK (balance >= 0));
CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, customer int NOT NULL REFERENCES customers, at timestamptz NOT NULL DEFAULT '2026-01-01 00:00:00+00');
INSERT INTO customers (name) SELECT 'customer ' || i FROM generate_series(1, 500) i;
INSERT INTO orders (customer) SELECT 1 + i % 500 FROM generate_series(1, 2000) i;
CREATE INDEX ON orders (customer);
CREATE FUNCTION order_count(customer int) RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM orders o WHERE o.customer = $1';
CREATE VIEW rich AS SELECT * FROM customers WHERE balance > 100;
CREATE MATERIALIZED VIEW per_customer AS SELECT customer, count(*) AS orders FROM orders GROUP BY customer;
CREATE SCHEMA reports;
CREATE TABLE reports.monthly (month date PRIMARY KEY, total numeric);
INSERT INTO reports.monthly VALUES ('2026-01-01', 42);
COMMENT ON TABLE orders IS 'what was bought';
