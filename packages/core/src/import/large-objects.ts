import type { TocEntry } from '../postgres/archive/archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import type { LargeObjectRecord, Segment } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { DataBlock } from './data-blocks.ts'
import { parseLargeObjectComment, parseLargeObjectGrants, parseLargeObjectLabels } from './sql-text.ts'

/** Bytes of a full page: a quarter of PostgreSQL's usual block. The bytes of an object are cut into these. */
export const pageBytes = 2048

/** Entries about large objects: an import makes records of them, and no definitions. */
export function isOfLargeObject({ kind, tag }: TocEntry): boolean {
  if (kind === 'BLOB' || kind === 'BLOBS' || kind === 'BLOB METADATA') return true
  return annotations.has(kind) && /^LARGE OBJECTS? \d/.test(tag ?? '')
}

const annotations = new Set(['ACL', 'COMMENT', 'SECURITY LABEL'])

/**
 * What the table of contents says of the large objects, by ascending oid: of versions before 1.16 an entry each, of 1.16
 * one for each group. Throws `ARCHIVE_INVALID` for statements that are not as pg_dump writes them.
 */
export function largeObjectRecords(
  entries: readonly TocEntry[],
  text: (text: string) => string,
): Map<number, LargeObjectRecord> {
  const found: LargeObjectRecord[] = []
  const groups = new Map<string, LargeObjectRecord[]>()
  for (const { kind, tag, definition, owner } of entries) {
    if (kind !== 'BLOB' && kind !== 'BLOB METADATA') continue
    const oids = (kind === 'BLOB' ? (tag ?? '') : (definition ?? '')).split('\n').filter(Boolean).map(oidOf)
    const made = oids.map((oid) => ({ oid, owner: text(owner ?? ''), acl: null, comment: null, labels: [] }))
    groups.set(tag ?? '', made)
    for (const record of made) found.push(record)
  }
  found.sort((a, b) => a.oid - b.oid)
  const records = new Map(found.map((record) => [record.oid, record]))
  if (records.size !== found.length) throw invalid('a large object is described twice')
  for (const entry of entries) if (annotations.has(entry.kind) && isOfLargeObject(entry)) annotate(entry)
  return records

  function annotate({ kind, tag, definition }: TocEntry): void {
    const [, place = ''] = /^LARGE OBJECTS? (.*)$/.exec(tag ?? '') ?? []
    const first = oidOf(place.split('..')[0] ?? '')
    const of = place.includes('..') ? groups.get(place) : [records.get(first)]
    const sql = text(definition ?? '')
    for (const record of of ?? [undefined]) {
      if (!record) throw invalid(`${tag} is spoken of, and there is no such large object`)
      if (kind === 'COMMENT') record.comment = understood(parseLargeObjectComment(sql, first), tag)
      else if (kind === 'ACL') record.acl = understood(parseLargeObjectGrants(sql, first, record.owner), tag)
      else record.labels = understood(parseLargeObjectLabels(sql, first), tag)
    }
  }
}

function understood<T>(parsed: T | null, tag: string | null): T {
  if (parsed === null) throw invalid(`what is said of ${tag} is not as pg_dump writes it`)
  return parsed
}

function oidOf(text: string): number {
  const oid = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (oid <= 0 || oid > 0xffff_ffff) throw invalid('a large object has no valid oid')
  return oid
}

/** A segment is not made much longer than this. */
const segmentBytes = 16 * 1024 * 1024

/**
 * Stores the bytes of large objects as COPY text of their pages. Blocks may come in any order of owners, segments are in
 * the order of the oids: one ends where the next object is not the next in that order.
 */
export function createLargeObjectStore(records: ReadonlyMap<number, LargeObjectRecord>, writer: RepositoryWriter) {
  const order = new Map([...records.keys()].map((oid, index) => [oid, index]))
  const stored = new Set<number>()
  const segments: Segment[] = []

  /** Stores all objects of a block. */
  async function store(block: DataBlock & { kind: 'large-objects' }): Promise<void> {
    const objects = block.objects[Symbol.asyncIterator]()
    let next = await objects.next()
    while (!next.done) {
      const segment: Segment = {
        start: next.value.oid,
        end: next.value.oid + 1,
        blocks: 0,
        rows: 0,
        bytes: 0,
        chunks: [],
      }
      async function* run() {
        while (!next.done) {
          const { oid, bytes } = next.value
          if (!order.has(oid)) throw invalid(`there are bytes of large object ${oid}, which is not described`)
          if (stored.has(oid)) throw invalid(`the bytes of large object ${oid} are there twice`)
          stored.add(oid)
          for await (const row of pages(oid, bytes)) {
            segment.rows++
            segment.bytes += row.length
            yield row
          }
          segment.end = oid + 1
          next = await objects.next()
          if (next.done || order.get(next.value.oid) !== (order.get(oid) ?? 0) + 1 || segment.bytes > segmentBytes)
            return
        }
      }
      segment.chunks = (await writer.writeChunks(run())).ids
      segments.push(segment)
    }
  }

  return {
    store,
    /** By ascending oid. Throws `ARCHIVE_INVALID` where an object's bytes never came. */
    finish(): Segment[] {
      for (const oid of records.keys())
        if (!stored.has(oid)) throw invalid(`it is cut short: the bytes of large object ${oid} are not there`)
      return segments.filter(({ rows }) => rows > 0).sort((a, b) => a.start - b.start)
    },
  }
}

async function* pages(oid: number, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let page = 0
  const row = (data: Buffer) => Buffer.from(`${oid}\t${page++}\t\\\\x${data.toString('hex')}\n`, 'latin1')
  let held: Buffer = Buffer.alloc(0)
  for await (const piece of bytes) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece])
    let at = 0
    for (; held.length - at >= pageBytes; at += pageBytes) yield row(held.subarray(at, at + pageBytes))
    held = Buffer.from(held.subarray(at))
  }
  if (held.length > 0) yield row(held)
}
