import { Client } from 'pg'

/**
 * Every kind of object and edge case a restore has to bring back, one entry each: the SQL that makes it. All of them
 * live together in one database, which is backed up, restored and exported; `pg_dump` of source and target must then
 * be equal. A new kind of object is a new line here.
 */
export interface MatrixCase {
  name: string
  sql: string
  /** Oldest server that knows it. */
  since?: 16 | 17 | 18
  /** Extension that has to be installed on the server; the case is skipped, visibly, where it is not. */
  extension?: string
}

const types: MatrixCase[] = [
  {
    name: 'integers at their limits',
    sql: `CREATE TABLE t_int (a smallint, b integer, c bigint); INSERT INTO t_int VALUES (-32768, -2147483648, -9223372036854775808), (32767, 2147483647, 9223372036854775807), (NULL, NULL, NULL)`,
  },
  {
    name: 'numeric: NaN, infinity, scale',
    sql: `CREATE TABLE t_numeric (a numeric, b numeric(12,3), c numeric(5,-2)); INSERT INTO t_numeric VALUES ('NaN', 1.500, 12300), ('Infinity', NULL, NULL), ('-Infinity', 0, 0), (1e-100, 999999999.999, 100), (0.00000, 1, 1)`,
  },
  {
    name: 'floats: NaN, infinity, shortest digits, negative zero',
    sql: `CREATE TABLE t_float (a real, b double precision); INSERT INTO t_float VALUES ('NaN', 'NaN'), ('Infinity', '-Infinity'), (0.1, 0.1), (1e-45, 5e-324), ('-0', '-0'), (3.4028235e38, 1.7976931348623157e308)`,
  },
  {
    name: 'text: empty, backslashes, tabs, newlines, NULL word',
    sql: String.raw`CREATE TABLE t_text (a text); INSERT INTO t_text VALUES (''), (NULL), ('\N'), (E'\\'), (E'tab\tnew\nreturn\r'), (E'\\.'), (E'\x01\x7f'), ('NULL'), (' padded '), ('ünïcödé 漢字 🛟')`,
  },
  {
    name: 'char(n) and varchar(n)',
    sql: `CREATE TABLE t_char (a char(10), b varchar(10), c "char", d name); INSERT INTO t_char VALUES ('pad', 'var', 'x', 'a_name'), ('', '', '', '')`,
  },
  {
    name: 'bytea: empty and every byte',
    sql: `CREATE TABLE t_bytea (a bytea); INSERT INTO t_bytea SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') FROM generate_series(0, 255) i; INSERT INTO t_bytea VALUES (''), (NULL)`,
  },
  {
    name: 'a text value of 20 MB, compressed and not',
    sql: `CREATE TABLE t_wide (a text, b text); ALTER TABLE t_wide ALTER b SET STORAGE EXTERNAL; INSERT INTO t_wide SELECT repeat('x', 20000000), string_agg(md5(i::text), '') FROM generate_series(1, 30000) i`,
  },
  { name: 'boolean', sql: `CREATE TABLE t_bool (a boolean); INSERT INTO t_bool VALUES (true), (false), (NULL)` },
  {
    name: 'dates: infinity, BC, far future',
    sql: `CREATE TABLE t_date (a date); INSERT INTO t_date VALUES ('infinity'), ('-infinity'), ('4713-01-01 BC'), ('5874897-12-31'), ('2024-02-29')`,
  },
  {
    name: 'timestamps with and without zone, infinity, BC, microseconds',
    sql: `CREATE TABLE t_timestamp (a timestamp, b timestamptz, c timestamptz(0)); INSERT INTO t_timestamp VALUES ('infinity', '-infinity', NULL), ('0044-03-15 12:00:00.000001 BC', '0044-03-15 12:00:00+00 BC', now()), ('294276-12-31 23:59:59.999999', '2026-03-29 01:30:00+01', '2026-10-25 02:30:00+02')`,
  },
  {
    name: 'times with and without zone, 24:00',
    sql: `CREATE TABLE t_time (a time, b timetz); INSERT INTO t_time VALUES ('24:00', '23:59:59.999999-12:34'), ('00:00', '00:00+15:59')`,
  },
  {
    name: 'intervals',
    sql: `CREATE TABLE t_interval (a interval, b interval year to month, c interval second(2)); INSERT INTO t_interval VALUES ('-1 year -2 mons +3 days -04:05:06.789', '7 years', '1.236'), ('178000000 years', NULL, NULL), ('1 day -1 second', NULL, NULL)`,
  },
  {
    name: 'json keeps its text, jsonb its meaning',
    sql: `CREATE TABLE t_json (a json, b jsonb); INSERT INTO t_json VALUES ('{"b": 1,  "a":[1,2, null], "b": 2}', '{"b": 1, "a": [1.10, null, "\\u00fc"], "deep": {"x": {"y": []}}}'), ('null', 'null'), ('"text"', '1e1000')`,
  },
  {
    name: 'xml',
    sql: `CREATE TABLE t_xml (a xml); INSERT INTO t_xml VALUES ('<a b="c">text &amp; more</a>'), (XMLPARSE(CONTENT 'text <b/> only'))`,
  },
  {
    name: 'tsvector and tsquery',
    sql: `CREATE TABLE t_ts (a tsvector, b tsquery); INSERT INTO t_ts VALUES ('''it''''s'':1A fat:2B,4C cat', 'fat & (cat | rat:*A) & !dog <-> mouse')`,
  },
  {
    name: 'uuid, inet, cidr, macaddr',
    sql: `CREATE TABLE t_net (a uuid, b inet, c cidr, d macaddr, e macaddr8); INSERT INTO t_net VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05')`,
  },
  {
    name: 'bit strings',
    sql: `CREATE TABLE t_bit (a bit(5), b bit varying(70), c varbit); INSERT INTO t_bit VALUES (B'10101', B'', B'1111000011110000111100001111000011110000111100001111000011110000111')`,
  },
  {
    name: 'money',
    sql: `CREATE TABLE t_money (a money); INSERT INTO t_money VALUES (-1234567.89), (0), (92233720368547758.07)`,
  },
  {
    name: 'geometric types',
    sql: `CREATE TABLE t_geo (a point, b line, c lseg, d box, e path, f polygon, g circle); INSERT INTO t_geo VALUES ('(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),5>')`,
  },
  {
    name: 'arrays: nested, bounds, nulls, quotes',
    sql: String.raw`CREATE TABLE t_array (a int[], b text[][], c jsonb[], d timestamptz[]); INSERT INTO t_array VALUES ('{}', '{{"a,b","c\"d"},{"NULL",NULL}}', ARRAY['{"a":1}'::jsonb, NULL], ARRAY['infinity'::timestamptz]), ('[2:4]={1,2,3}', NULL, NULL, NULL), ('[-1:0][5:6]={{1,2},{3,4}}', NULL, NULL, NULL)`,
  },
  {
    name: 'enum with odd labels',
    sql: `CREATE TYPE mood AS ENUM ('sad', 'it''s ok', '', 'très "happy"', 'new
line'); CREATE TABLE t_enum (a mood, b mood[] DEFAULT '{sad}'); INSERT INTO t_enum VALUES ('sad'), ('it''s ok'), (''), ('très "happy"'), ('new
line')`,
  },
  {
    name: 'enum grown in the middle',
    sql: `CREATE TYPE grown AS ENUM ('a', 'c'); ALTER TYPE grown ADD VALUE 'b' BEFORE 'c'; ALTER TYPE grown ADD VALUE 'z' AFTER 'c'`,
  },
  {
    name: 'rows of a grown enum',
    sql: `CREATE TABLE t_grown (a grown); INSERT INTO t_grown SELECT unnest(ARRAY['a','b','c','z'])::grown`,
  },
  {
    name: 'domain with checks, default, not null, collation',
    sql: `CREATE DOMAIN posint AS integer DEFAULT 1 CONSTRAINT positive CHECK (VALUE > 0) NOT NULL; CREATE DOMAIN label AS text COLLATE "C" CHECK (VALUE ~ '^[a-z]+$'); CREATE TABLE t_domain (a posint, b label, c posint[]); INSERT INTO t_domain VALUES (5, 'abc', '{1,2}'), (DEFAULT, NULL, NULL)`,
  },
  {
    name: 'domain over domain, constraint not valid',
    sql: `CREATE DOMAIN dd AS posint CHECK (VALUE < 1000); ALTER DOMAIN dd ADD CONSTRAINT even CHECK (VALUE % 2 = 0) NOT VALID; CREATE TABLE t_dd (a dd); INSERT INTO t_dd VALUES (2)`,
  },
  {
    name: 'composite type, nested',
    sql: `CREATE TYPE address AS (street text, "zip code" varchar(10)); CREATE TYPE person AS (name text, home address); CREATE TABLE t_composite (a person, b address[]); INSERT INTO t_composite VALUES (ROW('Ann, "A"', ROW('1 (Main)', NULL)), ARRAY[ROW('x', 'y')::address])`,
  },
  {
    name: 'composite type with a comment on an attribute',
    sql: `CREATE TYPE commented AS (a int, b text); COMMENT ON COLUMN commented.b IS 'attribute'; COMMENT ON TYPE commented IS 'type'`,
  },
  {
    name: 'row type of another table as a column',
    sql: `CREATE TABLE rt_base (a int, b text); CREATE TABLE t_rowtype (r rt_base, rs rt_base[]); INSERT INTO t_rowtype VALUES (ROW(1, 'x'), ARRAY[ROW(2, 'y')::rt_base])`,
  },
  {
    name: 'range and multirange types',
    sql: `CREATE TABLE t_range (a int4range, b tstzrange, c nummultirange); INSERT INTO t_range VALUES ('[1,5)', '[2026-01-01 00:00+00,)', '{[1,2),[3,4.5]}'), ('empty', '(,)', '{}')`,
  },
  {
    name: 'own range type with a diff function and a named multirange',
    sql: `CREATE FUNCTION float_diff(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT a - b'; CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float_diff, multirange_type_name = float_many); CREATE TABLE t_floatrange (a floatrange, b float_many); INSERT INTO t_floatrange VALUES ('[1.5,2.5]', '{[1,2]}')`,
  },
  { name: 'shell type', sql: `CREATE TYPE only_a_shell` },
  {
    name: 'base type with its own input and output',
    sql: `CREATE TYPE text_like; CREATE FUNCTION text_like_in(cstring) RETURNS text_like LANGUAGE internal IMMUTABLE STRICT AS 'textin'; CREATE FUNCTION text_like_out(text_like) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'; CREATE TYPE text_like (INPUT = text_like_in, OUTPUT = text_like_out, LIKE = text); CREATE TABLE t_base (a text_like); INSERT INTO t_base VALUES ('own type')`,
  },
  {
    name: 'reg* types and oids',
    sql: `CREATE TABLE t_reg (a regclass, b regtype, c regrole, d regnamespace, e oid); INSERT INTO t_reg VALUES ('pg_class', 'int4', 'postgres', 'pg_catalog', 4294967295)`,
  },
  {
    name: 'pg_lsn, txid_snapshot, xid8',
    sql: `CREATE TABLE t_sys (a pg_lsn, b pg_snapshot, c xid8, d tid); INSERT INTO t_sys VALUES ('16/B374D848', '10:20:10,14,15', '42', '(1,2)')`,
  },
  {
    name: 'jsonpath',
    sql: `CREATE TABLE t_jsonpath (a jsonpath); INSERT INTO t_jsonpath VALUES ('$.a[*] ? (@ > 2)'), ('strict $."key with \\"quotes\\""')`,
  },
]

