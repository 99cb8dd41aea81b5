import { EngineError } from '../errors.ts'
import { dumpSchema } from '../postgres/dump-schema.ts'
import type { ExportedSnapshot } from '../postgres/exported-snapshot.ts'
import { fingerprintTables, type TableFingerprint } from '../postgres/fingerprint.ts'
import { readSequences } from '../postgres/sequences.ts'
import type { Session } from '../postgres/session.ts'
import type { SourceTable } from '../postgres/tables.ts'
import type { Segment, StreamRef } from '../repository/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { BackupContext, BackupOptions } from './backup-context.ts'
import { checkCensus } from './census.ts'
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.ts'
import type { InspectedSource } from './inspect-source.ts'
import { largeObjectJob, largeObjectWork, planLargeObjects } from './large-objects.ts'
import { type PlannedTable, planTables, tableJob, tableWork } from './plan-tables.ts'
import { inPhase } from './progress.ts'
import { type Readings, type ReadSegment, readTables } from './read-tables.ts'
import type { WorkItem } from './work-queue.ts'
import type { WorkerPool } from './worker-pool.ts'

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
}

const schemaLockBudgetMs = 5000

/** What a table's rows are estimated to be as text before anything is known: somewhat more than on disk. */
const initialTextPerByte = 1.1

export async function readDatabase(run: {
  context: BackupContext
  options: BackupOptions
  pool: WorkerPool
  snapshot: ExportedSnapshot
  writer: RepositoryWriter
  source: InspectedSource
  /** A session outside of the snapshot: it sees the catalogs as they are now. */
  control: Session
}): Promise<DatabaseReading> {
  const { context, options, control, pool, snapshot, writer } = run
  const { session } = snapshot
  const { report, exclude } = options

  // pg_dump reads the catalogs in a process of its own while the workers read rows.
  const schema = dumpSchema(run.source.tools, context.database, {
    snapshot: snapshot.id,
    exclude,
    excludeBookkeeping: snapshot.bookkeeping,
    // Also with `wait`: pg_dump would wait behind whoever waits for us, a deadlock that PostgreSQL does not see.
    lockBudgetMs: options.lockBudgetMs === 'wait' ? schemaLockBudgetMs : options.lockBudgetMs,
    signal: snapshot.signal,
  })
  schema.catch(() => {})

  const fingerprints = await fingerprintTables(session.query, snapshot.tables)
  const facts = await readDatabaseFacts(session.query, context.inspectors, report)
  const sequences = await readSequences(session.query, exclude)
  const planned = planTables(snapshot.tables, {
    segmentBlocks: context.resources.segmentBlocks,
    blockBytes: snapshot.facts.block_size,
  })
  const pages = await planLargeObjects(
    session.query,
    facts.largeObjects.map(({ oid }) => oid),
  )
  const readings: Readings = { segments: [...planned.map(() => []), []], counts: [], rows: 0, weightDone: 0 }
  const groups = [...tableWork(planned), ...largeObjectWork(pages, planned.length)]
  const totalWeight = groups.flat().reduce((sum, item) => sum + item.weight, 0)
  const toJob = (items: readonly WorkItem[]) => {
    const tables = tableJob(planned, items, session.encoding)
    const objects = largeObjectJob(pages, items)
    return {
      lock: tables.lock,
      copies: [...tables.copies, ...objects.copies],
      counts: [...tables.counts, ...objects.counts],
    }
  }
  await inPhase(
    report,
    'rows',
    () => readTables({ pool, session, groups, toJob, readings, report }),
    () => {
      const bytes = pool.bytesRead
      const done = readings.weightDone
      // What is left is as dense as what is done; at first nobody knows.
      const textPerByte = done > 0 ? bytes / done : initialTextPerByte
      return { bytes, bytesTotal: bytes + Math.max(0, totalWeight - done) * textPerByte, rows: readings.rows }
    },
  )
  census(planned, readings)
  refuseChanges(planned, fingerprints, await fingerprintTables(control.query, snapshot.tables))

  report?.({ type: 'phase', phase: 'schema' })
  const archive = await schema
  const { stream } = await pool.feed((write) => write(new Uint8Array(archive)))

  report?.({ type: 'phase', phase: 'lists' })
  return {
    facts,
    streams: {
      schema: await writer.toStreamRef(stream),
      tables: await writer.writeJsonLines(tableRecords(planned, readings, fingerprints, writer)),
      sequences: await writer.writeJsonLines(sequences),
      large_objects: await writer.writeJsonLines(facts.largeObjects),
    },
    largeObjectSegments: await storedSegments(segmentRecords(pages.ranges, readings.segments[planned.length]!), writer),
    largeObjectCount: facts.largeObjects.length,
    tableCount: planned.length,
    rowCount: planned.reduce((sum, _, index) => sum + rowsOf(readings.segments[index]!), 0),
    bytes: pool.bytesRead,
  }
}

