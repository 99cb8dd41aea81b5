import type { Segment } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { voidedTable } from './compare-table.ts'
import { isStored } from './detect-changes.ts'
import type { Base } from './find-base.ts'
import { tiles } from './large-objects.ts'
import type { FingerprintedTable, PlannedTable } from './plan-tables.ts'
import type { RowChange } from './readable.ts'

/** A table whose rows are those of the base: its ranges are the base's own. */
export interface IdleTable {
  planned: PlannedTable<FingerprintedTable>
  change: RowChange
}

/**
 * The tables that are taken over whole because no transaction has ended since the base, by their place in `planned`. None
 * of their pages is read. What else can be between two readings of the same rows is looked at as ever: the same file, the
 * same columns and types; and only of a permanent table a crash takes no row away.
 *
 * Their rows were counted when the base was made: by COPY, and by another query under the same snapshot.
 */
export async function takeOverIdle(
  planned: readonly PlannedTable<FingerprintedTable>[],
  base: Base,
): Promise<Map<number, IdleTable>> {
  const found = new Map<number, IdleTable>()
  if (base.notIdle !== null) return found
  for (const [index, { table }] of planned.entries()) {
    const earlier = base.tables.get(table.oid)
    if (earlier === undefined || !table.permanent || voidedTable(earlier, table) !== null) continue
    const segments: Segment[] = []
    for await (const segment of readSegments(base.reader, earlier.segments)) segments.push(segment)
    const change = changeOfIdle(segments, base)
    if (change === null) continue
    const ranges = segments.map(({ start, end, blocks }) => ({ start, end, blocks }))
    found.set(index, { planned: { table, ranges, segmentBlocks: earlier.segment_blocks }, change })
  }
  return found
}

/** Segments taken over without a scan; `null` where one would have to be read. */
export function changeOfIdle(segments: readonly Segment[], { index }: Pick<Base, 'index'>): RowChange | null {
  if (!tiles(segments) || !segments.every((segment) => isStored(index, segment))) return null
  return { takenOver: [...segments], counted: segments.map(({ rows }) => rows), voided: null, proof: 'idle' }
}
