import type { Query } from '../../postgres/query.ts'
import { sequenceSchema } from '../../repository/documents/documents.ts'
import { setSequences } from '../../restore/database/sequences.ts'
import type { Baseline } from '../baseline.ts'

/** Sets the sequences that are still there to where the backup has them; numbers given out since will be given out again. */
export async function setBackSequences(query: Query, { manifest, reader }: Baseline): Promise<void> {
  const recorded = await Array.fromAsync(reader.readJsonLines(manifest.streams.sequences, sequenceSchema))
  const rows = await query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S'`,
  )
  const there = new Set(rows.map((row) => JSON.stringify([row.schema, row.name])))
  await setSequences(
    query,
    recorded.filter(({ schema, name }) => there.has(JSON.stringify([schema, name]))),
  )
}