const tables: MatrixCase[] = [
  {
    name: 'table without columns, with rows',
    sql: `CREATE TABLE t_zero (); INSERT INTO t_zero DEFAULT VALUES; INSERT INTO t_zero DEFAULT VALUES`,
  },
  { name: 'table without rows', sql: `CREATE TABLE t_empty (a int PRIMARY KEY, b text)` },
  {
    name: 'table without a key and with equal rows',
    sql: `CREATE TABLE t_nokey (a int); INSERT INTO t_nokey SELECT 1 FROM generate_series(1, 500)`,
  },
  {
    name: 'dropped columns at every place',
    sql: `CREATE TABLE t_dropped (x1 int, a int, x2 text, b text, x3 int); INSERT INTO t_dropped VALUES (1, 2, 'x', 'kept', 3); ALTER TABLE t_dropped DROP COLUMN x1, DROP COLUMN x2, DROP COLUMN x3`,
  },
  {
    name: 'column added with a default that is not stored',
    sql: `CREATE TABLE t_fast (a int); INSERT INTO t_fast SELECT generate_series(1, 100); ALTER TABLE t_fast ADD COLUMN b text DEFAULT 'later', ADD COLUMN c timestamptz DEFAULT '2026-01-01 00:00+00'`,
  },
  {
    name: 'generated stored columns',
    sql: `CREATE TABLE t_generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text GENERATED ALWAYS AS ('n' || a) STORED); INSERT INTO t_generated (a) SELECT generate_series(1, 50)`,
  },
  {
    name: 'generated virtual columns',
    since: 18,
    sql: `CREATE TABLE t_virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL); INSERT INTO t_virtual (a) SELECT generate_series(1, 50)`,
  },
  {
    name: 'only generated columns',
    sql: `CREATE TABLE t_all_generated (a int GENERATED ALWAYS AS (7) STORED); INSERT INTO t_all_generated DEFAULT VALUES`,
  },
  {
    name: 'identity always and by default, with options',
    sql: `CREATE TABLE t_identity (a int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5), b bigint GENERATED BY DEFAULT AS IDENTITY (MINVALUE -5 START -5 CYCLE), c text); INSERT INTO t_identity (c) VALUES ('x'), ('y'); INSERT INTO t_identity OVERRIDING SYSTEM VALUE VALUES (1000, 7, 'z')`,
  },
  {
    name: 'serial columns',
    sql: `CREATE TABLE t_serial (a serial PRIMARY KEY, b bigserial, c smallserial); INSERT INTO t_serial DEFAULT VALUES; INSERT INTO t_serial DEFAULT VALUES`,
  },
  {
    name: 'defaults that call functions and sequences',
    sql: `CREATE SEQUENCE s_default START 100; CREATE TABLE t_default (a int DEFAULT nextval('s_default'), b timestamptz DEFAULT now(), c text DEFAULT 'it''s', d uuid DEFAULT gen_random_uuid()); INSERT INTO t_default (b, d) VALUES ('2026-01-01 00:00+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')`,
  },
  { name: 'unlogged table', sql: `CREATE UNLOGGED TABLE t_unlogged (a int); INSERT INTO t_unlogged VALUES (1), (2)` },
  {
    name: 'storage parameters, fillfactor, toast options',
    sql: `CREATE TABLE t_with (a int, b text) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false, toast_tuple_target = 4000)`,
  },
  {
    name: 'column storage, compression, statistics, options',
    sql: `CREATE TABLE t_colopts (a text, b text COMPRESSION pglz, c int, d int); ALTER TABLE t_colopts ALTER a SET STORAGE PLAIN, ALTER c SET STATISTICS 500, ALTER d SET (n_distinct = -0.5)`,
  },
  {
    name: 'column collations',
    sql: `CREATE TABLE t_collate (a text COLLATE "C", b text COLLATE "POSIX"); INSERT INTO t_collate VALUES ('a', 'b')`,
  },
  {
    name: 'typed table (OF type)',
    sql: `CREATE TYPE person_t AS (name text, age int); CREATE TABLE t_typed OF person_t (name WITH OPTIONS NOT NULL, PRIMARY KEY (name)); INSERT INTO t_typed VALUES ('Ann', 5)`,
  },
  {
    name: 'replica identities',
    sql: `CREATE TABLE t_ri_full (a int); ALTER TABLE t_ri_full REPLICA IDENTITY FULL; CREATE TABLE t_ri_index (a int NOT NULL); CREATE UNIQUE INDEX t_ri_index_u ON t_ri_index (a); ALTER TABLE t_ri_index REPLICA IDENTITY USING INDEX t_ri_index_u; CREATE TABLE t_ri_none (a int); ALTER TABLE t_ri_none REPLICA IDENTITY NOTHING`,
  },
  {
    name: 'clustered table',
    sql: `CREATE TABLE t_cluster (a int PRIMARY KEY); INSERT INTO t_cluster SELECT generate_series(1, 100); CLUSTER t_cluster USING t_cluster_pkey`,
  },
  {
    name: 'comments on table, column, constraint, index',
    sql: `CREATE TABLE t_comment (a int CONSTRAINT t_comment_check CHECK (a > 0)); CREATE INDEX t_comment_i ON t_comment (a); COMMENT ON TABLE t_comment IS E'it''s "quoted"\\nand two lines'; COMMENT ON COLUMN t_comment.a IS 'col'; COMMENT ON CONSTRAINT t_comment_check ON t_comment IS 'con'; COMMENT ON INDEX t_comment_i IS 'idx'`,
  },
  {
    name: 'inheritance: parents and children with own rows',
    sql: `CREATE TABLE inh_parent (a int, b text DEFAULT 'p'); CREATE TABLE inh_child (c int) INHERITS (inh_parent); CREATE TABLE inh_grand (d int) INHERITS (inh_child); INSERT INTO inh_parent VALUES (1, 'p'); INSERT INTO inh_child VALUES (2, 'c', 3); INSERT INTO inh_grand VALUES (4, 'g', 5, 6)`,
  },
  {
    name: 'multiple inheritance, merged columns, own default',
    sql: `CREATE TABLE mi_a (x int, y int); CREATE TABLE mi_b (y int, z int); CREATE TABLE mi_c (y int DEFAULT 5) INHERITS (mi_a, mi_b); INSERT INTO mi_c VALUES (1, 2, 3); INSERT INTO mi_a VALUES (9, 9)`,
  },
  {
    name: 'inherited and NO INHERIT checks',
    sql: `CREATE TABLE chk_parent (a int, CONSTRAINT chk_all CHECK (a > 0), CONSTRAINT chk_here CHECK (a < 100) NO INHERIT); CREATE TABLE chk_child () INHERITS (chk_parent); INSERT INTO chk_child VALUES (5000)`,
  },
  {
    name: 'partitions by range, with default and subpartitions',
    sql: `CREATE TABLE pr (at date NOT NULL, region text, v int) PARTITION BY RANGE (at); CREATE TABLE pr_2025 PARTITION OF pr FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE TABLE pr_2026 PARTITION OF pr FOR VALUES FROM ('2026-01-01') TO (MAXVALUE) PARTITION BY LIST (region); CREATE TABLE pr_2026_eu PARTITION OF pr_2026 FOR VALUES IN ('eu', NULL); CREATE TABLE pr_2026_other PARTITION OF pr_2026 DEFAULT; CREATE TABLE pr_default PARTITION OF pr DEFAULT; INSERT INTO pr SELECT date '2024-06-01' + i * 10, CASE i % 3 WHEN 0 THEN 'eu' WHEN 1 THEN 'us' END, i FROM generate_series(0, 100) i`,
  },
  {
    name: 'partitions by list',
    sql: `CREATE TABLE pl (k text, v int) PARTITION BY LIST (k); CREATE TABLE pl_a PARTITION OF pl FOR VALUES IN ('a', 'it''s'); CREATE TABLE pl_null PARTITION OF pl FOR VALUES IN (NULL); INSERT INTO pl VALUES ('a', 1), ('it''s', 2), (NULL, 3)`,
  },
  {
    name: 'partitions by hash',
    sql: `CREATE TABLE ph (id int PRIMARY KEY, v text) PARTITION BY HASH (id); CREATE TABLE ph_0 PARTITION OF ph FOR VALUES WITH (MODULUS 3, REMAINDER 0); CREATE TABLE ph_1 PARTITION OF ph FOR VALUES WITH (MODULUS 3, REMAINDER 1); CREATE TABLE ph_2 PARTITION OF ph FOR VALUES WITH (MODULUS 3, REMAINDER 2); INSERT INTO ph SELECT i, 'v' || i FROM generate_series(1, 200) i`,
  },
  {
    name: 'hash partitions by an enum (order of oids differs)',
    sql: `CREATE TYPE ph_kind AS ENUM ('x', 'y', 'z'); CREATE TABLE phe (k ph_kind, v int) PARTITION BY HASH (k); CREATE TABLE phe_0 PARTITION OF phe FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE phe_1 PARTITION OF phe FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO phe SELECT (ARRAY['x','y','z'])[1 + i % 3]::ph_kind, i FROM generate_series(1, 60) i`,
  },
  {
    name: 'partition by expression and with other column order',
    sql: `CREATE TABLE pe (a int, b text) PARTITION BY RANGE ((a % 10)); CREATE TABLE pe_low (b text, dropped int, a int); ALTER TABLE pe_low DROP COLUMN dropped; ALTER TABLE pe ATTACH PARTITION pe_low FOR VALUES FROM (0) TO (5); CREATE TABLE pe_high PARTITION OF pe FOR VALUES FROM (5) TO (10); INSERT INTO pe SELECT i, 'r' || i FROM generate_series(1, 30) i`,
  },
  { name: 'partitioned table without partitions', sql: `CREATE TABLE p_none (a int) PARTITION BY LIST (a)` },
  {
    name: 'indexes on partitions, attached and own',
    sql: `CREATE TABLE pi (a int, b int) PARTITION BY RANGE (a); CREATE TABLE pi_1 PARTITION OF pi FOR VALUES FROM (0) TO (100); CREATE INDEX pi_b ON pi (b); CREATE INDEX pi_1_own ON pi_1 (a, b); CREATE INDEX pi_only ON ONLY pi (a); INSERT INTO pi SELECT i, i FROM generate_series(0, 99) i`,
  },
  {
    name: 'foreign key to and from a partitioned table',
    sql: `CREATE TABLE pfk (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE pfk_1 PARTITION OF pfk FOR VALUES FROM (0) TO (100); CREATE TABLE pfk_ref (id int REFERENCES pfk) PARTITION BY LIST (id); CREATE TABLE pfk_ref_1 PARTITION OF pfk_ref DEFAULT; INSERT INTO pfk SELECT generate_series(0, 9); INSERT INTO pfk_ref SELECT generate_series(0, 9)`,
  },
  {
    name: 'foreign server, user mapping, foreign table',
    extension: 'postgres_fdw',
    sql: `CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid', dbname 'x'); CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'u', password 'p'); CREATE FOREIGN TABLE t_foreign (a int, b text OPTIONS (column_name 'bb')) SERVER elsewhere OPTIONS (schema_name 's')`,
  },
  {
    name: 'foreign partition',
    extension: 'postgres_fdw',
    sql: `CREATE TABLE pf (a int) PARTITION BY LIST (a); CREATE FOREIGN TABLE pf_far PARTITION OF pf FOR VALUES IN (1) SERVER elsewhere; CREATE TABLE pf_near PARTITION OF pf FOR VALUES IN (2); INSERT INTO pf VALUES (2)`,
  },
]

