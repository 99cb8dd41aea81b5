import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { freshTable, goneTable } from '../rewind/patch-tables.ts'

/** A table of which rows are chosen. */
export interface ChoosingTable {
  /** Of its temporary tables. */
  number: number
  oid: number
  schema: string
  name: string
  columns: readonly string[]
  /** Columns of the primary key; `null`: its rows cannot be paired. */
  key: readonly string[] | null
}

/** SQL that says of a row whether it is wanted, and whether it is another's, too. */
export interface Belonging {
  mine: string
  other: string
}

/** Rows of the backup that the live table lacks: `place` in the table of gone rows, `mine`, `other`, `key`, `content`. */
export const thenTable = (number: number) => `pg_temp.lifeboat_then_${number}`
/** Rows of the live table that the backup lacks: `place` and `version` there, `mine`, `other`, `key`, `content`. */
export const nowTable = (number: number) => `pg_temp.lifeboat_now_${number}`
/** The rows to put back, and the places and versions of those to take out. */
export const putTable = (number: number) => `pg_temp.lifeboat_put_${number}`
export const takeTable = (number: number) => `pg_temp.lifeboat_take_${number}`

/**
 * Lays out both sides of the difference of a table, without the rows that were only written again as they were. A row of
 * the backup is `g` in the SQL of `was`, a live row is `t` in that of `is`.
 */
export async function layOutSides(
  query: Query,
  { number, key, columns, ...table }: ChoosingTable,
  { was, is }: { was: Belonging; is: Belonging },
): Promise<void> {
  const rowText = (alias: string, of: readonly string[]) =>
    `ROW(${of.map((column) => `${alias}.${quoteIdentifier(column)}`).join(', ')})::pg_catalog.text`
  const described = (alias: string, { mine, other }: Belonging) =>
    `${mine} AS mine, ${other} AS other, ${key === null ? 'NULL::pg_catalog.text' : rowText(alias, key)} AS key,
     pg_catalog.sha256(pg_catalog.convert_to(${rowText(alias, columns)}, pg_catalog.getdatabaseencoding())) AS content`
  await query(
    `CREATE TABLE ${thenTable(number)} AS SELECT g.ctid AS place, ${described('g', was)} FROM ${goneTable(number)} g;
     CREATE TABLE ${nowTable(number)} AS SELECT t.ctid AS place, t.xmin AS version, ${described('t', is)}
       FROM ONLY ${qualifiedName(table)} t JOIN ${freshTable(number)} f ON t.ctid = f.place;
     CREATE TABLE pg_temp.lifeboat_same_${number} AS SELECT g.place AS gone, t.place AS fresh
       FROM ${thenTable(number)} g JOIN ${nowTable(number)} t ON t.key = g.key AND t.content = g.content;
     DELETE FROM ${thenTable(number)} g USING pg_temp.lifeboat_same_${number} s WHERE g.place = s.gone;
     DELETE FROM ${nowTable(number)} t USING pg_temp.lifeboat_same_${number} s WHERE t.place = s.fresh;
     ANALYZE ${thenTable(number)}, ${nowTable(number)}`,
  )
}

/** Makes the patch of a table: `put` chooses rows `g` of the backup, `take` live rows `t`. */
export async function chooseFrom(query: Query, number: number, { put, take }: { put: string; take: string }) {
  await query(
    `CREATE TABLE ${putTable(number)} AS SELECT gone.* FROM ${goneTable(number)} AS gone
       WHERE gone.ctid IN (SELECT g.place FROM ${thenTable(number)} g WHERE ${put});
     CREATE TABLE ${takeTable(number)} AS SELECT t.place, t.version FROM ${nowTable(number)} t WHERE ${take};
     ANALYZE ${putTable(number)}, ${takeTable(number)}`,
  )
}

/** Whether anything was chosen. */
export async function isChosen(query: Query, { number }: ChoosingTable): Promise<boolean> {
  const [row] = await query<{ any: boolean }>(
    `SELECT EXISTS (SELECT FROM ${putTable(number)}) OR EXISTS (SELECT FROM ${takeTable(number)}) AS any`,
  )
  return row!.any
}

/** What was chosen takes the place of all that differs. */
export async function keepChosen(query: Query, number: number): Promise<void> {
  await query(
    `DROP TABLE ${goneTable(number)}, ${freshTable(number)} CASCADE;
     ALTER TABLE ${putTable(number)} RENAME TO lifeboat_gone_${number};
     ALTER TABLE ${takeTable(number)} RENAME TO lifeboat_fresh_${number};
     DROP TABLE ${thenTable(number)}, ${nowTable(number)}, pg_temp.lifeboat_same_${number}`,
  )
}
