import { type Exclusions, exclusionMatcher, noExclusions } from './excluded.ts'
import { qualifiedName } from './identifiers.ts'
import type { Query } from './query.ts'
import { dumpedRelations, extensionConfiguration } from './what-is-dumped.ts'

/** A sequence and where it stands. Field names are those of the stored record. */
export interface SourceSequence {
  oid: number
  schema: string
  name: string
  last_value: string
  is_called: boolean
}

/** Sequences read in one statement: what planning one of 200 takes is half as much again for each. */
const batch = 50

/**
 * The sequences whose value pg_dump would set, with their values: those of serial and identity columns too; of an
 * extension's only the registered ones. Left out with its table is an identity column's (it is part of the column),
 * but not a serial's, which is an object of its own; one that a kept table owns is kept whatever schema it lies in.
 *
 * Values are not part of any snapshot: they are as of the moment of reading, which is never before it.
 */
export async function readSequences(query: Query, exclusions: Exclusions = noExclusions): Promise<SourceSequence[]> {
  const matcher = exclusionMatcher(exclusions)
  const all = await query<SequenceRow>(`
    SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname AS schema, c.relname AS name,
      owner.deptype AS owner_kind, owner.schema AS owner_schema, owner.name AS owner_name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (${extensionConfiguration}) config ON config.oid = c.oid
    LEFT JOIN LATERAL (
      SELECT d.deptype::text AS deptype, tn.nspname AS schema, t.relname AS name
      FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
      JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
    ) owner ON true
    WHERE c.relkind = 'S' AND ${dumpedRelations}
    ORDER BY n.nspname, c.relname`)
  const kept = all.filter((row) => {
    const owner = row.owner_name === null ? null : { schema: row.owner_schema!, name: row.owner_name }
    if (matcher.excludesRows(row)) return false
    if (owner && row.owner_kind === 'i') return !matcher.excludesTable(owner)
    return !matcher.excludesTable(row) || (owner !== null && !matcher.excludesTable(owner))
  })
  const sequences: SourceSequence[] = []
  for (let start = 0; start < kept.length; start += batch) {
    const some = kept.slice(start, start + batch)
    const selects = some.map(
      (row, index) => `SELECT ${index} AS index, last_value::text AS last_value, is_called FROM ${qualifiedName(row)}`,
    )
    const values = await query<{ index: number; last_value: string; is_called: boolean }>(
      selects.join('\nUNION ALL ').concat('\nORDER BY index'),
    )
    for (const { index, last_value, is_called } of values) {
      const { oid, schema, name } = some[index]!
      sequences.push({ oid: Number(oid), schema, name, last_value, is_called })
    }
  }
  return sequences
}

interface SequenceRow {
  oid: string
  schema: string
  name: string
  owner_kind: string | null
  owner_schema: string | null
  owner_name: string | null
}