const constraints: MatrixCase[] = [
  {
    name: 'primary key of several columns with INCLUDE',
    sql: `CREATE TABLE c_pk (a int, b int, c text, PRIMARY KEY (b, a) INCLUDE (c)); INSERT INTO c_pk VALUES (1, 2, 'x')`,
  },
  {
    name: 'unique NULLS NOT DISTINCT',
    sql: `CREATE TABLE c_unique (a int, UNIQUE NULLS NOT DISTINCT (a)); INSERT INTO c_unique VALUES (NULL), (1)`,
  },
  {
    name: 'deferrable constraints',
    sql: `CREATE TABLE c_defer (a int UNIQUE DEFERRABLE INITIALLY DEFERRED, b int, CONSTRAINT c_defer_b UNIQUE (b) DEFERRABLE); INSERT INTO c_defer VALUES (1, 1)`,
  },
  {
    name: 'foreign keys: every action, match full, set null columns',
    sql: `CREATE TABLE fk_p (a int, b int, PRIMARY KEY (a, b)); INSERT INTO fk_p VALUES (1, 1); CREATE TABLE fk_c (a int, b int, c int, d int, e int, f int, FOREIGN KEY (a, b) REFERENCES fk_p MATCH FULL ON DELETE CASCADE ON UPDATE RESTRICT, FOREIGN KEY (c, d) REFERENCES fk_p ON DELETE SET NULL (d), FOREIGN KEY (e, f) REFERENCES fk_p ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED); INSERT INTO fk_c VALUES (1, 1, 1, 1, 1, 1)`,
  },
  {
    name: 'foreign keys in a cycle',
    sql: `CREATE TABLE cyc_a (id int PRIMARY KEY, b int); CREATE TABLE cyc_b (id int PRIMARY KEY, a int REFERENCES cyc_a); INSERT INTO cyc_a VALUES (1, 1); INSERT INTO cyc_b VALUES (1, 1); ALTER TABLE cyc_a ADD FOREIGN KEY (b) REFERENCES cyc_b`,
  },
  {
    name: 'foreign key to itself',
    sql: `CREATE TABLE fk_self (id int PRIMARY KEY, parent int REFERENCES fk_self); INSERT INTO fk_self SELECT i, nullif(i - 1, 0) FROM generate_series(1, 50) i`,
  },
  {
    name: 'foreign key NOT VALID with rows that break it',
    sql: `CREATE TABLE fk_nv_p (id int PRIMARY KEY); CREATE TABLE fk_nv (p int); INSERT INTO fk_nv VALUES (42); ALTER TABLE fk_nv ADD CONSTRAINT fk_nv_fk FOREIGN KEY (p) REFERENCES fk_nv_p NOT VALID`,
  },
  {
    name: 'check NOT VALID with rows that break it',
    sql: `CREATE TABLE chk_nv (a int); INSERT INTO chk_nv VALUES (-1); ALTER TABLE chk_nv ADD CONSTRAINT chk_nv_pos CHECK (a > 0) NOT VALID`,
  },
  {
    name: 'check that calls a function of ours',
    sql: `CREATE FUNCTION is_even(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = 0'; CREATE TABLE chk_fn (a int CHECK (public.is_even(a))); INSERT INTO chk_fn VALUES (2)`,
  },
  {
    name: 'exclusion constraint',
    sql: `CREATE TABLE c_exclude (room int4range, during tstzrange, EXCLUDE USING gist (room WITH &&, during WITH &&) WHERE (NOT isempty(room))); INSERT INTO c_exclude VALUES ('[1,2)', '[2026-01-01 00:00+00,2026-01-02 00:00+00)')`,
  },
  {
    name: 'named not-null constraint',
    since: 18,
    sql: `CREATE TABLE c_nn (a int CONSTRAINT must_be NOT NULL, b int); ALTER TABLE c_nn ADD CONSTRAINT later NOT NULL b NOT VALID`,
  },
  {
    name: 'foreign key not enforced',
    since: 18,
    sql: `CREATE TABLE c_ne_p (id int PRIMARY KEY); CREATE TABLE c_ne (a int, FOREIGN KEY (a) REFERENCES c_ne_p NOT ENFORCED); INSERT INTO c_ne VALUES (9)`,
  },
  {
    name: 'temporal keys (WITHOUT OVERLAPS)',
    since: 18,
    extension: 'btree_gist',
    sql: `CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE TABLE c_temporal (id int, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS)); INSERT INTO c_temporal VALUES (1, '[2026-01-01,2027-01-01)')`,
  },
]

