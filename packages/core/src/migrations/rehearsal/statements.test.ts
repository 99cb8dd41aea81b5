import { expect, test } from 'vitest'
import { adviceFor, changesRows, plainStatements, statementsAbout } from './statements.ts'

test.each([
  ["UPDATE people SET mail = 'a@b.c', age = 42 WHERE id = 7", ['UPDATE people SET mail = …, age = … WHERE id = …']],
  ["SELECT E'it\\'s; here', 'it''s', $$a;b$$, $x$ '$$ $x$, t1.c2, 1.5e3", ['SELECT …, …, …, …, t1.c2, …']],
  [
    'BEGIN; -- it\'s; a comment\nALTER TABLE "a;b" /* ; */ ADD c int;\n COMMIT;',
    ['BEGIN', 'ALTER TABLE "a;b" ADD c int', 'COMMIT'],
  ],
  ["INSERT INTO t VALUES ('cut off by the server", ['INSERT INTO t VALUES (…']],
  ['', []],
])('%j without its texts and numbers', (sql, expected) => {
  expect(plainStatements(sql)).toEqual(expected)
})

test('a long statement is cut', () => {
  expect(plainStatements(`SELECT ${'a, '.repeat(500)}b`)[0]?.length).toBeLessThan(310)
})

test('of a file that was sent at once, the statements that name the table are told', () => {
  const sql = 'CREATE TABLE new (id int); ALTER TABLE "public"."orders" ADD c int; CREATE INDEX i ON orders_old (id)'
  expect(statementsAbout(sql, 'public.orders')).toEqual(['ALTER TABLE "public"."orders" ADD c int'])
  expect(statementsAbout('COMMIT', 'public.orders')).toEqual(['COMMIT'])
})

test.each<[sql: string, codes: string[]]>([
  ['CREATE INDEX i ON t (a)', ['INDEX_NOT_CONCURRENT']],
  ['CREATE UNIQUE INDEX i ON t (a)', ['INDEX_NOT_CONCURRENT']],
  ['CREATE INDEX CONCURRENTLY i ON t (a)', []],
  ['DROP INDEX i', ['INDEX_DROPPED_NOT_CONCURRENT']],
  ['DROP INDEX CONCURRENTLY i', []],
  ['REINDEX TABLE t', ['REINDEX_NOT_CONCURRENT']],
  ['ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id)', ['FOREIGN_KEY_VALIDATED']],
  ['ALTER TABLE t ADD COLUMN a int REFERENCES u (id)', ['FOREIGN_KEY_VALIDATED']],
  ['ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) NOT VALID', []],
  ['ALTER TABLE t VALIDATE CONSTRAINT f', []],
  ['ALTER TABLE t ADD CONSTRAINT c CHECK (a > …)', ['CHECK_VALIDATED']],
  ['ALTER TABLE t ADD CONSTRAINT c CHECK (a > …) NOT VALID', []],
  ['ALTER TABLE t ALTER COLUMN a SET NOT NULL', ['NOT_NULL_SCAN']],
  ['ALTER TABLE t ALTER COLUMN a TYPE bigint', ['TYPE_CHANGED']],
  ['ALTER TABLE t ALTER a SET DATA TYPE bigint', ['TYPE_CHANGED']],
  ['ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()', ['COLUMN_FILLED_BY_REWRITE']],
  ['ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * …) STORED', ['COLUMN_FILLED_BY_REWRITE']],
  ['ALTER TABLE t ADD COLUMN a bigserial', ['COLUMN_FILLED_BY_REWRITE']],
  ['ALTER TABLE t ADD COLUMN a text DEFAULT …', []],
  ['ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)', ['UNIQUE_BUILT_UNDER_LOCK']],
  ['ALTER TABLE t ADD PRIMARY KEY (a)', ['UNIQUE_BUILT_UNDER_LOCK']],
  ['ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i', []],
  ['VACUUM (FULL) t', ['TABLE_REWRITTEN']],
  ['CLUSTER t USING i', ['TABLE_REWRITTEN']],
  ['REFRESH MATERIALIZED VIEW v', ['VIEW_REFRESHED']],
  ['REFRESH MATERIALIZED VIEW CONCURRENTLY v', []],
  ['UPDATE t SET a = …', []],
])('%s: %j', (sql, codes) => {
  expect(adviceFor(sql).map(({ code }) => code)).toEqual(codes)
})

test('changes of rows, also behind WITH', () => {
  const statements = ['UPDATE t SET a = …', 'WITH x AS (SELECT …) DELETE FROM t', 'ALTER TABLE t ADD a int', 'SELECT …']
  expect(statements.map(changesRows)).toEqual([true, true, false, false])
})
