import { setImmediate } from 'node:timers/promises'
import { log } from '../events.ts'
import { canonicalSchema } from '../postgres/archive/canonical-archive.ts'
import type { ExportedSnapshot } from '../postgres/exported-snapshot.ts'
import { readSequences } from '../postgres/sequences.ts'
import type { Session } from '../postgres/session.ts'
import type { Manifest, Segment, StreamRef } from '../repository/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { BackupContext, BackupOptions } from './backup-context.ts'
import { censusOf, checkCensus } from './census.ts'
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.ts'
import { describeChange, detectChanges, readEverything, type TableChange } from './detect-changes.ts'
import type { Base } from './find-base.ts'
import { detectLargeObjectChanges, earlierLargeObjects } from './large-object-changes.ts'
import { type LargeObjectPlan, planLargeObjects, readLargeObjectAccess } from './large-objects.ts'
import type { LazyPool } from './lazy-pool.ts'
import { type PlannedTable, planTables } from './plan-tables.ts'
import { readRows } from './read-rows.ts'
import { saidFirst } from './said-first.ts'
import { defaultSampleShare } from './sample.ts'
import type { ScanSessions } from './scan-sessions.ts'
import { refuseChanges } from './still-the-same.ts'
import { storeLargeObjects } from './store-large-objects.ts'
import { segmentRecords, storedSegments, tableRecords } from './table-records.ts'

/** Everything of a database that a backup holds, read under one snapshot and stored; the manifest refers to it. */
export interface DatabaseReading {
  facts: DatabaseFacts
  streams: { schema: StreamRef; tables: StreamRef; sequences: StreamRef; large_objects: StreamRef }
  largeObjectSegments: Segment[] | StreamRef
  largeObjectCount: number
  tableCount: number
  rowCount: number
  /** Bytes of all rows and pages as COPY text, and of the schema. */
  bytes: number
  /** How the rows came here; the manifest adds since when. */
  change: Omit<NonNullable<Manifest['change']>, 'last_full_at' | 'reason'>
  /** An unchanged segment of the base was not what it had been. */
  baseIsWrong: string | null
}

export async function readDatabase(run: {
  context: BackupContext
  options: BackupOptions
  pool: LazyPool
  snapshot: ExportedSnapshot
  writer: RepositoryWriter
  /** The definitions, which pg_dump is reading. */
  schema: Promise<Buffer>
  /** For change detection. */
  scanSessions: ScanSessions
  /** A session outside of the snapshot: it sees the catalogs as they are now. */
  control: Session
  /** What to compare with; or why everything is read. */
  base: Base | { reason: string }
}): Promise<DatabaseReading> {
  const { context, options, control, pool, snapshot, writer } = run
  const { session } = snapshot
  const { report } = options
  const base = 'reason' in run.base ? null : run.base

  const planned = planTables(snapshot.tables, {
    segmentBlocks: context.resources.segmentBlocks,
    blockBytes: snapshot.facts.block_size,
    earlier: ({ oid }) => base?.tables.get(oid)?.segment_blocks,
  })
  const onMain = readOnMain(run, base)
  onMain.catch(() => {})
  if (base) report?.({ type: 'phase', phase: 'compare' })
  const tableChanges = base
    ? await detectChanges({
        planned,
        base,
        main: session,
        mainIsFree: onMain,
        open: () => run.scanSessions.join(snapshot.id),
        connections: context.resources.connections,
      })
    : readEverything(planned, 'reason' in run.base ? run.base.reason : '')
  const { facts, sequences, largeObjects, pages, largeObjectChange } = await onMain

  const rows = await readRows({
    pool,
    writer,
    session,
    planned,
    pages,
    changes: [...tableChanges, largeObjectChange],
    sample: {
      share: context.changeDetection?.sampleShare ?? defaultSampleShare,
      turn: base ? base.manifest.number + 1 : 0,
    },
    reader: base?.reader ?? null,
    report,
  })
  checkCensus(censusOf(planned, rows))

  report?.({ type: 'phase', phase: 'schema' })
  const unchanged = refuseChanges(control.query, snapshot)
  // What pg_dump failed of may be such a change.
  const definitions = await saidFirst(unchanged, run.schema)
  await unchanged

  report?.({ type: 'phase', phase: 'lists' })
  const schema = await storeSchema(definitions, pool, writer)
  const objectRows = rows.segments[planned.length]!
  const objectsRead = rows.segmentsRead[planned.length]!
  const all = rows.segments.flat()
  const tableRows = rows.segments.slice(0, planned.length).flat()
  const reading: DatabaseReading = {
    facts,
    streams: {
      schema,
      tables: await writer.writeJsonLines(tableRecords(planned, rows, writer)),
      sequences: await writer.writeJsonLines(sequences),
      large_objects: largeObjects.stream,
    },
    largeObjectSegments: await storedSegments(segmentRecords(pages.ranges, objectRows), writer),
    largeObjectCount: largeObjects.oids.length,
    tableCount: planned.length,
    rowCount: tableRows.reduce((sum, segment) => sum + segment.rows, 0),
    bytes: all.reduce((sum, segment) => sum + segment.bytes, 0) + schema.bytes,
    change: {
      large_object_pages: pages.direct,
      large_objects: describeChange(rows.changes[planned.length]!, objectsRead),
      bytes_read: rows.bytesRead,
      segments: all.length,
      segments_read: rows.segmentsRead.reduce((sum, read) => sum + read, 0),
      segments_sampled: rows.segmentsSampled,
    },
    baseIsWrong: rows.baseIsWrong,
  }
  if (base) log(report, 'info', summary(rows.changes, planned, reading))
  return reading
}