const indexes: MatrixCase[] = [
  {
    name: 'expression, partial, descending, operator class',
    sql: `CREATE TABLE ix (a int, b text, c jsonb, d tsvector, e int[]); INSERT INTO ix SELECT i, 'B' || i, jsonb_build_object('k', i), to_tsvector('english', 'word' || i), ARRAY[i] FROM generate_series(1, 100) i; CREATE INDEX ix_expr ON ix (lower(b), (a % 10)); CREATE INDEX ix_partial ON ix (a) WHERE a > 50 AND b IS NOT NULL; CREATE INDEX ix_desc ON ix (a DESC NULLS LAST, b text_pattern_ops)`,
  },
  {
    name: 'gin, gist, brin, hash, spgist',
    sql: `CREATE INDEX ix_gin ON ix USING gin (c jsonb_path_ops) WITH (fastupdate = off); CREATE INDEX ix_gin2 ON ix USING gin (d); CREATE INDEX ix_brin ON ix USING brin (a) WITH (pages_per_range = 4); CREATE INDEX ix_hash ON ix USING hash (a); CREATE INDEX ix_spgist ON ix USING spgist (b)`,
  },
  {
    name: 'unique with INCLUDE, fillfactor, statistics target',
    sql: `CREATE UNIQUE INDEX ix_unique ON ix (a) INCLUDE (b) WITH (fillfactor = 50); CREATE INDEX ix_stat ON ix ((a + 1)); ALTER INDEX ix_stat ALTER COLUMN 1 SET STATISTICS 1000`,
  },
  { name: 'index with a collation', sql: `CREATE INDEX ix_collate ON ix (b COLLATE "C")` },
  {
    name: 'statistics objects',
    sql: `CREATE STATISTICS st_all (ndistinct, dependencies, mcv) ON a, b FROM ix; CREATE STATISTICS st_expr ON (a % 7), lower(b) FROM ix; ALTER STATISTICS st_all SET STATISTICS 50; COMMENT ON STATISTICS st_all IS 'stats'`,
  },
]

