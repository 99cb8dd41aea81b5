/** Changes of tables, types and files, and whole transactions of a kind of their own. */
import type { Change } from './row-changes.ts'

const detach = `DO $$ DECLARE part regclass; BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('w.whole') LOOP
    EXECUTE format('ALTER TABLE w.whole DETACH PARTITION %s', part);
  END LOOP; DROP TABLE IF EXISTS w.whole; END $$`

const attach = (table: string) => `${detach};
  CREATE TABLE w.whole (LIKE ${table} INCLUDING GENERATED) PARTITION BY LIST (id);
  ALTER TABLE w.whole ATTACH PARTITION ${table} DEFAULT`

/** The version from which on there is such a thing. */
export const changesSince: Record<string, number> = {
  'expression of a generated column changed': 17,
  'virtual generated column': 18,
  'constraint not null, not valid': 18,
}

export const definitionChanges: Record<string, Change> = {
  'rolled back': async ({ sql, table }) => {
    await sql(`BEGIN; UPDATE ${table} SET n = n + 1 WHERE id % 9 = 0; DELETE FROM ${table} WHERE id % 11 = 0`)
    await sql('ROLLBACK')
  },
  savepoints: async ({ sql, table, pick }) => {
    await sql(`BEGIN; SAVEPOINT a; UPDATE ${table} SET n = 1 WHERE id = ${pick.number(300)}; ROLLBACK TO a;
      SAVEPOINT b; UPDATE ${table} SET v = '${pick.text()}' WHERE id = ${pick.number(300)}; RELEASE b; SAVEPOINT c;
      DELETE FROM ${table} WHERE id = ${pick.number(300)}; RELEASE c`)
    await sql('COMMIT')
  },
  vacuum: ({ sql, table }) => sql(`VACUUM ${table}`),
  'vacuum freeze': ({ sql, table }) => sql(`VACUUM (FREEZE) ${table}`),
  'vacuum full': ({ sql, table }) => sql(`VACUUM (FULL) ${table}`),
  'vacuum full freeze': ({ sql, table }) => sql(`VACUUM (FULL, FREEZE) ${table}`),
  analyze: ({ sql, table }) => sql(`ANALYZE ${table}`),
  cluster: async ({ sql, table }) => {
    const { rows } = await sql(
      `SELECT relname AS name FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indisprimary AND indrelid = '${table}'::regclass`,
    )
    await sql(`CLUSTER ${table} USING "${rows[0]?.name}"`)
  },
  reindex: ({ sql, table }) => sql(`REINDEX TABLE ${table}`),
  truncate: ({ sql, table, pick }) =>
    sql(
      `BEGIN; TRUNCATE ${table}; INSERT INTO ${table} (id, v) SELECT i, '${pick.text()}' FROM generate_series(1, 80) i; COMMIT`,
    ),
  'copy freeze': async ({ sql, table, pick }) => {
    await sql(`BEGIN; TRUNCATE ${table}; COPY ${table} (id) FROM PROGRAM 'seq 1 ${50 + pick.number(300)}' (FREEZE)`)
    await sql('COMMIT')
  },
  'add column': ({ sql, table, pick }) => sql(`ALTER TABLE ${table} ADD COLUMN x${pick.number(1e6)} int`),
  'add column with default': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN d${pick.number(1e6)} text DEFAULT '${pick.text()}'`),
  'drop column': ({ sql, table }) =>
    sql(`ALTER TABLE ${table} DROP COLUMN s`).catch(() =>
      sql(`ALTER TABLE ${table} ADD COLUMN s w.short DEFAULT 'back'`),
    ),
  'drop and add a column': ({ sql, table }) => sql(`ALTER TABLE ${table} DROP COLUMN n, ADD COLUMN n int DEFAULT 5`),
  'rename column': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} RENAME COLUMN at TO at2`).catch(() =>
      sql(`ALTER TABLE ${table} RENAME COLUMN at2 TO at`),
    )
  },
  'swap column names': ({ sql, table }) =>
    sql(`ALTER TABLE ${table} RENAME n TO n_; ALTER TABLE ${table} RENAME id TO n; ALTER TABLE ${table} RENAME n_ TO id;
      ALTER TABLE ${table} RENAME id TO n_; ALTER TABLE ${table} RENAME n TO id; ALTER TABLE ${table} RENAME n_ TO n`),
  'type without rewrite': ({ sql, table }) =>
    sql(`SET timezone = 'UTC'; ALTER TABLE ${table} ALTER COLUMN at TYPE timestamp`),
  'type there and back without rewrite': async ({ sql, table }) => {
    await sql(`SET timezone = 'UTC'; ALTER TABLE ${table} ALTER COLUMN at TYPE timestamp`)
    await sql(`ALTER TABLE ${table} ALTER COLUMN at TYPE timestamptz`)
  },
  'type of the same bytes': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} ALTER COLUMN v TYPE varchar`)
    await sql(`ALTER TABLE ${table} ALTER COLUMN v TYPE text`)
  },
  'type with rewrite': ({ sql, table }) => sql(`ALTER TABLE ${table} ALTER COLUMN n TYPE bigint USING n + 1`),
  'widen a domain column': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} ALTER COLUMN s TYPE w.short USING left(s::text, 40)::w.short`)
    await sql(`ALTER TABLE ${table} ALTER COLUMN s TYPE text`)
  },
  'collation changed': ({ sql, table }) =>
    sql(`ALTER TABLE ${table} ALTER COLUMN v TYPE text COLLATE "C"; ALTER TABLE ${table} ALTER COLUMN v TYPE text`),
  'default of each row': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN e${pick.number(1e6)} float8 DEFAULT random()`),
  'default changed': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ALTER COLUMN n SET DEFAULT ${pick.number(99)}`),
  'storage changed': async ({ sql, table, pick }) => {
    await sql(`ALTER TABLE ${table} ALTER COLUMN v SET STORAGE ${['external', 'main', 'extended'][pick.number(3)]}`)
    await sql(`UPDATE ${table} SET v = v || v WHERE id = ${pick.number(90)} AND length(v) < 9000`)
  },
  'compression changed': async ({ sql, table, pick }) => {
    await sql(`ALTER TABLE ${table} ALTER COLUMN v SET COMPRESSION ${['pglz', 'default'][pick.number(2)]}`)
    await sql(`UPDATE ${table} SET v = v || ' ' WHERE id = ${pick.number(90)}`)
  },
  'statistics target': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ALTER COLUMN v SET STATISTICS ${pick.number(99)}`),
  fillfactor: ({ sql, table, pick }) => sql(`ALTER TABLE ${table} SET (fillfactor = ${20 + pick.number(80)})`),
  'replica identity': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} REPLICA IDENTITY ${['FULL', 'NOTHING', 'DEFAULT'][pick.number(3)]}`),
  'row security': ({ sql, table }) =>
    sql(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY; ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`),
  'generated column': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN g${pick.number(1e6)} int GENERATED ALWAYS AS (id + 1) STORED`),
  'generated column made plain': async ({ sql, table }) => {
    const { rows } = await sql(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attgenerated = 's' AND NOT attisdropped`,
    )
    await sql(`ALTER TABLE ${table} ALTER COLUMN ${rows[0]?.name} DROP EXPRESSION`)
  },
  'expression of a generated column changed': async ({ sql, table, pick }) => {
    const { rows } = await sql(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attgenerated <> '' AND NOT attisdropped`,
    )
    await sql(`ALTER TABLE ${table} ALTER COLUMN ${rows[0]?.name} SET EXPRESSION AS (id + ${pick.number(99)})`)
  },
  'virtual generated column': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD COLUMN g${pick.number(1e6)} int GENERATED ALWAYS AS (id + 1) VIRTUAL`),
  'enum label renamed': ({ sql }) =>
    sql(`ALTER TYPE w.mood RENAME VALUE 'ok' TO 'fine'`).catch(() =>
      sql(`ALTER TYPE w.mood RENAME VALUE 'fine' TO 'ok'`),
    ),
  'enum label renamed and back': async ({ sql }) => {
    await sql(`ALTER TYPE w.mood RENAME VALUE 'happy' TO 'glad'`)
    await sql(`ALTER TYPE w.mood RENAME VALUE 'glad' TO 'happy'`)
  },
  'enum label added': ({ sql, pick }) => sql(`ALTER TYPE w.mood ADD VALUE 'label ${pick.number(1e6)}'`),
  'enum renamed and back': ({ sql }) => sql('ALTER TYPE w.mood RENAME TO mood_; ALTER TYPE w.mood_ RENAME TO mood'),
  'composite attribute renamed': ({ sql }) =>
    sql('ALTER TYPE w.pair RENAME ATTRIBUTE y TO y2').catch(() => sql('ALTER TYPE w.pair RENAME ATTRIBUTE y2 TO y')),
  'composite attribute dropped': ({ sql, pick }) =>
    sql(`ALTER TYPE w.pair ADD ATTRIBUTE z${pick.number(1e6)} text, DROP ATTRIBUTE y`).catch(() =>
      sql('ALTER TYPE w.pair ADD ATTRIBUTE y text'),
    ),
  'domain constrained': ({ sql, pick }) =>
    sql(`ALTER DOMAIN w.short ADD CONSTRAINT c${pick.number(1e6)} CHECK (length(VALUE) < 1000) NOT VALID`),
  'schema renamed and back': async ({ sql }) => {
    await sql('ALTER SCHEMA w RENAME TO w_; ALTER SCHEMA w_ RENAME TO w')
  },
  'composite changed': ({ sql, pick }) => sql(`ALTER TYPE w.pair ADD ATTRIBUTE z${pick.number(1e6)} int`),
  'row type changed': ({ sql, pick }) => sql(`ALTER TABLE w.row_source ADD COLUMN z${pick.number(1e6)} int`),
  'row type, column dropped': ({ sql, pick }) =>
    sql(`ALTER TABLE w.row_source ADD COLUMN z${pick.number(1e6)} int, DROP COLUMN y, ADD COLUMN y int`),
  'unlogged and back': ({ sql, table }) => sql(`ALTER TABLE ${table} SET UNLOGGED; ALTER TABLE ${table} SET LOGGED`),
  'names swapped': ({ sql, table, other }) => {
    const [a, b] = [table.split('.')[1], other.split('.')[1]]
    return sql(
      `BEGIN; ALTER TABLE w.${a} RENAME TO swap_; ALTER TABLE w.${b} RENAME TO ${a}; ALTER TABLE w.swap_ RENAME TO ${b}; COMMIT`,
    )
  },
  'made anew': ({ sql, table, pick }) =>
    sql(`BEGIN; CREATE TABLE w.anew (LIKE ${table} INCLUDING ALL); INSERT INTO w.anew (id, v) SELECT i, '${pick.text()}'
      FROM generate_series(1, 120) i; DROP TABLE ${table}; ALTER TABLE w.anew RENAME TO ${table.split('.')[1]}; COMMIT`),
  'partition attached': ({ sql, table }) => sql(attach(table)),
  'partition detached': ({ sql, table }) => sql(`${attach(table)}; ${detach}`),
  inherited: ({ sql, table, pick }) =>
    sql(`DROP TABLE IF EXISTS w.heir; CREATE TABLE w.heir () INHERITS (${table});
      INSERT INTO w.heir (id, v) SELECT i, '${pick.text()}' FROM generate_series(1, 50) i`),
  'no longer inherited': ({ sql, table }) =>
    sql(
      `DROP TABLE IF EXISTS w.heir; CREATE TABLE w.heir () INHERITS (${table}); ALTER TABLE w.heir NO INHERIT ${table}`,
    ),
  'tablespace changed': ({ sql, table }) => sql(`ALTER TABLE ${table} SET TABLESPACE elsewhere`),
  'tablespace changed and back': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} SET TABLESPACE elsewhere`)
    await sql(`ALTER TABLE ${table} SET TABLESPACE pg_default`)
  },
  'access method changed': ({ sql, table }) => sql(`ALTER TABLE ${table} SET ACCESS METHOD heap_too`),
  'access method changed and back': async ({ sql, table }) => {
    await sql(`ALTER TABLE ${table} SET ACCESS METHOD heap_too`)
    await sql(`ALTER TABLE ${table} SET ACCESS METHOD heap`)
  },
  'constraint not null, not valid': ({ sql, table, pick }) =>
    sql(`ALTER TABLE ${table} ADD CONSTRAINT c${pick.number(1e6)} NOT NULL v NOT VALID`),
  'constraint and index': ({ sql, table, pick }) =>
    sql(`CREATE INDEX ON ${table} (n); ALTER TABLE ${table} ADD CHECK (id > -2000000000 - ${pick.number(99)})`),
}
