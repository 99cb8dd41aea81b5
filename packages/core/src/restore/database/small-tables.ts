import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import { copyIntoSql } from '../../postgres/segments.ts'
import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import type { RestoreSession } from './restore-session.ts'
import type { RowsPart } from './rows.ts'
import { triedTogether } from './run-definitions.ts'

/** A table whose rows are at most so many bytes of text costs a round trip rather than bytes. */
const smallBytes = 64 * 1024
/** Of tables that are loaded together: their number, and their bytes. */
export const mostTables = 64
const mostBytes = 1024 * 1024

export function isSmall({ bytes, segments }: Pick<TableRecord, 'bytes' | 'segments'>): boolean {
  return bytes <= smallBytes && Array.isArray(segments)
}

/**
 * Parts by what one session loads at a time: small tables many together, in their order, but so that no session is left
 * without work; all others alone. Pure.
 */
export function rowsBatches(parts: readonly RowsPart[], sessions: number): RowsPart[][] {
  const isSmallPart = ({ table, segments }: RowsPart) => segments === null && table.load_via === null && isSmall(table)
  const small = parts.filter(isSmallPart)
  const most = Math.min(mostTables, Math.ceil(small.length / (2 * sessions)))
  const batches = parts.filter((part) => !isSmallPart(part)).map((part) => [part])
  let open: RowsPart[] = []
  let bytes = 0
  for (const part of small) {
    if (open.length >= most || bytes + part.bytes > mostBytes) {
      batches.push(open)
      open = []
      bytes = 0
    }
    open.push(part)
    bytes += part.bytes
  }
  if (open.length > 0) batches.push(open)
  return batches
}

/**
 * Loads whole small tables by one query of many COPYs, which is one transaction: `false` where the server refused one or a
 * chunk is damaged, and nothing was loaded. They are not frozen: that takes a TRUNCATE of each, which costs more than its
 * rows do, and to spare a later VACUUM some pages is not worth it. Fails with `ROW_COUNT_MISMATCH` as `loadRows` does.
 */
export async function loadTogether(
  session: RestoreSession,
  reader: ChunkReader,
  parts: readonly RowsPart[],
  options: { encoding: string; inTransaction: boolean; owners: ReadonlyMap<string, string> },
): Promise<boolean> {
  const { encoding, inTransaction, owners } = options
  const idsOf = ({ table }: RowsPart) => (Array.isArray(table.segments) ? table.segments : []).flatMap((s) => s.chunks)
  const sealed = await reader.fetchTogether(parts.flatMap(idsOf))
  const copies = parts.map((part) => ({
    name: `${part.table.schema}.${part.table.name}`,
    rows: part.table.rows,
    bytes: part.table.bytes,
    chunks: idsOf(part).map((id) => sealed.get(id)!),
  }))
  // What is as large as it says is small; of any other the way of one table says what is wrong.
  if (copies.some(({ bytes, chunks }) => chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== bytes)) return false
  const statements = parts.flatMap(({ table }) => {
    const owner = owners.get(qualifiedName(table))
    const copy = `${copyIntoSql(table, { encoding })};`
    return owner === undefined ? [copy] : [`SET LOCAL ROLE ${quoteIdentifier(owner)};`, copy, 'RESET ROLE;']
  })
  return triedTogether(session, inTransaction, () => session.copyTogether({ sql: statements.join('\n'), copies }))
}
