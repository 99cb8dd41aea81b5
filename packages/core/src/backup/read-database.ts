import { setImmediate } from 'node:timers/promises'
import { log } from '../events.ts'
import { canonicalSchema } from '../postgres/archive/canonical-archive.ts'
import type { ExportedSnapshot } from '../postgres/exported-snapshot.ts'
import type { Query } from '../postgres/query.ts'
import { readSequences } from '../postgres/sequences.ts'
import type { Session } from '../postgres/session.ts'
import type { Manifest, Segment, StreamRef } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { BackupContext, BackupOptions } from './backup-context.ts'
import { checkRowCounts, rowCountsOf } from './check-row-counts.ts'
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.ts'
import { describeChange, detectChanges } from './detect-changes.ts'
import type { Base } from './find-base.ts'
import { detectLargeObjectChanges, earlierLargeObjects } from './large-object-changes.ts'
import { type LargeObjectPlan, planLargeObjects, readLargeObjectAccess } from './large-objects.ts'
import type { LazyPool } from './lazy-pool.ts'
import { planTables } from './plan-tables.ts'
import { preferErrorOf } from './prefer-error-of.ts'
import { readRows } from './read-rows.ts'
import {
  changedWhole,
  type Readable,
  type ReadableTable,
  type RowChange,
  readableLargeObjects,
  readableTable,
  segmentsOf,
  segmentsRead,
} from './readable.ts'
import { refuseChanges } from './same-schema.ts'
import { sampleOf } from './sample.ts'
import type { ScanSessions } from './scan-sessions.ts'
import { storeLargeObjects } from './store-large-objects.ts'
import { segmentRecords, storedSegments, tableRecords } from './table-records.ts'
import { takeOverIdle } from './take-over-idle.ts'

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

interface DatabaseRun {
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
}

export async function readDatabase(run: DatabaseRun): Promise<DatabaseReading> {
  const { context, options, control, pool, snapshot, writer } = run
  const { session } = snapshot
  const { report } = options
  const base = 'reason' in run.base ? null : run.base

  const onMain = readOnMain(run, base)
  onMain.catch(() => {})
  if (base) report?.({ type: 'phase', phase: 'compare' })
  const tables = await planReadableTables(run, base, onMain)
  const { facts, sequences, largeObjects, pages } = await onMain
  const readables: Readable[] = [...tables, pages]

  const sample = sampleOf(context.changeDetection?.sampleShare, base)
  const reader = base?.reader ?? null
  const rows = await readRows({ pool, writer, session, readables, sample, reader, report })
  checkRowCounts(rowCountsOf(readables))

  report?.({ type: 'phase', phase: 'schema' })
  const unchanged = refuseChanges(control.query, snapshot)
  // What pg_dump failed of may be such a change.
  const definitions = await preferErrorOf(unchanged, run.schema)
  await unchanged

  report?.({ type: 'phase', phase: 'lists' })
  const schema = await storeSchema(definitions, pool, writer)
  const tableTotals = totalsOf(tables)
  const pageTotals = totalsOf([pages])
  const reading: DatabaseReading = {
    facts,
    streams: {
      schema,
      tables: await writer.writeJsonLines(tableRecords(tables, writer)),
      sequences: await writer.writeJsonLines(sequences),
      large_objects: largeObjects.stream,
    },
    largeObjectSegments: await storedSegments(segmentRecords(pages.ranges, segmentsOf(pages)), writer),
    largeObjectCount: largeObjects.oids.length,
    tableCount: tables.length,
    rowCount: tableTotals.rows,
    bytes: tableTotals.bytes + pageTotals.bytes + schema.bytes,
    change: {
      large_object_pages: pages.direct,
      large_objects: describeChange(pages.change, pageTotals.read),
      bytes_read: rows.bytesRead,
      segments: tableTotals.segments + pageTotals.segments,
      segments_read: tableTotals.read + pageTotals.read,
      segments_sampled: rows.segmentsSampled,
      ...(rows.baseIsWrong === null ? proofOf(base) : {}),
    },
    baseIsWrong: rows.baseIsWrong,
  }
  if (base) log(report, 'info', summary(tables, reading, base))
  return reading
}