const code: MatrixCase[] = [
  {
    name: 'functions: languages, volatility, cost, set, security definer',
    sql: `CREATE FUNCTION f_sql(a int, OUT b int, INOUT c text) LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 5 AS 'SELECT a, c'; CREATE FUNCTION f_pl(a int DEFAULT 5, VARIADIC b text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, "$user" SET work_mem = '8MB' ROWS 7 LEAKPROOF AS $f$ BEGIN RETURN QUERY SELECT unnest(b); END $f$`,
  },
  {
    name: 'function with a SQL body (BEGIN ATOMIC)',
    sql: `CREATE FUNCTION f_atomic(x int) RETURNS bigint LANGUAGE sql BEGIN ATOMIC; SELECT count(*) + x FROM t_int; END`,
  },
  {
    name: 'function that returns a table',
    sql: `CREATE FUNCTION f_table(n int) RETURNS TABLE (i int, "odd name" text) LANGUAGE sql AS $$ SELECT g, 'x'::text FROM generate_series(1, n) g $$`,
  },
  {
    name: 'overloaded functions with odd bodies',
    sql: `CREATE FUNCTION f_over(a int) RETURNS text LANGUAGE sql AS $_$ SELECT '$$ quoted; ' || E'back\\\\slash' $_$; CREATE FUNCTION f_over(a text) RETURNS text LANGUAGE sql AS 'SELECT a'; COMMENT ON FUNCTION f_over(int) IS 'one of two'`,
  },
  {
    name: 'procedures with transactions and OUT arguments',
    sql: `CREATE PROCEDURE p_out(a int, OUT b int) LANGUAGE plpgsql AS $$ BEGIN b := a; COMMIT; END $$`,
  },
  {
    name: 'aggregates: plain, moving, ordered-set',
    sql: `CREATE AGGREGATE agg_sum (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', PARALLEL = SAFE); CREATE AGGREGATE agg_moving (float8) (SFUNC = float8pl, STYPE = float8, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = float8); CREATE AGGREGATE agg_first (ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA)`,
  },
  {
    name: 'operators with commutator, negator, estimators',
    sql: `CREATE FUNCTION op_near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 2'; CREATE FUNCTION op_far(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) >= 2'; CREATE OPERATOR ~~~ (FUNCTION = op_near, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ~~~, NEGATOR = !~~~, RESTRICT = eqsel, JOIN = eqjoinsel); CREATE OPERATOR !~~~ (FUNCTION = op_far, LEFTARG = int, RIGHTARG = int, COMMUTATOR = !~~~, NEGATOR = ~~~)`,
  },
  {
    name: 'operator class and family',
    sql: `CREATE OPERATOR FAMILY of_int USING btree; CREATE OPERATOR CLASS oc_int FOR TYPE int USING btree FAMILY of_int AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int); CREATE TABLE t_opclass (a int); CREATE INDEX t_opclass_i ON t_opclass (a oc_int)`,
  },
  {
    name: 'casts with and without a function',
    sql: `CREATE TYPE cast_t AS (v int); CREATE FUNCTION to_cast_t(int) RETURNS cast_t LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1)::cast_t'; CREATE CAST (int AS cast_t) WITH FUNCTION to_cast_t(int) AS ASSIGNMENT; CREATE CAST (cast_t AS address) WITH INOUT`,
  },
  { name: 'conversion', sql: `CREATE CONVERSION own_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8` },
  {
    name: 'collations: libc and ICU',
    sql: `CREATE COLLATION coll_c FROM "C"; CREATE COLLATION coll_icu (provider = icu, locale = 'de-u-co-phonebk', deterministic = false); COMMENT ON COLLATION coll_icu IS 'phone book'; CREATE TABLE t_icu (a text COLLATE coll_icu); INSERT INTO t_icu VALUES ('Äpfel'), ('apfel')`,
  },
  {
    name: 'text search: parser, template, dictionary, configuration',
    sql: `CREATE TEXT SEARCH DICTIONARY ts_dict (TEMPLATE = simple, STOPWORDS = english); CREATE TEXT SEARCH CONFIGURATION ts_conf (COPY = english); ALTER TEXT SEARCH CONFIGURATION ts_conf ALTER MAPPING FOR asciiword WITH ts_dict, english_stem; CREATE TEXT SEARCH TEMPLATE ts_tmpl (LEXIZE = dsimple_lexize, INIT = dsimple_init); CREATE TEXT SEARCH PARSER ts_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)`,
  },
  {
    name: 'procedural language',
    sql: `CREATE FUNCTION own_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; CREATE TRUSTED LANGUAGE own_lang HANDLER own_handler; COMMENT ON LANGUAGE own_lang IS 'like plpgsql'`,
  },
  {
    name: 'access method',
    sql: `CREATE ACCESS METHOD heap_two TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE t_am (a int) USING heap_two; INSERT INTO t_am VALUES (1)`,
  },
  {
    name: 'transform',
    sql: `CREATE TRANSFORM FOR text LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal))`,
  },
]

const rulesAndTriggers: MatrixCase[] = [
  {
    name: 'triggers: row, statement, when, update of, arguments',
    sql: `CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_WHEN = 'BEFORE' AND TG_OP <> 'DELETE' THEN NEW.touched := true; END IF; RETURN NEW; END $$; CREATE TABLE tr (a int, b text, touched boolean); INSERT INTO tr VALUES (1, 'no trigger yet', false); CREATE TRIGGER tr_before BEFORE INSERT OR UPDATE OF b ON tr FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION trg('it''s', 'arg'); CREATE TRIGGER tr_stmt AFTER TRUNCATE ON tr FOR EACH STATEMENT EXECUTE FUNCTION trg(); COMMENT ON TRIGGER tr_before ON tr IS 'touches'`,
  },
  {
    name: 'triggers disabled, replica, always',
    sql: `CREATE TRIGGER tr_off BEFORE UPDATE ON tr FOR EACH ROW EXECUTE FUNCTION trg(); ALTER TABLE tr DISABLE TRIGGER tr_off; CREATE TRIGGER tr_replica BEFORE UPDATE ON tr FOR EACH ROW EXECUTE FUNCTION trg(); ALTER TABLE tr ENABLE REPLICA TRIGGER tr_replica; CREATE TRIGGER tr_always BEFORE UPDATE ON tr FOR EACH ROW EXECUTE FUNCTION trg(); ALTER TABLE tr ENABLE ALWAYS TRIGGER tr_always`,
  },
  {
    name: 'constraint trigger and transition tables',
    sql: `CREATE FUNCTION trg_after() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER tr_con AFTER INSERT ON tr DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trg_after(); CREATE TRIGGER tr_trans AFTER UPDATE ON tr REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION trg_after()`,
  },
  {
    name: 'triggers on partitioned tables, one disabled on a partition',
    sql: `CREATE TABLE ptr (a int) PARTITION BY LIST (a); CREATE TABLE ptr_1 PARTITION OF ptr FOR VALUES IN (1); CREATE TRIGGER ptr_t AFTER INSERT ON ptr FOR EACH ROW EXECUTE FUNCTION trg_after(); ALTER TABLE ptr_1 DISABLE TRIGGER ptr_t`,
  },
  {
    name: 'INSTEAD OF trigger on a view',
    sql: `CREATE VIEW v_instead AS SELECT a FROM tr; CREATE TRIGGER v_instead_t INSTEAD OF INSERT ON v_instead FOR EACH ROW EXECUTE FUNCTION trg_after()`,
  },
  {
    name: 'event triggers',
    sql: `CREATE FUNCTION evt() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'ddl'; END $$; CREATE EVENT TRIGGER evt_all ON ddl_command_end EXECUTE FUNCTION evt(); CREATE EVENT TRIGGER evt_tag ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION evt(); ALTER EVENT TRIGGER evt_tag DISABLE`,
  },
  {
    name: 'rules, one disabled',
    sql: `CREATE TABLE ru (a int); CREATE RULE ru_ins AS ON INSERT TO ru WHERE NEW.a < 0 DO INSTEAD NOTHING; CREATE RULE ru_upd AS ON UPDATE TO ru DO ALSO NOTIFY changed; ALTER TABLE ru DISABLE RULE ru_upd; INSERT INTO ru VALUES (1)`,
  },
  {
    name: 'row security, forced, policies of every kind',
    sql: `CREATE TABLE rls (owner text, v int); INSERT INTO rls VALUES ('a', 1), ('b', 2); ALTER TABLE rls ENABLE ROW LEVEL SECURITY; ALTER TABLE rls FORCE ROW LEVEL SECURITY; CREATE POLICY rls_all ON rls USING (owner = current_user) WITH CHECK (v > 0); CREATE POLICY rls_sel ON rls AS RESTRICTIVE FOR SELECT TO matrix_reader USING (v < 100); COMMENT ON POLICY rls_all ON rls IS 'policy'`,
  },
]