/**
 * Output functions look at the present catalogs, not at the snapshot's: rows read after an enum label was renamed have
 * its new name, rows read before and the schema archive its old one. `before` is as of the snapshot, `after` of now.
 */
function refuseChanges(
  planned: readonly PlannedTable[],
  before: Map<number, TableFingerprint>,
  after: Map<number, TableFingerprint>,
): void {
  const changed = planned.find(({ table: { oid } }) => before.get(oid)?.fingerprint !== after.get(oid)?.fingerprint)
  if (!changed) return
  const { schema, name } = changed.table
  throw new EngineError('DATABASE_CHANGED', `Columns or types of ${schema}.${name} changed while its rows were read.`, {
    detail: { table: `${schema}.${name}` },
  })
}

function census(planned: readonly PlannedTable[], readings: Readings): void {
  const counted = planned.flatMap(({ table, ranges }, index) => {
    if (ranges.length === 0) return []
    const written = rowsOf(readings.segments[index]!)
    return [{ name: `${table.schema}.${table.name}`, written, counted: readings.counts[index] }]
  })
  const pages = readings.segments[planned.length]!
  if (pages.length > 0)
    counted.push({ name: 'large objects', written: rowsOf(pages), counted: readings.counts[planned.length] })
  checkCensus(counted)
}

/** The lines of the `tables` stream, in the order of the catalog, so that an unchanged list costs nothing anew. */
async function* tableRecords(
  planned: readonly PlannedTable<SourceTable>[],
  readings: Readings,
  fingerprints: Map<number, TableFingerprint>,
  writer: RepositoryWriter,
): AsyncGenerator<unknown> {
  for (const [index, { table, ranges, segmentBlocks }] of planned.entries()) {
    const { total_bytes: _, divisible: __, ...recorded } = table
    const segments = segmentRecords(ranges, readings.segments[index]!)
    yield {
      ...recorded,
      ...fingerprints.get(table.oid)!,
      rows: segments.reduce((sum, { rows }) => sum + rows, 0),
      bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
      segment_blocks: segmentBlocks,
      segments: await storedSegments(segments, writer),
      change: { kind: 'read', reason: 'full', segments_read: segments.length },
    }
  }
}

/** Segments as they are recorded: the range, and what reading it gave. */
function segmentRecords(ranges: PlannedTable['ranges'], read: readonly ReadSegment[]): Segment[] {
  return ranges.map((range, index) => {
    const { rows, bytes, ids } = read[index]!
    return { ...range, rows, bytes, chunks: ids }
  })
}

/** Segments kept inside a table's line; a longer list is a stream of its own, which costs nothing while unchanged. */
const inlineSegments = 16

async function storedSegments(segments: Segment[], writer: RepositoryWriter): Promise<Segment[] | StreamRef> {
  return segments.length <= inlineSegments ? segments : writer.writeJsonLines(segments)
}

function rowsOf(segments: readonly ReadSegment[]): number {
  return segments.reduce((sum, { rows }) => sum + rows, 0)
}