/** What is asked of the session that holds the snapshot, one question after the other. */
async function readOnMain(run: Parameters<typeof readDatabase>[0], base: Base | null) {
  const { context, options, snapshot, writer } = run
  const { query } = snapshot.session
  const facts = await readDatabaseFacts(query, context.inspectors, options.report)
  const sequences = await readSequences(query, options.exclude)
  const largeObjects = await storeLargeObjects(query, writer)
  const access = await readLargeObjectAccess(query)
  const earlier = base
    ? await earlierLargeObjects(base, access.direct)
    : { voided: 'reason' in run.base ? run.base.reason : '' }
  const compared = Array.isArray(earlier) ? earlier : []
  const pages: LargeObjectPlan = planLargeObjects(largeObjects.oids, access, compared)
  let largeObjectChange: TableChange = {
    takenOver: pages.ranges.map(() => undefined),
    counted: null,
    voided: Array.isArray(earlier) ? null : earlier.voided,
  }
  if (base && pages.ranges.length > 0 && Array.isArray(earlier))
    largeObjectChange = await detectLargeObjectChanges(query, pages, base, earlier)
  return { facts, sequences, largeObjects, pages, largeObjectChange }
}

/**
 * On a worker where there are any; else here: definitions are small, and a thread takes longer to start. pg_dump writes
 * the time into them: without that, those that did not change are not stored again.
 */
async function storeSchema(definitions: Uint8Array, pool: LazyPool, writer: RepositoryWriter): Promise<StreamRef> {
  const pieces = inTurns(canonicalSchema(definitions))
  if (!pool.started) return writer.writeStream(pieces)
  const { stream } = await pool.feed(async (write) => {
    for await (const piece of pieces) await write(new Uint8Array(piece))
  })
  return writer.toStreamRef(stream)
}

/** Each piece is some milliseconds of this thread's time; the host's own work comes between two. */
async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    yield item
    await setImmediate()
  }
}

function summary(changes: TableChange[], planned: readonly PlannedTable[], { change }: DatabaseReading): string {
  const unchanged = changes
    .slice(0, planned.length)
    .filter(({ takenOver, voided }) => voided === null && !takenOver.includes(undefined))
  return `${unchanged.length} of ${planned.length} tables are unchanged; ${change.segments_read} of ${change.segments} segments were read.`
}