const views: MatrixCase[] = [
  {
    name: 'views: security barrier, check option, security invoker',
    sql: `CREATE VIEW v_barrier WITH (security_barrier) AS SELECT a FROM t_int; CREATE VIEW v_check AS SELECT a FROM t_nokey WHERE a > 0 WITH LOCAL CHECK OPTION; CREATE VIEW v_invoker WITH (security_invoker = true) AS SELECT 1 AS one`,
  },
  {
    name: 'views that depend on each other in a circle',
    sql: `CREATE VIEW v_loop_a AS SELECT 1 AS x; CREATE VIEW v_loop_b AS SELECT x FROM v_loop_a; CREATE OR REPLACE VIEW v_loop_a AS SELECT 2 AS x`,
  },
  {
    name: 'view with a column default and comment',
    sql: `CREATE VIEW v_default AS SELECT a, b FROM t_empty; ALTER VIEW v_default ALTER b SET DEFAULT 'x'; COMMENT ON COLUMN v_default.a IS 'viewed'`,
  },
  {
    name: 'recursive view',
    sql: `CREATE RECURSIVE VIEW v_rec (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v_rec WHERE n < 5`,
  },
  {
    name: 'view grouped by a primary key',
    sql: `CREATE TABLE v_gb (id int PRIMARY KEY, v text); CREATE VIEW v_grouped AS SELECT id, v, count(*) FROM v_gb GROUP BY id`,
  },
  {
    name: 'materialized view with rows, index and options',
    sql: `CREATE MATERIALIZED VIEW mv WITH (fillfactor = 80) AS SELECT a, count(*) AS n FROM t_nokey GROUP BY a; CREATE UNIQUE INDEX mv_i ON mv (a); COMMENT ON MATERIALIZED VIEW mv IS 'mat'`,
  },
  {
    name: 'materialized view over a materialized view',
    sql: `CREATE MATERIALIZED VIEW mv_two AS SELECT sum(n) AS total FROM mv`,
  },
  { name: 'materialized view never filled', sql: `CREATE MATERIALIZED VIEW mv_none AS SELECT 1 AS x WITH NO DATA` },
]

const ownership: MatrixCase[] = [
  {
    name: 'owners other than the one who restores',
    sql: `CREATE SCHEMA owned AUTHORIZATION matrix_owner; CREATE TABLE owned.t (a int); ALTER TABLE owned.t OWNER TO matrix_owner; INSERT INTO owned.t VALUES (1); CREATE FUNCTION owned.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION owned.f() OWNER TO matrix_owner; CREATE TYPE owned.e AS ENUM ('x'); ALTER TYPE owned.e OWNER TO matrix_owner; CREATE SEQUENCE owned.s; ALTER SEQUENCE owned.s OWNER TO matrix_owner`,
  },
  {
    name: 'grants on tables, with grant option, chain of grantors',
    sql: `CREATE TABLE g_table (a int, b int); GRANT SELECT, INSERT ON g_table TO matrix_reader WITH GRANT OPTION; SET ROLE matrix_reader; GRANT SELECT ON g_table TO matrix_owner; RESET ROLE; GRANT ALL ON g_table TO PUBLIC; REVOKE DELETE ON g_table FROM PUBLIC`,
  },
  {
    name: 'grants on columns',
    sql: `CREATE TABLE g_column (a int, "b c" int); GRANT SELECT (a), UPDATE ("b c") ON g_column TO matrix_reader`,
  },
  {
    name: 'grants on schema, sequence, function, type, language, server',
    sql: `CREATE SCHEMA g_schema; GRANT USAGE, CREATE ON SCHEMA g_schema TO matrix_reader; CREATE SEQUENCE g_seq; GRANT USAGE ON SEQUENCE g_seq TO matrix_reader; CREATE FUNCTION g_fn() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION g_fn() FROM PUBLIC; GRANT EXECUTE ON FUNCTION g_fn() TO matrix_reader; CREATE TYPE g_type AS (a int); REVOKE USAGE ON TYPE g_type FROM PUBLIC; GRANT USAGE ON TYPE g_type TO matrix_reader; CREATE DOMAIN g_domain AS int; GRANT USAGE ON DOMAIN g_domain TO matrix_reader; REVOKE USAGE ON LANGUAGE sql FROM PUBLIC; GRANT USAGE ON LANGUAGE sql TO PUBLIC`,
  },
  {
    name: 'everything revoked from the owner',
    sql: `CREATE TABLE g_none (a int); INSERT INTO g_none VALUES (1); REVOKE ALL ON g_none FROM postgres`,
  },
  {
    name: 'default privileges, global and per schema',
    sql: `ALTER DEFAULT PRIVILEGES FOR ROLE matrix_owner GRANT SELECT ON TABLES TO matrix_reader; ALTER DEFAULT PRIVILEGES FOR ROLE matrix_owner IN SCHEMA owned GRANT EXECUTE ON FUNCTIONS TO matrix_reader; ALTER DEFAULT PRIVILEGES FOR ROLE matrix_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
  },
  {
    name: 'schema public changed',
    sql: `COMMENT ON SCHEMA public IS 'ours now'; GRANT CREATE ON SCHEMA public TO matrix_owner`,
  },
  {
    name: 'large objects with owner, grants and comment',
    sql: `SELECT lo_from_bytea(910001, decode(repeat('00ff10', 3000), 'hex')); SELECT lo_from_bytea(910002, ''); SELECT lo_from_bytea(910003, 'small'); ALTER LARGE OBJECT 910001 OWNER TO matrix_owner; GRANT SELECT ON LARGE OBJECT 910003 TO matrix_reader; COMMENT ON LARGE OBJECT 910003 IS 'a large object'`,
  },
  {
    name: 'large object with holes',
    sql: `SELECT lo_create(910010); SELECT lo_put(910010, 0, 'start'); SELECT lo_put(910010, 1000000, 'end')`,
  },
  {
    name: 'large object referenced from a row',
    sql: `CREATE TABLE lo_ref (a oid); INSERT INTO lo_ref VALUES (910001)`,
  },
]

const replication: MatrixCase[] = [
  {
    name: 'publications: all, tables, columns, rows, schema',
    sql: `CREATE PUBLICATION pub_all FOR ALL TABLES; CREATE TABLE pub_t (a int PRIMARY KEY, b int, c text); CREATE PUBLICATION pub_some FOR TABLE pub_t (a, b) WHERE (a > 10) WITH (publish = 'insert, update'); CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA g_schema; COMMENT ON PUBLICATION pub_some IS 'some'`,
  },
  {
    name: 'publication through the partition root',
    sql: `CREATE PUBLICATION pub_root FOR TABLE pr WITH (publish_via_partition_root)`,
  },
  {
    name: 'subscription, not connected',
    sql: `CREATE SUBSCRIPTION sub_far CONNECTION 'host=nowhere.invalid dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false, create_slot = false)`,
  },
]

const sequences: MatrixCase[] = [
  { name: 'sequence: never called', sql: `CREATE SEQUENCE sq_new START 7` },
  {
    name: 'sequence: called, descending, cycling, cached, typed',
    sql: `CREATE SEQUENCE sq_desc AS smallint INCREMENT -3 MINVALUE -100 MAXVALUE 50 START 50 CACHE 5 CYCLE; SELECT nextval('sq_desc')`,
  },
  { name: 'sequence at its very end', sql: `CREATE SEQUENCE sq_max; SELECT setval('sq_max', 9223372036854775807)` },
  { name: 'sequence set but not called', sql: `CREATE SEQUENCE sq_set; SELECT setval('sq_set', 41, false)` },
  {
    name: 'sequence owned by a column',
    sql: `CREATE TABLE sq_owner (a int); CREATE SEQUENCE sq_owned OWNED BY sq_owner.a; SELECT nextval('sq_owned')`,
  },
  { name: 'unlogged sequence', sql: `CREATE UNLOGGED SEQUENCE sq_unlogged; SELECT nextval('sq_unlogged')` },
]

