import { copyIn } from '../../postgres/copy-in.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Session } from '../../postgres/session.ts'
import type { SourceSample } from './measure-source.ts'

/** How fast one connection loads the sample, and builds an index over it. */
export interface TargetSpeed {
  loadBytesPerSecond: number
  indexBytesPerSecond: number | null
}

/**
 * Loads the sample into a temporary table, which the server drops with the session however that ends, and rolls back.
 * A temporary table writes no WAL: a restore is somewhat slower.
 */
export async function measureTarget(session: Session, sample: SourceSample, maxMs: number): Promise<TargetSpeed> {
  await session.query(`SET statement_timeout = ${Math.max(1, Math.round(maxMs))}`)
  await session.query('BEGIN')
  try {
    await session.query(`CREATE TEMPORARY TABLE lifeboat_bench (LIKE ${qualifiedName(sample)})`)
    const began = performance.now()
    const sink = copyIn(session, 'COPY pg_temp.lifeboat_bench FROM STDIN')
    for (let at = 0; at < sample.bytes.length; at += 256 * 1024)
      await sink.write(sample.bytes.subarray(at, at + 256 * 1024))
    await sink.end()
    const loaded = performance.now()
    const loadBytesPerSecond = sample.bytes.length / ((loaded - began) / 1000)
    return { loadBytesPerSecond, indexBytesPerSecond: await measureIndex(session, sample) }
  } finally {
    await session.query('ROLLBACK')
    await session.query('SET statement_timeout = 0')
  }
}

/** Of the columns of the table's first index; null where it has none that is plain. */
async function measureIndex(session: Session, sample: SourceSample): Promise<number | null> {
  const columns = await session.query<{ name: string }>(
    `SELECT a.attname::text AS name FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum = ANY (
       (SELECT i.indkey::int2[] FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = c.relam
        WHERE i.indrelid = $1::pg_catalog.regclass AND m.amname = 'btree' AND i.indexprs IS NULL
        ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1)::int2[]) AND a.attnum > 0
     ORDER BY a.attnum`,
    [qualifiedName(sample)],
  )
  if (columns.length === 0) return null
  const began = performance.now()
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  await session.query(`CREATE INDEX lifeboat_bench_index ON pg_temp.lifeboat_bench (${list})`)
  const seconds = (performance.now() - began) / 1000
  const [row] = await session.query<{ bytes: string }>(
    `SELECT pg_catalog.pg_relation_size('pg_temp.lifeboat_bench_index')::text AS bytes`,
  )
  return Number(row?.bytes ?? 0) / seconds
}
