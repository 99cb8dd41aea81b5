/** What happens between two backups so that a table has to be read in full, and the reason the second one gives. */

export const rows = `CREATE TABLE t (id int PRIMARY KEY, v text);
  INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 300) i;`

/** By name. All statements of `meanwhile` are one transaction; `afterwards` is done after it. */
export const voids: Record<string, { setUp: string; meanwhile: string; afterwards?: string; reason: string }> = {
  'VACUUM FULL keeps xmin and moves rows': {
    setUp: `${rows} DELETE FROM t WHERE id % 2 = 0; UPDATE t SET v = 'moved' WHERE id % 7 = 0; INSERT INTO t SELECT i, 'gap' FROM generate_series(400, 450) i`,
    meanwhile: 'VACUUM FULL t',
    reason: 'relfilenode changed',
  },
  'CLUSTER keeps xmin and moves rows': {
    setUp: `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT 300 - i, 'row' FROM generate_series(1, 200) i`,
    meanwhile: 'CLUSTER t USING t_pkey',
    reason: 'relfilenode changed',
  },
  'a table made anew under the same name': {
    setUp: rows,
    meanwhile: `BEGIN; CREATE TABLE t2 (id int, v text); INSERT INTO t2 SELECT i, 'other ' || i FROM generate_series(1, 300) i;
      DROP TABLE t; ALTER TABLE t2 RENAME TO t; COMMIT`,
    reason: 'new table',
  },
  'TRUNCATE, and as many rows loaded again': {
    setUp: rows,
    meanwhile: `TRUNCATE t; INSERT INTO t SELECT i, 'new ' || i FROM generate_series(1, 300) i`,
    reason: 'relfilenode changed',
  },
  'COPY FREEZE, which shows rows to every snapshot': {
    setUp: `${rows} TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(1, 300) i`,
    meanwhile: `TRUNCATE t; COPY t (id) FROM PROGRAM 'seq 301 600' (FREEZE)`,
    reason: 'relfilenode changed',
  },
  'SET TABLESPACE': {
    setUp: rows,
    meanwhile: 'ALTER TABLE t SET TABLESPACE elsewhere',
    reason: 'relfilenode changed',
  },
  'SET UNLOGGED': { setUp: rows, meanwhile: 'ALTER TABLE t SET UNLOGGED', reason: 'relfilenode changed' },
  'a default that is another one for each row': {
    setUp: rows,
    meanwhile: 'ALTER TABLE t ADD COLUMN r float8 DEFAULT random()',
    reason: 'relfilenode changed',
  },
  'another access method, were it the same code': {
    setUp: `${rows} CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler`,
    meanwhile: 'ALTER TABLE t SET ACCESS METHOD heap_too',
    reason: 'access method heap_too',
  },
  'a generated column made a plain one': {
    setUp: `CREATE TABLE t (id int, g int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t SELECT i FROM generate_series(1, 300) i`,
    meanwhile: 'ALTER TABLE t ALTER COLUMN g DROP EXPRESSION',
    reason: 'columns or types changed',
  },
  'columns that change names': {
    setUp: `CREATE TABLE t (a int, b int); INSERT INTO t SELECT i, -i FROM generate_series(1, 300) i`,
    meanwhile: 'ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b',
    reason: 'columns or types changed',
  },
  'int made oid: the same bits, other text': {
    setUp: 'CREATE TABLE t (n int); INSERT INTO t VALUES (-1)',
    meanwhile: 'ALTER TABLE t ALTER n TYPE oid',
    reason: 'columns or types changed',
  },
  'an attribute of a composite type dropped': {
    setUp: `CREATE TYPE pair AS (x int, y int); CREATE TABLE t AS SELECT (i, i)::pair AS p FROM generate_series(1, 50) i`,
    meanwhile: 'ALTER TYPE pair DROP ATTRIBUTE x',
    reason: 'columns or types changed',
  },
  'an enum label renamed and back': {
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t AS SELECT 'ok'::mood AS m FROM generate_series(1, 50)`,
    meanwhile: `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`,
    afterwards: `ALTER TYPE mood RENAME VALUE 'fine' TO 'ok'`,
    reason: 'columns or types changed',
  },
  'type changed without a rewrite': {
    setUp: `ALTER DATABASE CURRENT SET timezone = 'UTC'; CREATE TABLE t AS SELECT '2026-01-01'::timestamptz AS at FROM generate_series(1, 50)`,
    meanwhile: `SET timezone = 'UTC'; ALTER TABLE t ALTER at TYPE timestamp`,
    reason: 'columns or types changed',
  },
  'a column with a fast default': {
    setUp: rows,
    meanwhile: `ALTER TABLE t ADD COLUMN extra text DEFAULT 'here now'`,
    reason: 'columns or types changed',
  },
  'a column dropped and added again': {
    setUp: rows,
    meanwhile: `ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v text DEFAULT 'same name'`,
    reason: 'columns or types changed',
  },
  'an enum label renamed': {
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t AS SELECT 'ok'::mood AS m FROM generate_series(1, 50)`,
    meanwhile: `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`,
    reason: 'columns or types changed',
  },
  'an enum in an array of a domain in a composite': {
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN moods AS mood[]; CREATE TYPE pair AS (n int, m moods);
      CREATE TABLE t AS SELECT (1, ARRAY['ok'::mood])::pair AS p FROM generate_series(1, 50)`,
    meanwhile: `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`,
    reason: 'columns or types changed',
  },
  'the row type of another table': {
    setUp: `CREATE TABLE source (x int); CREATE TABLE t AS SELECT ROW(1)::source AS r FROM generate_series(1, 50)`,
    meanwhile: 'ALTER TABLE source ADD COLUMN y int',
    reason: 'columns or types changed',
  },
  'a type with an output function of the user': {
    setUp: `CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
      CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
      CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4);
      CREATE TABLE t AS SELECT '-1'::odd AS o FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'oidout'`,
    reason: 'a column prints what other rows or unknown code say',
  },
  'a range over such a type': {
    setUp: `CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
      CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
      CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4);
      CREATE TABLE t AS SELECT ARRAY['-1'::odd] AS o FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'oidout'`,
    reason: 'a column prints what other rows or unknown code say',
  },
  'the output function of a known extension replaced': {
    setUp: `CREATE EXTENSION citext; CREATE TABLE t AS SELECT 'Aa'::citext AS c FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION citextout(citext) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaout'`,
    reason: 'columns or types changed',
  },
  'aclitem, when a role is renamed': {
    setUp: `CREATE ROLE before_rename; CREATE TABLE t AS SELECT 'before_rename=r/postgres'::aclitem AS a FROM generate_series(1, 50)`,
    meanwhile: 'ALTER ROLE before_rename RENAME TO after_rename',
    reason: 'a column prints what other rows or unknown code say',
  },
  'regclass, when a table is renamed': {
    setUp: `CREATE TABLE named (x int); CREATE TABLE t AS SELECT 'named'::regclass AS r FROM generate_series(1, 50)`,
    meanwhile: 'ALTER TABLE named RENAME TO renamed',
    reason: 'a column prints what other rows or unknown code say',
  },
}
