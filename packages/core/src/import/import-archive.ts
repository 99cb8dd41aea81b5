import { setImmediate } from 'node:timers/promises'
import { counted } from '../counted.ts'
import { throwIfAborted } from '../errors.ts'
import { log } from '../events.ts'
import type { Archive } from '../postgres/archive/archive.ts'
import { archiveText } from '../postgres/archive/archive-text.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import { canonicalArchive } from '../postgres/archive/canonical-archive.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import type { CommitLease } from '../repository/commit.ts'
import type { Manifest, Segment, StreamRef } from '../repository/documents/documents.ts'
import { claimNumber } from '../repository/documents/numbers.ts'
import { setPin } from '../repository/documents/pins.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { acquireLease } from '../repository/leases/lease.ts'
import type { Repository } from '../repository/repository.ts'
import { createRepositoryWriter, type RepositoryWriter } from '../repository/repository-writer.ts'
import { archiveFacts } from './archive-facts.ts'
import { ByteStream } from './byte-stream.ts'
import { rowSegments } from './copy-text.ts'
import { type DataBlock, dataBlocks } from './data-blocks.ts'
import { requireReadable } from './decompress.ts'
import { describeImport, type ImportOptions, type StoredData } from './describe-import.ts'
import { findWhatRuns } from './find-what-runs.ts'
import { createLargeObjectStore, largeObjectRecords } from './large-objects.ts'
import { type PlannedTable, readContents } from './read-contents.ts'
import { readHead } from './read-head.ts'

/** A table's rows are cut into segments of about this many bytes, at the ends of rows. */
const segmentBytes = 64 * 1024 * 1024
/** Segments kept inside a table's record; more become a stream of their own. */
const inlineSegments = 16

/** How long an import waits for another one to end. */
const waitMs = 3_600_000

/**
 * Makes a backup of a file that stock pg_dump wrote in its custom format, in quarantine: it is read, and nothing in it is
 * run. No database is connected to. Memory is bounded by the table of contents, whatever the rows are.
 *
 * When it resolves, every entry that has data had its data, whole, and the backup is stored. When it rejects, nothing of
 * it is visible.
 *
 * @throws EngineError `ARCHIVE_INVALID`, `ABORTED`, and what the storage fails with.
 */
export async function importArchive(
  repository: Repository,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  const stream = new ByteStream(source)
  try {
    // A prune that deletes at once would take what is stored and not referred to yet.
    const holder = `import of ${JSON.stringify(options.name)}`
    const lease = await acquireLease(repository, { name: 'import', holder, waitMs, signal: options.signal })
    const signal = AbortSignal.any([lease.lost, ...(options.signal ? [options.signal] : [])])
    try {
      return await importStream(repository, stream, { ...options, signal, lease })
    } catch (error) {
      throw lease.lost.aborted ? lease.lost.reason : error
    } finally {
      await lease.release()
    }
  } finally {
    await stream.close()
  }
}

async function importStream(
  repository: Repository,
  stream: ByteStream,
  options: ImportOptions & { lease: CommitLease; signal: AbortSignal },
): Promise<{ manifest: Manifest; checksum: string }> {
  const { signal, report, packBytes, compressionLevel, lease } = options
  report?.({ type: 'phase', phase: 'schema' })
  const head = await readHead(stream)
  requireReadable(head.archive.header.compression.algorithm)
  const text = archiveText(head.archive)
  const contents = readContents(head.archive, text)
  const findings = await findWhatRuns(head.archive.entries, text)
  const facts = archiveFacts(head.archive, text, findings)

  const index = await loadChunkIndex(repository, { signal, readAround: true, withMarks: true })
  const writer = createRepositoryWriter(repository, { index, signal, lease, packBytes, compressionLevel })
  const schema = await storeDefinitions(head.bytes, contents.definitions, writer)
  report?.({ type: 'phase', phase: 'rows' })
  const data = await storeData(stream, head.archive, { contents, writer, text, signal })
  const file = { file_sha256: stream.sha256(), file_bytes: stream.position }
  requireSame(file.file_sha256, options.sha256)

  report?.({ type: 'phase', phase: 'manifest' })
  const streams = { schema, ...data.streams, sequences: await writer.writeJsonLines(contents.sequences) }
  const [{ storedBytes }, number] = [await writer.finish(), await claimNumber(repository, { signal })]
  const manifest = describeImport({ number, storedBytes, streams, data, facts, options, file, findings })
  return await commit(repository, writer, manifest, options)
}

