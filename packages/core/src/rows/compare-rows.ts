import type { Segment } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { type LiveView, shareOut } from './live-view.ts'
import type { ChoosingWeakening } from './patch/choose-tenant.ts'
import { type DifferenceSink, readDifference } from './read-difference.ts'
import { freshSince, isChanged, type SegmentChange, type TableChanges, type Weakening } from './scan-changes.ts'

/** A part of a table whose difference is read as one: a segment of the backup. */
export interface DifferencePart {
  table: TableChanges
  /** Of the table's segments. */
  segment: number
}

/** Where the difference of a part goes; `done` once all of it was given and has proven itself. */
export interface PartSink extends DifferenceSink {
  done(): Promise<void> | void
}

export interface CompareOptions {
  weakening?: Weakening
  /**
   * Reads also the segments that row headers say are as they were, so that their rows are compared with the backup's byte
   * by byte. It costs what reading the whole table costs.
   */
  everySegment?: boolean
  /** Of the rules by which rows of a tenant are chosen. */
  choosing?: ChoosingWeakening
}

/**
 * Reads the rows that differ, of the segments that changed, several at a time.
 *
 * @throws EngineError `HISTORY_DIFFERS` where rows that seem untouched are not what the backup has.
 */
export async function compareRows(
  view: LiveView,
  tables: readonly TableChanges[],
  open: (part: DifferencePart) => PartSink,
  { weakening, everySegment = false }: CompareOptions = {},
): Promise<void> {
  const { reader, manifest } = view.baseline
  const xmin = freshSince(manifest.snapshot, weakening)
  const wanted = (change: SegmentChange) => everySegment || isChanged(change)
  let tasks: { table: TableChanges; segment: Segment; number: number }[] = []
  const work = async () => {
    const some = tasks
    tasks = []
    await shareOut(view.sessions, some, async (session, { table, segment, number }) => {
      const sink = open({ table, segment: number })
      // The live table's name, but the columns as the backup has them: they are the same, in its order.
      const { schema, name } = table.pair.live
      const source = { session, table: { schema, name, columns: table.pair.record.columns }, xmin, reader }
      await readDifference(source, segment, table.segments[number]!, sink)
      await sink.done()
    })
  }
  for (const table of tables) {
    if (!table.segments.some(wanted)) continue
    let number = 0
    for await (const segment of readSegments(reader, table.pair.record.segments)) {
      if (wanted(table.segments[number]!)) tasks.push({ table, segment, number })
      number += 1
      // The lists of chunks are not held for all at once.
      if (tasks.length >= segmentsAtATime) await work()
    }
  }
  await work()
}

const segmentsAtATime = 512