/** What the comparison rests on. */
function proofOf(base: Base | null): { proof?: string; not_idle?: string } {
  if (!base) return {}
  return base.notIdle === null ? { proof: 'idle' } : { proof: 'scan', not_idle: base.notIdle }
}

/** The tables, cut into ranges and compared with the base where there is one. */
async function planReadableTables(
  run: DatabaseRun,
  base: Base | null,
  mainIsFree: Promise<unknown>,
): Promise<ReadableTable[]> {
  const { context, snapshot, scanSessions } = run
  const planned = planTables(snapshot.tables, {
    segmentBlocks: context.resources.segmentBlocks,
    blockBytes: snapshot.facts.block_size,
    earlier: ({ oid }) => base?.tables.get(oid)?.segment_blocks,
  })
  if (!base) {
    const why = 'reason' in run.base ? run.base.reason : ''
    return planned.map((plan) => readableTable(plan, changedWhole(plan.ranges, why)))
  }
  const idle = await takeOverIdle(planned, base)
  const changes = await detectChanges({
    planned: planned.filter((_, index) => !idle.has(index)),
    base,
    main: snapshot.session,
    mainIsFree,
    open: () => scanSessions.join(snapshot.id),
    connections: context.resources.connections,
  })
  let scanned = 0
  return planned.map((plan, index) => {
    const taken = idle.get(index)
    return taken ? readableTable(taken.planned, taken.change) : readableTable(plan, changes[scanned++]!)
  })
}

/** What is asked of the session that holds the snapshot, one question after the other. */
async function readOnMain(run: DatabaseRun, base: Base | null) {
  const { context, options, snapshot, writer } = run
  const { query } = snapshot.session
  const facts = await readDatabaseFacts(query, context, options.report)
  const sequences = await readSequences(query, options.exclude)
  const largeObjects = await storeLargeObjects(query, writer)
  const access = await readLargeObjectAccess(query)
  const earlier = base
    ? await earlierLargeObjects(base, access.direct)
    : { voided: 'reason' in run.base ? run.base.reason : '' }
  const plan = planLargeObjects(largeObjects.oids, access, Array.isArray(earlier) ? earlier : [])
  const pages = readableLargeObjects(plan, await largeObjectChange(query, plan, base, earlier))
  return { facts, sequences, largeObjects, pages }
}

async function largeObjectChange(
  query: Query,
  plan: LargeObjectPlan,
  base: Base | null,
  earlier: Segment[] | { voided: string },
): Promise<RowChange> {
  if (!Array.isArray(earlier)) return changedWhole(plan.ranges, earlier.voided)
  if (base && plan.ranges.length > 0) return detectLargeObjectChanges(query, plan, base, earlier)
  return { takenOver: [], counted: null, voided: null }
}

/** Sums over all ranges of some readables. */
function totalsOf(readables: readonly Readable[]) {
  const totals = { segments: 0, read: 0, rows: 0, bytes: 0 }
  for (const readable of readables) {
    const segments = segmentsOf(readable)
    totals.segments += segments.length
    totals.read += segmentsRead(readable)
    for (const { rows, bytes } of segments) {
      totals.rows += rows
      totals.bytes += bytes
    }
  }
  return totals
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

function summary(tables: readonly ReadableTable[], { change }: DatabaseReading, { notIdle, manifest }: Base): string {
  const unchanged = tables.filter(
    ({ change: { takenOver, voided } }) => voided === null && !takenOver.includes(undefined),
  )
  const how = notIdle ?? `no transaction has ended since backup ${manifest.number}, and none was scanned`
  return `${unchanged.length} of ${tables.length} tables are unchanged (${how}); ${change.segments_read} of ${change.segments} segments were read.`
}
