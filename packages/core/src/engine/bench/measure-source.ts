import { copyOut } from '../../postgres/copy-out.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Session } from '../../postgres/session.ts'

/** Rows of the largest table, and how fast one connection read them. */
export interface SourceSample {
  schema: string
  name: string
  /** Whole rows as COPY writes them. */
  bytes: Buffer
  rows: number
  seconds: number
  /** Bytes of all tables and of all indexes on the server's disk. */
  heapBytes: number
  indexBytes: number
  /** Bytes of the sample as they lie in the table. */
  sampledHeapBytes: number
}

interface Largest {
  schema: string
  name: string
  bytes: string
  rows: string
  heap: string
  indexes: string
}

/** Null where no table that may be read has rows. At most `maxBytes` are read, for `maxMs` at most. */
export async function measureSource(
  session: Session,
  { maxBytes, maxMs }: { maxBytes: number; maxMs: number },
): Promise<SourceSample | null> {
  const [largest] = await session.query<Largest>(largestSql)
  if (!largest || Number(largest.bytes) === 0) return null
  const { schema, name } = largest
  // Never analysed: as many rows as there are blocks.
  const known = Number(largest.rows) > 0 ? Number(largest.rows) : Number(largest.bytes) / 8192
  const perRow = Number(largest.bytes) / known
  const limit = Math.max(1, Math.ceil(maxBytes / perRow))
  const bytes = Buffer.allocUnsafe(maxBytes)
  let filled = 0
  await session.query(`SET statement_timeout = ${Math.max(1, Math.round(maxMs))}`)
  const began = performance.now()
  const isCut = await copyOut(
    session,
    `COPY (SELECT * FROM ONLY ${qualifiedName(largest)} LIMIT ${limit}) TO STDOUT`,
    (piece) => {
      filled += piece.copy(bytes, filled, 0, Math.min(piece.length, maxBytes - filled))
    },
  ).then(
    () => false,
    (error: unknown) => {
      // The time is over: what came until then is the sample.
      if (filled === 0) throw error
      return true
    },
  )
  const seconds = (performance.now() - began) / 1000
  await session.query('SET statement_timeout = 0')
  const whole = isCut || filled === maxBytes ? bytes.lastIndexOf(10, filled - 1) + 1 : filled
  const sample = bytes.subarray(0, whole)
  const rows = countLines(sample)
  if (rows === 0) return null
  return {
    ...{ schema, name, bytes: sample, rows, seconds },
    ...{ heapBytes: Number(largest.heap), indexBytes: Number(largest.indexes), sampledHeapBytes: rows * perRow },
  }
}

const largestSql = `
  WITH tables AS (
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, pg_catalog.pg_relation_size(c.oid) AS bytes,
      c.reltuples AS rows, pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')
  SELECT schema, name, bytes::text, rows::text, (SELECT sum(bytes) FROM tables)::text AS heap,
    (SELECT coalesce(sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)
     FROM pg_catalog.pg_index i JOIN tables t ON t.oid = i.indrelid)::text AS indexes
  FROM tables WHERE readable ORDER BY tables.bytes DESC, schema, name LIMIT 1`

function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  return lines
}