const extensions: MatrixCase[] = [
  {
    name: 'extension hstore with rows',
    extension: 'hstore',
    sql: `CREATE EXTENSION hstore; CREATE TABLE t_hstore (a hstore); INSERT INTO t_hstore VALUES ('a=>1, "b c"=>NULL')`,
  },
  {
    name: 'extension citext, ltree, cube',
    extension: 'ltree',
    sql: `CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube; CREATE TABLE t_ext (a citext, b ltree, c cube); INSERT INTO t_ext VALUES ('CaSe', 'top.science', '(1,2),(3,4)')`,
  },
  {
    name: 'extension in a schema of its own',
    extension: 'pg_trgm',
    sql: `CREATE SCHEMA "ext schema"; CREATE EXTENSION pg_trgm SCHEMA "ext schema"; CREATE TABLE t_trgm (a text); CREATE INDEX t_trgm_i ON t_trgm USING gin (a "ext schema".gin_trgm_ops); COMMENT ON EXTENSION pg_trgm IS 'trigrams'`,
  },
  {
    name: 'extension with btree_gist in an exclusion',
    extension: 'btree_gist',
    sql: `CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE TABLE t_btree_gist (a int, during tsrange, EXCLUDE USING gist (a WITH =, during WITH &&)); INSERT INTO t_btree_gist VALUES (1, '[2026-01-01,2026-01-02)')`,
  },
  {
    name: 'grants changed on extension members',
    extension: 'pgcrypto',
    sql: `CREATE EXTENSION pgcrypto; REVOKE EXECUTE ON FUNCTION gen_random_bytes(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION gen_random_bytes(int) TO matrix_reader`,
  },
  {
    name: 'tables of an extension are not ours',
    extension: 'intarray',
    sql: `CREATE EXTENSION intarray; CREATE TABLE t_intarray (a int[]); CREATE INDEX t_intarray_i ON t_intarray USING gist (a gist__int_ops); INSERT INTO t_intarray VALUES ('{1,2,3}')`,
  },
]

const names: MatrixCase[] = [
  `quote " in it`,
  `it's`,
  `semi;colon`,
  `$$dollar$$`,
  `back\\slash`,
  `-- comment`,
  `/* open`,
  `--option`,
  `-f`,
  `SELECT`,
  `UPPER lower`,
  ` leading and trailing `,
  `new\nline`,
  `tab\there`,
  `%s%d`,
  `\${jndi}`,
  `../../etc/passwd`,
  `漢字テーブル`,
  `ünïcödé${'é'.repeat(27)}`,
  `x`.repeat(63),
  `; DROP TABLE t_int; --`,
  `");--`,
  `pg_temp`,
  `🛟`,
].map((name, index) => {
  const quoted = `"${name.replaceAll('"', '""')}"`
  return {
    name: `hostile name ${JSON.stringify(name)}`,
    sql: `CREATE TABLE names.${quoted} (${quoted} int PRIMARY KEY, plain text); INSERT INTO names.${quoted} VALUES (${index}, $n$${name}$n$); COMMENT ON TABLE names.${quoted} IS $n$${name}$n$; CREATE INDEX ON names.${quoted} (plain); CREATE TYPE names.${`"t${index} ${name.replaceAll('"', '""').slice(0, 20)}"`} AS ENUM ($n$${name.slice(0, 15)}$n$)`,
  }
})

const schemas: MatrixCase[] = [
  {
    name: 'schema with a hostile name and everything in it',
    sql: `CREATE SCHEMA "sch""e;ma"; CREATE TABLE "sch""e;ma"."ta'ble" ("co""l" serial PRIMARY KEY); INSERT INTO "sch""e;ma"."ta'ble" DEFAULT VALUES; CREATE VIEW "sch""e;ma"."vi'ew" AS SELECT * FROM "sch""e;ma"."ta'ble"`,
  },
  {
    name: 'the same name in two schemas',
    sql: `CREATE SCHEMA twin_a; CREATE SCHEMA twin_b; CREATE TABLE twin_a.t (a int); CREATE TABLE twin_b.t (a text); INSERT INTO twin_a.t VALUES (1); INSERT INTO twin_b.t VALUES ('b')`,
  },
  {
    name: 'objects that shadow pg_catalog',
    sql: `CREATE TABLE public.pg_shadowed (a int); CREATE FUNCTION public.lower(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE TYPE public.date AS ENUM ('not a date'); CREATE TABLE t_shadow (a public.date); INSERT INTO t_shadow VALUES ('not a date')`,
  },
  { name: 'empty schema with a comment', sql: `CREATE SCHEMA nothing_here; COMMENT ON SCHEMA nothing_here IS 'empty'` },
  {
    name: 'many blocks: a table of several segments',
    sql: `CREATE TABLE t_many (id int, pad text); INSERT INTO t_many SELECT i, repeat('p', 500) FROM generate_series(1, 40000) i; DELETE FROM t_many WHERE id % 7 = 0`,
  },
]

/** Roles the cases use; made before, and on a target server too. */
export const matrixRoles = ['matrix_owner', 'matrix_reader']

