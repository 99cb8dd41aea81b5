import { voidedTable } from '../backup/compare-table.ts'
import type { FingerprintedTable } from '../backup/plan-tables.ts'
import type { Manifest, TableRecord } from '../repository/documents/documents.ts'

/**
 * How a table can be compared with a backup's.
 * - `headers`: by the transaction ids in its rows' headers; only what changed is read.
 * - `content`: the table is the same one or has its name and columns, but its row headers prove nothing; all is read.
 * - `none`: there is nothing to compare with.
 */
export type Comparability = 'headers' | 'content' | 'none'

/** A table of the backup and the one that it is now. */
export interface TablePair {
  record: TableRecord
  live: FingerprintedTable
  way: Comparability
  /** Why not by row headers, for people; `null` where it is. */
  reason: string | null
}

export interface PairedTables {
  pairs: TablePair[]
  /** Tables of the backup that are no more. */
  dropped: TableRecord[]
  /** Tables that the backup does not know. */
  made: FingerprintedTable[]
}

/**
 * Finds for each table of a backup the live one: by its oid where it is the same database, else by its name, which is how
 * a restored table is found again. Pure. `history` says why the two are not of the same history, `null` where they are.
 */
export function pairTables(
  manifest: Pick<Manifest, 'snapshot'>,
  records: Iterable<TableRecord>,
  live: readonly FingerprintedTable[],
  facts: { systemIdentifier: string; databaseOid: number; history: string | null },
): PairedTables {
  const sameDatabase =
    manifest.snapshot.system_identifier === facts.systemIdentifier &&
    manifest.snapshot.database_oid === facts.databaseOid
  const byOid = new Map(live.map((table) => [table.oid, table]))
  const byName = new Map(live.map((table) => [JSON.stringify([table.schema, table.name]), table]))
  const taken = new Set<number>()
  const result: PairedTables = { pairs: [], dropped: [], made: [] }
  for (const record of records) {
    const same = sameDatabase ? byOid.get(record.oid) : undefined
    const found = same ?? byName.get(JSON.stringify([record.schema, record.name]))
    if (!found || taken.has(found.oid)) {
      result.dropped.push(record)
      continue
    }
    taken.add(found.oid)
    result.pairs.push({ record, live: found, ...comparability(record, found, same !== undefined, facts.history) })
  }
  result.made = live.filter(({ oid }) => !taken.has(oid))
  return result
}

function comparability(
  record: TableRecord,
  live: FingerprintedTable,
  same: boolean,
  history: string | null,
): Pick<TablePair, 'way' | 'reason'> {
  if (record.rows_excluded) return { way: 'none', reason: 'the backup left its rows out' }
  if (record.condition !== null || live.condition !== null)
    return { way: 'none', reason: 'the backup has only the rows that an extension registered' }
  const columnsDiffer = JSON.stringify(record.columns) !== JSON.stringify(live.columns)
  if (columnsDiffer) return { way: 'none', reason: 'columns or types changed' }
  if (same && record.fingerprint !== live.fingerprint) return { way: 'none', reason: 'columns or types changed' }
  if (!same) return { way: 'content', reason: 'the table was created again since' }
  const reason = history ?? voidedTable(record, live)
  return { way: reason === null ? 'headers' : 'content', reason }
}