function requireSame(sha256: string, wanted: string | undefined): void {
  if (wanted !== undefined && wanted.toLowerCase() !== sha256)
    throw invalid(`its SHA-256 is ${sha256}, not ${wanted.toLowerCase()}`)
}

/** Puts the manifest, which is the backup; with its pin, where one is asked for. */
async function commit(
  repository: Repository,
  writer: RepositoryWriter,
  manifest: Manifest,
  { pinned, createdBy, report, signal }: ImportOptions,
): Promise<{ manifest: Manifest; checksum: string }> {
  throwIfAborted(signal)
  if (pinned) await setPin(repository, manifest.id, true, { by: createdBy })
  try {
    const { checksum } = await writer.commit(manifest)
    const { number, table_count, row_count } = manifest
    log(
      report,
      'info',
      `Backup ${number} has ${counted(table_count, 'table')} with ${counted(row_count, 'row')}. It is in quarantine.`,
    )
    return { manifest, checksum }
  } catch (error) {
    if (pinned) await setPin(repository, manifest.id, false).catch(() => {})
    throw error
  }
}

/** The definitions, as a backup of the same schema has them. */
async function storeDefinitions(
  head: Buffer,
  isDefinition: ReturnType<typeof readContents>['definitions'],
  writer: RepositoryWriter,
): Promise<StreamRef> {
  const archive = openArchive(head, 'latin1')
  const entries = {
    [Symbol.iterator]: () => Iterator.from(archive.entries).filter(isDefinition),
  }
  // Definitions have no data that is compressed: the same ones are stored once, however the rows were.
  const header = { ...archive.header, compression: { algorithm: 'gzip', level: -1 } as const }
  async function* pieces() {
    for (const piece of canonicalArchive({ header, entries })) {
      yield piece
      await setImmediate()
    }
  }
  return writer.writeStream(pieces())
}

async function storeData(
  stream: ByteStream,
  archive: Archive,
  run: {
    contents: ReturnType<typeof readContents>
    writer: RepositoryWriter
    text: (text: string) => string
    signal: AbortSignal | undefined
  },
): Promise<StoredData> {
  const { contents, writer, text, signal } = run
  const records = largeObjectRecords(archive.entries, text)
  const largeObjects = createLargeObjectStore(records, writer)
  const stored = new Map<number, StoredRows>()
  for await (const block of dataBlocks(stream, archive)) {
    throwIfAborted(signal)
    if (block.kind === 'large-objects') await largeObjects.store(block)
    else stored.set(block.entry.dumpId, await storeRows(block, contents.tables.get(block.entry.dumpId), writer))
  }
  const segments = largeObjects.finish()
  const sum = (of: 'rows' | 'bytes') => stored.values().reduce((total, one) => total + one[of], 0)
  const pages = segments.reduce((total, { bytes }) => total + bytes, 0)
  return {
    streams: {
      tables: await writer.writeJsonLines(
        contents.tables.entries().map(([dumpId, table]) => ({ ...table, ...stored.get(dumpId) })),
      ),
      large_objects: await writer.writeJsonLines(records.values()),
    },
    largeObjectSegments: await storedSegments(segments, writer),
    largeObjects: records.size,
    tables: contents.tables.size,
    rows: sum('rows'),
    bytes: sum('bytes') + pages,
  }
}

interface StoredRows {
  rows: number
  bytes: number
  blocks: number
  segments: Segment[] | StreamRef
}

async function storeRows(
  block: DataBlock & { kind: 'rows' },
  table: PlannedTable | undefined,
  writer: RepositoryWriter,
): Promise<StoredRows> {
  if (!table) throw new Error('A block of rows has no table')
  const segments: Segment[] = []
  for await (const segment of rowSegments(block.bytes, `${table.schema}.${table.name}`, segmentBytes)) {
    const { bytes, ids } = await writer.writeChunks(segment.bytes)
    const start = segments.length
    if (bytes > 0) segments.push({ start, end: start + 1, blocks: 1, rows: segment.rows, bytes, chunks: ids })
  }
  const last = segments.at(-1)
  if (last) last.end = null
  return {
    rows: segments.reduce((sum, { rows }) => sum + rows, 0),
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    blocks: segments.length,
    segments: await storedSegments(segments, writer),
  }
}

async function storedSegments(segments: Segment[], writer: RepositoryWriter): Promise<Segment[] | StreamRef> {
  return segments.length <= inlineSegments ? segments : writer.writeJsonLines(segments)
}
