import { highestDumpId, type ReadableArchive, type TocEntry } from '../postgres/archive/archive.ts'
import { archiveText, archiveTextEncoder } from '../postgres/archive/archive-text.ts'
import type { EntryData } from '../postgres/archive/data-block.ts'
import {
  newEntry,
  refreshEntries,
  relationIndex,
  sequenceSetEntry,
  tableDataEntry,
} from '../postgres/archive/data-entries.ts'
import { type LargeObjectGroup, largeObjectEntries } from '../postgres/archive/large-object-entries.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { partitionIndex } from '../postgres/archive/partitions.ts'
import type { ArchivePlan } from '../postgres/archive/write-archive.ts'
import type { ExportSource, ExportTable } from './export-source.ts'
import { largeObjectCursor } from './large-object-pages.ts'

/**
 * A whole archive from a backup: the definitions pg_dump wrote, and among them, where pg_dump would have put them, the
 * entries for the data, which are ours.
 *
 * Ids of new entries count on from the highest in the schema archive, in the order in which the entries are made.
 */
export function archivePlan(source: ExportSource, compressionLevel: number): ArchivePlan {
  const schema = openArchive(source.schema)
  const encode = archiveTextEncoder(schema)
  const find = relationIndex(schema, encode)
  const firstDumpId = highestDumpId(schema) + 1
  const partitionsOf = partitionIndex(schema.entries)
  const { version } = schema.header
  const objectsBelongToPreData = version < 16

  const tables: AsyncIterator<ExportTable> = source.tables()[Symbol.asyncIterator]()
  const cursor = largeObjectCursor(source.largeObjectPages(), source.largeObjectPageBytes)
  const groups = new Map<number, LargeObjectGroup>()
  /** Bytes of the rows, by the dump id of their entry. */
  const lengths = new Map<number, number | undefined>()

  async function* entries(): AsyncGenerator<TocEntry> {
    let last = firstDumpId - 1
    const nextDumpId = () => ++last
    let objects = 0
    const largeObjects = () =>
      largeObjectEntries(
        counted(source.largeObjects(), () => objects++),
        { version, nextDumpId, encode },
        (group) => pending.push(group),
      )
    const pending: LargeObjectGroup[] = []

    let split = 0
    for (const entry of schema.entries) {
      if (entry.section === 'post-data') break
      yield entry
      split++
    }
    if (objectsBelongToPreData) yield* largeObjects()
    const rowsOfTable = new Map<number, number>()
    for await (const table of source.tables()) {
      const relation = find(table)
      const entry = tableDataEntry(table, { dumpId: nextDumpId(), relation, encode })
      if (relation) rowsOfTable.set(relation.dumpId, entry.dumpId)
      lengths.set(entry.dumpId, table.bytes)
      yield entry
    }
    for await (const sequence of source.sequences())
      yield sequenceSetEntry(sequence, { dumpId: nextDumpId(), relation: find(sequence), encode })
    if (!objectsBelongToPreData) yield* largeObjects()
    else if (objects > 0)
      yield newEntry({ dumpId: nextDumpId(), kind: 'BLOBS', section: 'data', hasData: true, tag: 'BLOBS' })
    for (const group of pending) {
      const dumpId = nextDumpId()
      groups.set(dumpId, group)
      const { tag, owner } = group
      yield newEntry({
        dumpId,
        kind: 'BLOBS',
        section: 'data',
        hasData: true,
        tag,
        owner,
        dependencies: [group.dumpId],
      })
    }
    for (const entry of Iterator.from(schema.entries).drop(split))
      yield afterPartitions(entry, partitionsOf, rowsOfTable)
    yield* refreshEntries(schema, source.populatedViews ?? viewsOf(schema), last + 1, encode)
  }

  async function* rowsOf(entry: TocEntry, from?: number): AsyncGenerator<Uint8Array> {
    // Entries come in the order of the tables, so one walk along both suffices; some may be left out.
    for (;;) {
      const { value: table, done } = await tables.next()
      if (done) throw new Error('The tables of the backup changed while it was exported')
      if (entry.tag === encode(table.name) && entry.schema === encode(table.schema)) return yield* table.rows(from)
    }
  }

  async function* objectsOf(entry: TocEntry) {
    const group = groups.get(entry.dumpId)
    if (group !== undefined) for (const oid of group.oids) yield { oid, bytes: cursor.read(oid) }
    else for await (const { oid } of source.largeObjects()) yield { oid, bytes: cursor.read(oid) }
  }

  return {
    header: {
      ...schema.header,
      offsetBytes: 8,
      compression:
        compressionLevel === 0 ? { algorithm: 'none', level: 0 } : { algorithm: 'gzip', level: compressionLevel },
      createdAt: archiveTime(source.createdAt),
    },
    entries,
    data: (entry): EntryData =>
      entry.kind === 'TABLE DATA'
        ? { kind: 'rows', length: lengths.get(entry.dumpId), read: (from) => rowsOf(entry, from) }
        : { kind: 'large-objects', objects: objectsOf(entry) },
  }
}

/**
 * What is made for a partitioned table after its rows has to wait for the rows of its partitions. pg_dump does not say
 * so, and `pg_restore -j` may then create a trigger while rows are still being loaded, and fire it.
 */
function afterPartitions(
  entry: TocEntry,
  partitionsOf: (table: number) => number[],
  rowsOfTable: ReadonlyMap<number, number>,
): TocEntry {
  if (entry.section !== 'post-data') return entry
  const rows = entry.dependencies.flatMap(partitionsOf).flatMap((partition) => rowsOfTable.get(partition) ?? [])
  return rows.length === 0 ? entry : { ...entry, dependencies: [...new Set([...entry.dependencies, ...rows])] }
}

/** Every materialized view. */
export function viewsOf(schema: ReadableArchive) {
  const text = archiveText(schema)
  return Iterator.from(schema.entries)
    .filter((entry) => entry.kind === 'MATERIALIZED VIEW')
    .map((entry) => ({ schema: text(entry.schema ?? ''), name: text(entry.tag ?? '') }))
    .toArray()
}

async function* counted<T>(items: AsyncIterable<T>, onItem: () => void): AsyncGenerator<T> {
  for await (const item of items) {
    onItem()
    yield item
  }
}

/** In UTC, so that the same backup always gives the same bytes. */
function archiveTime(date: Date) {
  return {
    second: date.getUTCSeconds(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: date.getUTCMonth(),
    year: date.getUTCFullYear() - 1900,
    daylightSaving: 0,
  }
}
