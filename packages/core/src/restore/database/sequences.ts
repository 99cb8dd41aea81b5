import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { SequenceRecord } from '../../repository/documents/documents.ts'

const batch = 200

/** Gives sequences the values they had under the exported snapshot. */
export async function setSequences(query: Query, sequences: readonly SequenceRecord[]): Promise<void> {
  for (let start = 0; start < sequences.length; start += batch) {
    const some = sequences.slice(start, start + batch)
    await query(
      `SELECT pg_catalog.count(pg_catalog.setval(name::pg_catalog.regclass, value, called))
       FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::int8[]), pg_catalog.unnest($3::bool[]))
         AS s(name, value, called)`,
      [some.map(qualifiedName), some.map(({ last_value }) => last_value), some.map(({ is_called }) => is_called)],
    )
  }
}