/** Makes every case that a server of this version knows, over one connection: there are hundreds. */
export async function makeObjectMatrix(url: string, major: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const { sql, since } of objectMatrix) if (since === undefined || since <= major) await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Where definitions depend on each other, or on what is not there any more, in ways that order and names must survive. */
const entangled: MatrixCase[] = [
  {
    name: 'leaf with dropped columns, own default, check and storage',
    sql: `CREATE TABLE lv (a int, b text DEFAULT 'p', c int GENERATED ALWAYS AS (a * 2) STORED, CONSTRAINT lv_a CHECK (a > 0)) PARTITION BY LIST (a); CREATE TABLE lv_1 (gone int, c int GENERATED ALWAYS AS (a * 2) STORED, gone2 text, b text DEFAULT 'leaf' NOT NULL, a int, CONSTRAINT lv_a CHECK (a > 0), CONSTRAINT lv_own CHECK (b <> 'zzz')); ALTER TABLE lv_1 DROP gone, DROP gone2; ALTER TABLE lv ATTACH PARTITION lv_1 FOR VALUES IN (1, NULL); ALTER TABLE lv_1 ALTER b SET STORAGE EXTERNAL; INSERT INTO lv VALUES (1, 'one')`,
  },
  {
    name: 'domains over a composite, an array and a range, nested',
    sql: `CREATE TYPE dm_comp AS (x int, y text COLLATE "C"); CREATE DOMAIN dm_c AS dm_comp CHECK ((VALUE).x > 0); CREATE DOMAIN dm_a AS int[] CHECK (array_length(VALUE, 1) < 5); CREATE DOMAIN dm_r AS int4range CHECK (NOT isempty(VALUE)); CREATE TYPE dm_nest AS (d dm_c, da dm_a, arr dm_a[]); CREATE TABLE dm (a dm_c, b dm_a, c dm_r, d dm_a[], e dm_nest); INSERT INTO dm VALUES (ROW(1, 'q"(,')::dm_comp, '{1,2}', '[1,5)', ARRAY['{1}'::dm_a, '{2,3}'::dm_a], ROW(ROW(2, 't')::dm_comp, '{9}', NULL)); COMMENT ON CONSTRAINT dm_c_check ON DOMAIN dm_c IS 'positive'`,
  },
  {
    name: 'composite and row types that lost an attribute, with rows',
    sql: `CREATE TYPE lost AS (a int, b text, c int); CREATE TABLE lost_t (v lost); INSERT INTO lost_t VALUES (ROW(1, 'b', 3)); ALTER TYPE lost DROP ATTRIBUTE b CASCADE; ALTER TYPE lost ADD ATTRIBUTE d date CASCADE; INSERT INTO lost_t VALUES (ROW(4, 5, '2020-01-01')); CREATE TABLE lost_r (a int, b text, c int); CREATE TABLE lost_u (v lost_r, w lost_r[]); INSERT INTO lost_u VALUES (ROW(1, 'x', 2), ARRAY[ROW(3, NULL, 4)::lost_r]); ALTER TABLE lost_r DROP b; ALTER TABLE lost_r ADD e text`,
  },
  {
    name: 'views on functions on views',
    sql: `CREATE VIEW fv_1 AS SELECT 1 AS n; CREATE FUNCTION fv_f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM fv_1; END; CREATE VIEW fv_2 AS SELECT fv_f() AS n; CREATE FUNCTION fv_g() RETURNS SETOF fv_2 LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM fv_2; END; CREATE VIEW fv_0 AS SELECT * FROM fv_g()`,
  },
  {
    name: 'table whose default and check call functions over the table',
    sql: `CREATE TABLE lp (a int); CREATE FUNCTION lp_f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM lp; END; ALTER TABLE lp ALTER a SET DEFAULT lp_f(); INSERT INTO lp DEFAULT VALUES; INSERT INTO lp DEFAULT VALUES; CREATE FUNCTION lp_c(lp) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a >= 0'; ALTER TABLE lp ADD CHECK (lp_c(lp))`,
  },
  {
    name: 'materialized views in reverse order of names, over a view, over a function',
    sql: `CREATE MATERIALIZED VIEW zz_mv AS SELECT 1 AS a; CREATE VIEW mm_v AS SELECT * FROM zz_mv; CREATE MATERIALIZED VIEW aa_mv AS SELECT * FROM mm_v; CREATE UNIQUE INDEX ON aa_mv (a)`,
  },
  {
    name: 'materialized view and function that need a primary key, with what depends on them',
    sql: `CREATE TABLE mvpk (id int PRIMARY KEY, t text); INSERT INTO mvpk VALUES (1, 'a'), (2, 'b'); CREATE MATERIALIZED VIEW mvpk_v AS SELECT id, t, count(*) FROM mvpk GROUP BY id; CREATE INDEX ON mvpk_v (t); CREATE VIEW mvpk_w AS SELECT * FROM mvpk_v; COMMENT ON MATERIALIZED VIEW mvpk_v IS 'postponed'; GRANT SELECT ON mvpk_v TO matrix_reader; CREATE FUNCTION mvpk_f() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT t FROM mvpk GROUP BY id; END`,
  },
  {
    name: 'tables whose names take those of array types',
    sql: `CREATE TABLE clash (a int); CREATE TABLE _clash (a int); CREATE TABLE __clash (b clash[])`,
  },
  {
    name: 'identity sequence of another name, with grants, limits and comment, among keywords',
    sql: `CREATE SCHEMA "from"; CREATE TABLE "from"."select" ("where" int GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "from"."order" MINVALUE -5 START -5 INCREMENT 2 CACHE 3), "group" text); GRANT USAGE ON SEQUENCE "from"."order" TO matrix_reader; INSERT INTO "from"."select" ("group") VALUES ('x'), ('y'); COMMENT ON SEQUENCE "from"."order" IS 'odd'; CREATE SEQUENCE "from"."table" OWNED BY "from"."select"."group"`,
  },
  {
    name: '1600 columns, and a comment of 600 kB',
    sql: `DO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE c1600 (%s)', string_agg('c' || i || ' int', ',')) FROM generate_series(1, 1600) i); EXECUTE format('COMMENT ON TABLE c1600 IS %L', repeat(E'\\u00e9''\\\\n', 100000)); END $$; INSERT INTO c1600 (c1, c1600) VALUES (1, 1600)`,
  },
  {
    name: 'ALWAYS triggers and rules that would refuse every row',
    sql: `CREATE TABLE tr_no (a int, b text); INSERT INTO tr_no VALUES (1, 'a'); CREATE FUNCTION tr_no_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired on %', TG_TABLE_NAME; END $$; CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON tr_no EXECUTE FUNCTION tr_no_f(); CREATE TRIGGER t2 BEFORE INSERT ON tr_no FOR EACH ROW EXECUTE FUNCTION tr_no_f(); ALTER TABLE tr_no ENABLE ALWAYS TRIGGER t1, ENABLE ALWAYS TRIGGER t2; CREATE TABLE ru_no (a int); INSERT INTO ru_no VALUES (1); CREATE RULE no AS ON INSERT TO ru_no DO INSTEAD NOTHING; ALTER TABLE ru_no ENABLE ALWAYS RULE no`,
  },
  {
    name: 'foreign key inside a hash-partitioned table, deferred; foreign key to a unique index',
    sql: `CREATE TABLE fkh (a int, b int, PRIMARY KEY (a)) PARTITION BY HASH (a); CREATE TABLE fkh0 PARTITION OF fkh FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE fkh1 PARTITION OF fkh FOR VALUES WITH (MODULUS 2, REMAINDER 1); ALTER TABLE fkh ADD FOREIGN KEY (b) REFERENCES fkh DEFERRABLE INITIALLY DEFERRED; INSERT INTO fkh SELECT i, 21 - i FROM generate_series(1, 20) i; CREATE TABLE fku (a int); CREATE UNIQUE INDEX fku_i ON fku (a); CREATE TABLE fku_r (a int REFERENCES fku (a)); INSERT INTO fku VALUES (1); INSERT INTO fku_r VALUES (1)`,
  },
  {
    name: 'own default in a middle child, NO INHERIT check there, grandchild with rows',
    sql: `CREATE TABLE ih_a (a int NOT NULL DEFAULT 1, CHECK (a < 100)); CREATE TABLE ih_b (b text); CREATE TABLE ih_c (z int, a int DEFAULT 7) INHERITS (ih_a, ih_b); CREATE TABLE ih_d () INHERITS (ih_c); INSERT INTO ih_d (a, b, z) VALUES (5, 'b', 1); ALTER TABLE ONLY ih_c ADD CONSTRAINT zpos CHECK (z > 0) NO INHERIT`,
  },
  {
    name: 'view over a join whose tables changed since',
    sql: `CREATE TABLE vj (a int, b int); CREATE TABLE vk (a int, k int); CREATE VIEW vj_v AS SELECT * FROM vj JOIN vk USING (a); ALTER TABLE vj RENAME b TO "B new"; ALTER TABLE vj ADD c int; ALTER TABLE vk ADD "B new" int`,
  },
  {
    name: 'functions with defaults from sequences, VARIADIC, polymorphic',
    sql: `CREATE SEQUENCE pf_s; CREATE FUNCTION pf(a bigint DEFAULT nextval('pf_s'), VARIADIC b text[] DEFAULT '{}') RETURNS bigint LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION poly(anyelement, anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT $1'`,
  },
  {
    name: 'grants changed on system functions, tables and columns',
    sql: `REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO matrix_reader; GRANT SELECT (rolname) ON pg_authid TO matrix_reader; REVOKE ALL ON information_schema.tables FROM PUBLIC`,
  },
  {
    name: 'a schema of somebody else with the name of ours',
    sql: `CREATE SCHEMA lifeboat_catalog; CREATE TABLE lifeboat_catalog.mine (a int); INSERT INTO lifeboat_catalog.mine VALUES (43)`,
  },
]

/** All cases, in the order in which they can be made. */
export const objectMatrix: readonly MatrixCase[] = [
  ...types,
  { name: 'schema of the hostile names', sql: 'CREATE SCHEMA names' },
  ...names,
  ...tables,
  ...constraints,
  ...indexes,
  ...code,
  ...rulesAndTriggers.filter(({ name }) => name !== 'event triggers'),
  ...views,
  ...ownership,
  ...sequences,
  ...extensions,
  ...schemas,
  ...entangled,
  ...replication,
  ...rulesAndTriggers.filter(({ name }) => name === 'event triggers'),
]
