/**
 * A database with something of nearly every kind of entry pg_dump writes, with dependencies between them, several
 * owners, grants, comments and names chosen to break whoever quotes them by hand.
 */
export const nastyRoles = `
  CREATE ROLE "Otto ""the"" Owner";
  CREATE ROLE reader;
  CREATE ROLE "from";
`

export const nastySchema = String.raw`
  CREATE SCHEMA app AUTHORIZATION "Otto ""the"" Owner";
  CREATE SCHEMA "we""ird; -- $$ \ ü";
  COMMENT ON SCHEMA app IS 'it''s \ a
  comment';
  CREATE EXTENSION hstore WITH SCHEMA app;
  CREATE EXTENSION pg_trgm WITH SCHEMA app;
  CREATE EXTENSION postgres_fdw WITH SCHEMA app;

  CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'glad');
  CREATE TYPE app.pair AS (a int, b text);
  CREATE TYPE app.float_range AS RANGE (subtype = float8, multirange_type_name = app.float_multi);
  CREATE DOMAIN app.positive AS int CHECK (VALUE > 0) DEFAULT 1;
  COMMENT ON DOMAIN app.positive IS 'more than nothing';
  ALTER TYPE app.mood OWNER TO reader;
  CREATE COLLATION app.plain FROM "C";

  CREATE FUNCTION app.double(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
  CREATE FUNCTION app.body(i int DEFAULT 3) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT app.double(i); END;
  CREATE PROCEDURE app.proc(INOUT a int) LANGUAGE plpgsql AS $f$ BEGIN a := a + 1; -- ; $$
  END $f$;
  CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := now(); RETURN NEW; END';
  CREATE FUNCTION app.shout() RETURNS trigger LANGUAGE plpgsql AS
    $f$ BEGIN RAISE EXCEPTION 'this trigger must not fire while rows are loaded'; END $f$;
  CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
    $f$ BEGIN IF tg_tag LIKE 'CREATE%' AND current_setting('nasty.refuse', true) = 'on' THEN
      RAISE EXCEPTION 'no'; END IF; END $f$;
  CREATE FUNCTION app.odd_function("weird ""arg""" app.mood, VARIADIC rest text[]) RETURNS TABLE (x int, y text)
    LANGUAGE sql SECURITY DEFINER SET search_path = app, pg_temp COST 7 ROWS 3 AS 'SELECT 1, NULL::text';
  ALTER FUNCTION app.odd_function(app.mood, text[]) OWNER TO "Otto ""the"" Owner";
  REVOKE ALL ON FUNCTION app.double(int) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION app.double(int) TO reader WITH GRANT OPTION;
  CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE OPERATOR app.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = OPERATOR(app.===));
  CREATE OPERATOR FAMILY app.fam USING btree;
  CREATE OPERATOR CLASS app.cls FOR TYPE int USING btree FAMILY app.fam AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
  CREATE CAST (app.pair AS text) WITH INOUT AS ASSIGNMENT;
  CREATE TEXT SEARCH CONFIGURATION app.words (COPY = pg_catalog.simple);
  CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = pg_catalog.simple);
  CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
  CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;

  CREATE SEQUENCE app.counter AS smallint START 7 INCREMENT -3 MINVALUE -1000 MAXVALUE 10 CYCLE;
  CREATE SEQUENCE app.untouched;
  SELECT nextval('app.counter');
  CREATE TABLE app.parent (
    id bigint GENERATED ALWAYS AS IDENTITY,
    code text COLLATE app.plain NOT NULL DEFAULT 'x\y',
    pos app.positive,
    mood app.mood DEFAULT 'sad',
    twice int GENERATED ALWAYS AS (pos * 2) STORED,
    p app.pair,
    tags app.hstore,
    touched timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT "uni,que" UNIQUE (code) DEFERRABLE INITIALLY DEFERRED,
    CHECK (length(code) < 100)
  );
  ALTER TABLE app.parent ADD COLUMN gone int;
  ALTER TABLE app.parent DROP COLUMN gone;
  ALTER TABLE app.parent ADD COLUMN late int DEFAULT 5;
  ALTER TABLE app.parent ADD CONSTRAINT not_checked CHECK (late < 30) NOT VALID;
  COMMENT ON TABLE app.parent IS 'the parent';
  COMMENT ON COLUMN app.parent.code IS 'é';
  COMMENT ON CONSTRAINT "uni,que" ON app.parent IS 'unique';
  ALTER TABLE app.parent OWNER TO "Otto ""the"" Owner";
  ALTER TABLE app.parent ALTER code SET STATISTICS 77, ALTER code SET STORAGE EXTERNAL;
  GRANT SELECT, INSERT ON app.parent TO reader WITH GRANT OPTION;
  GRANT UPDATE (code, pos) ON app.parent TO "from";
  SET SESSION AUTHORIZATION reader; RESET SESSION AUTHORIZATION;
  INSERT INTO app.parent (code, pos, mood, p, tags)
    SELECT 'code ' || i, i, 'it''s ok', ROW(i, E'tab\t nl\n back\\slash')::app.pair, 'a=>1' FROM generate_series(1, 500) i;
  INSERT INTO app.parent (code, pos) VALUES (E'\\.', NULL), ('', 1);
  CREATE INDEX parent_expr ON app.parent (lower(code)) WHERE pos > 3;
  CREATE INDEX parent_trgm ON app.parent USING gin (code app.gin_trgm_ops);
  COMMENT ON INDEX app.parent_expr IS 'an index';
  ALTER TABLE app.parent CLUSTER ON parent_pkey;
  CREATE STATISTICS app.stat (ndistinct, dependencies) ON code, pos FROM app.parent;
  ALTER INDEX app.parent_expr ALTER COLUMN 1 SET STATISTICS 50;
  CREATE TABLE app.child (
    id int PRIMARY KEY, parent_id bigint REFERENCES app.parent ON DELETE CASCADE,
    next_id int REFERENCES app.child DEFERRABLE,
    EXCLUDE USING gist (int4range(id, id + 1) WITH &&)
  );
  INSERT INTO app.child SELECT i, i, i FROM generate_series(1, 100) i;
  CREATE TABLE app.loop_a (id int PRIMARY KEY, b int);
  CREATE TABLE app.loop_b (id int PRIMARY KEY, a int REFERENCES app.loop_a);
  ALTER TABLE app.loop_a ADD FOREIGN KEY (b) REFERENCES app.loop_b DEFERRABLE INITIALLY DEFERRED;
  BEGIN; INSERT INTO app.loop_a VALUES (1, 1); INSERT INTO app.loop_b VALUES (1, 1); COMMIT;
  CREATE TABLE app.no_columns ();
  INSERT INTO app.no_columns SELECT FROM generate_series(1, 3);
  CREATE TABLE app.only_generated (a int GENERATED ALWAYS AS (1) STORED);
  INSERT INTO app.only_generated SELECT FROM generate_series(1, 2);
  CREATE UNLOGGED TABLE app.unlogged (x int);
  INSERT INTO app.unlogged VALUES (1);
  CREATE TABLE app.on_heap2 (x int) USING heap2;
  CREATE TABLE app.inherited (extra text) INHERITS (app.loop_a);
  INSERT INTO app.inherited VALUES (77, NULL, 'e');
  CREATE TABLE app.typed OF app.pair;
  INSERT INTO app.typed VALUES (1, NULL);
  CREATE TABLE app.options (x int) WITH (fillfactor = 50, autovacuum_enabled = off);
  ALTER TABLE app.options REPLICA IDENTITY FULL;

  CREATE TABLE app.events (id int, at date NOT NULL, note text) PARTITION BY RANGE (at);
  CREATE TABLE app.events_old PARTITION OF app.events FOR VALUES FROM (MINVALUE) TO ('2020-01-01') PARTITION BY HASH (id);
  CREATE TABLE app.events_old_0 PARTITION OF app.events_old FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE app.events_old_1 PARTITION OF app.events_old FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
  ALTER TABLE app.events ADD PRIMARY KEY (id, at);
  CREATE INDEX events_note ON app.events (note);
  INSERT INTO app.events SELECT i, '2019-06-01'::date + i, 'n' || i FROM generate_series(1, 400) i;
  CREATE TABLE app.event_notes (id int, at date, FOREIGN KEY (id, at) REFERENCES app.events);
  INSERT INTO app.event_notes SELECT id, at FROM app.events WHERE id < 20;
  CREATE TRIGGER shout BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.shout();
  CREATE TRIGGER touch BEFORE UPDATE OF code ON app.parent FOR EACH ROW WHEN (OLD.pos > 0) EXECUTE FUNCTION app.touch();
  ALTER TABLE app.parent DISABLE TRIGGER touch;
  CREATE CONSTRAINT TRIGGER later AFTER INSERT ON app.child DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION app.shout();
  ALTER TABLE app.child ENABLE ALWAYS TRIGGER later;
  COMMENT ON TRIGGER later ON app.child IS 'later';

  CREATE VIEW app.seen WITH (security_barrier) AS SELECT id, code FROM app.parent WHERE id > 0 WITH CHECK OPTION;
  CREATE VIEW app.circular AS SELECT 1 AS x;
  CREATE FUNCTION app.uses_circular(app.circular) RETURNS int LANGUAGE sql AS 'SELECT $1.x';
  CREATE OR REPLACE VIEW app.circular AS SELECT 1 AS x, app.uses_circular(NULL) AS y;
  CREATE MATERIALIZED VIEW app.zz_counts AS SELECT count(*) AS n FROM app.parent;
  CREATE MATERIALIZED VIEW app.aa_more AS SELECT n + 1 AS n FROM app.zz_counts;
  CREATE VIEW app.between_views AS SELECT * FROM app.aa_more;
  CREATE MATERIALIZED VIEW app.aa_last AS SELECT * FROM app.between_views;
  CREATE MATERIALIZED VIEW app.never AS SELECT 1 AS one WITH NO DATA;
  CREATE UNIQUE INDEX ON app.zz_counts (n);
  COMMENT ON MATERIALIZED VIEW app.zz_counts IS 'counted';
  CREATE RULE quiet AS ON DELETE TO app.seen DO INSTEAD NOTHING;
  CREATE RULE audit AS ON UPDATE TO app.options DO ALSO SELECT 1;

  ALTER TABLE app.child ENABLE ROW LEVEL SECURITY;
  ALTER TABLE app.options FORCE ROW LEVEL SECURITY;
  CREATE POLICY mine ON app.child AS RESTRICTIVE FOR UPDATE TO reader, "from" USING (id > 0) WITH CHECK (id < 1000);
  COMMENT ON POLICY mine ON app.child IS 'mine';

  CREATE TABLE "we""ird; -- $$ \ ü"."ta""ble
with, newline" ("col""umn" int, "select" text DEFAULT $$it's$$, "ü' \" bytea);
  INSERT INTO "we""ird; -- $$ \ ü"."ta""ble
with, newline" VALUES (1, 'q', '\x00ff5c');
  CREATE INDEX "in""dex" ON "we""ird; -- $$ \ ü"."ta""ble
with, newline" ("select");
  CREATE TABLE public."-leading" (x int);
  CREATE TABLE public."Ünïcödé_63_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" (x int);

  CREATE FOREIGN DATA WRAPPER nothing;
  CREATE SERVER remote FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
  GRANT USAGE ON FOREIGN SERVER remote TO reader;
  CREATE USER MAPPING FOR reader SERVER remote OPTIONS (user 'u', password 'it''s');
  CREATE FOREIGN TABLE app.far (x int OPTIONS (column_name 'y')) SERVER remote;

  CREATE PUBLICATION pub FOR TABLE app.parent (id, code) WHERE (id > 1);
  CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA "we""ird; -- $$ \ ü";
  CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 port=1 password=secret' PUBLICATION pub
    WITH (connect = false, slot_name = NONE);
  CREATE EVENT TRIGGER ddl ON ddl_command_start EXECUTE FUNCTION app.on_ddl();
  COMMENT ON EVENT TRIGGER ddl IS 'watch';
  ALTER DEFAULT PRIVILEGES FOR ROLE "Otto ""the"" Owner" IN SCHEMA app GRANT SELECT ON TABLES TO reader, "from";
  ALTER DEFAULT PRIVILEGES FOR ROLE reader REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  GRANT USAGE ON SCHEMA app TO reader;
  GRANT USAGE ON TYPE app.mood TO "from";
  GRANT USAGE ON LANGUAGE plpgsql TO reader;
  COMMENT ON EXTENSION hstore IS 'changed comment';
  ALTER SCHEMA public OWNER TO reader;
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  COMMENT ON DATABASE :database IS 'the database';
`

/** Large objects: with pages, with a hole, empty, with owners, grants and comments. */
export const nastyLargeObjects = String.raw`
  SELECT lo_from_bytea(5001, decode(repeat('00ff5c0a', 2000), 'hex'));
  SELECT lo_create(5002);
  SELECT lo_from_bytea(5003, 'x');
  SELECT lo_put(5003, 10000, 'after a hole');
  SELECT lo_from_bytea(5004, 'owned');
  SELECT lo_from_bytea(5005, 'owned too');
  ALTER LARGE OBJECT 5004 OWNER TO "Otto ""the"" Owner";
  ALTER LARGE OBJECT 5005 OWNER TO "Otto ""the"" Owner";
  GRANT SELECT ON LARGE OBJECT 5004 TO reader;
  GRANT SELECT ON LARGE OBJECT 5005 TO reader;
  GRANT ALL ON LARGE OBJECT 5003 TO "from" WITH GRANT OPTION;
  REVOKE ALL ON LARGE OBJECT 5001 FROM postgres;
  GRANT UPDATE ON LARGE OBJECT 5001 TO PUBLIC;
  COMMENT ON LARGE OBJECT 5002 IS 'it''s \ empty';
`
