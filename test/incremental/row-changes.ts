/** Changes of rows that a transaction may make at any time, also one that stays open for long. */

export interface Pick {
  number(below: number): number
  text(): string
}

export interface ChangeRun {
  sql(text: string): Promise<{ rows: { name?: string }[] }>
  table: string
  other: string
  pick: Pick
}

/** May fail (somebody else holds a lock, a column is gone); then it did nothing. */
export type Change = (run: ChangeRun) => Promise<unknown>

export const rowChanges: Record<string, Change> = {
  insert: ({ sql, table, pick }) =>
    sql(`INSERT INTO ${table} (id, v) SELECT (SELECT COALESCE(max(id), 0) FROM ${table}) + i, '${pick.text()}'
         FROM generate_series(1, ${1 + pick.number(40)}) i`),
  'insert into gaps': ({ sql, table, pick }) =>
    sql(`INSERT INTO ${table} (id, v) SELECT -${pick.number(1e9)} - i, '${pick.text()}' FROM generate_series(1, 3) i`),
  'update hot': ({ sql, table, pick }) => sql(`UPDATE ${table} SET n = n + 1 WHERE id % 50 = ${pick.number(50)}`),
  'update one': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET v = '${pick.text()}' WHERE id = ${pick.number(300)}`),
  'update key': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET id = id + 1000000 + ${pick.number(1e6)} WHERE id = ${pick.number(300)}`),
  'update to the same': ({ sql, table, pick }) => sql(`UPDATE ${table} SET v = v WHERE id = ${pick.number(300)}`),
  'update toasted': ({ sql, table, pick }) =>
    sql(`UPDATE ${table} SET v = (SELECT string_agg(md5(i::text || '${pick.text()}'), '') FROM generate_series(1, 200) i)
         WHERE id = ${pick.number(100)}`),
  'delete some': ({ sql, table, pick }) => sql(`DELETE FROM ${table} WHERE id % 90 = ${pick.number(90)}`),
  'delete one': ({ sql, table, pick }) => sql(`DELETE FROM ${table} WHERE id = ${pick.number(300)}`),
  'delete the tail': ({ sql, table }) => sql(`DELETE FROM ${table} WHERE id > (SELECT max(id) - 60 FROM ${table})`),
  'delete and insert the same': ({ sql, table, pick }) =>
    sql(
      `WITH gone AS (DELETE FROM ${table} WHERE id = ${pick.number(300)} RETURNING *) INSERT INTO ${table} SELECT * FROM gone`,
    ),
  'lock rows': ({ sql, table, pick }) => sql(`SELECT FROM ${table} WHERE id % 20 = ${pick.number(20)} FOR UPDATE`),
  'lock rows shared': ({ sql, table, pick }) =>
    sql(`SELECT FROM ${table} WHERE id % 20 = ${pick.number(20)} FOR KEY SHARE`),
  'insert or update': ({ sql, table, pick }) =>
    sql(`INSERT INTO ${table} (id, v) SELECT 280 + i, '${pick.text()}' FROM generate_series(1, 40) i
         ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v WHERE EXCLUDED.id % 5 = ${pick.number(5)}`),
  merge: ({ sql, table, pick }) =>
    sql(`MERGE INTO ${table} t USING (SELECT ${pick.number(600)} + i AS id FROM generate_series(1, 9) i) s ON t.id = s.id
         WHEN MATCHED AND s.id % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = '${pick.text()}'
         WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 'merged')`),
  'many subtransactions': ({ sql, table, pick }) =>
    sql(`DO $$ BEGIN FOR i IN 1..80 LOOP
           BEGIN
             INSERT INTO ${table} (id, v) VALUES (2000000 + ${pick.number(1e8)} + i, 'sub');
             IF i % 3 = 0 THEN RAISE division_by_zero; END IF;
           EXCEPTION WHEN division_by_zero THEN NULL; END;
         END LOOP; END $$`),
}
