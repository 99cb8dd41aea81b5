import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import {
  type LargeObjectRecord,
  largeObjectSchema,
  type Manifest,
  type Segment,
} from '../../repository/documents/documents.ts'
import { readSegments } from '../../repository/documents/manifest-chunks.ts'
import { grantStatements } from './acl.ts'
import { sealedChunksOf } from './backup-content.ts'
import type { RestoreSession } from './restore-session.ts'

export interface LargeObjectOptions {
  noOwner: boolean
  noPrivileges: boolean
  roleMap: Record<string, string>
  /** Whether a role is there on this server. */
  exists(role: string): boolean
  /** Bytes of a page: a quarter of the server's block size under which the backup was made. */
  pageBytes: number
  /** In-place: everything is one transaction already. */
  inTransaction: boolean
}

const batch = 1000
/** Segments per transaction of pages, so that temporary pages do not pile up. */
const segmentsAtOnce = 8

/** Creates empty large objects under their own oids; they are filled by {@link loadLargeObjectPages}. */
export async function createLargeObjects(
  session: RestoreSession,
  reader: ChunkReader,
  manifest: Manifest,
): Promise<number> {
  let created = 0
  await inBatches(reader.readJsonLines(manifest.streams.large_objects, largeObjectSchema), async (records) => {
    await session.query(
      'SELECT pg_catalog.count(pg_catalog.lo_create(id)) FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS id',
      [records.map(({ oid }) => oid)],
    )
    created += records.length
  })
  return created
}

/** Writes the pages of all large objects: COPY into a temporary table, from there with lo_put. */
export async function loadLargeObjectPages(
  session: RestoreSession,
  reader: ChunkReader,
  manifest: Manifest,
  options: LargeObjectOptions & { onBytes?: (bytes: number) => void },
): Promise<void> {
  await session.query(
    'CREATE TEMPORARY TABLE large_object_pages (loid pg_catalog.oid, pageno pg_catalog.int4, data pg_catalog.bytea)',
  )
  let some: Segment[] = []
  const load = async () => {
    const segments = some.filter(({ chunks }) => chunks.length > 0)
    some = []
    if (segments.length === 0) return
    await session.copy(
      {
        name: 'large objects',
        before: [...(options.inTransaction ? [] : ['BEGIN']), 'TRUNCATE pg_temp.large_object_pages'],
        sql: 'COPY pg_temp.large_object_pages (loid, pageno, data) FROM STDIN',
        rows: segments.reduce((sum, { rows }) => sum + rows, 0),
        bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
        after: [
          `SELECT pg_catalog.count(pg_catalog.lo_put(loid, pageno::pg_catalog.int8 * ${options.pageBytes}, data))
           FROM pg_temp.large_object_pages`,
          ...(options.inTransaction ? [] : ['COMMIT']),
        ],
      },
      sealedChunksOf(reader, segments),
      options.onBytes,
    )
  }
  for await (const segment of readSegments(reader, manifest.large_object_segments)) {
    some.push(segment)
    if (some.length >= segmentsAtOnce) await load()
  }
  await load()
  await session.query('DROP TABLE pg_temp.large_object_pages')
}

/** Owners, grants, comments and security labels. */
export async function describeLargeObjects(
  session: RestoreSession,
  reader: ChunkReader,
  manifest: Manifest,
  options: LargeObjectOptions,
): Promise<void> {
  await inBatches(reader.readJsonLines(manifest.streams.large_objects, largeObjectSchema), async (records) => {
    const statements = records.flatMap((record) => largeObjectStatements(record, options))
    if (statements.length > 0) await session.run(statements.map((sql) => ({ sql })))
  })
}

/** Pure. */
export function largeObjectStatements(
  record: LargeObjectRecord,
  options: Omit<LargeObjectOptions, 'pageBytes' | 'inTransaction'>,
): string[] {
  const object = `LARGE OBJECT ${record.oid}`
  const statements: string[] = []
  const owner = Object.hasOwn(options.roleMap, record.owner)
    ? (options.roleMap[record.owner] ?? record.owner)
    : record.owner
  if (record.comment !== null) statements.push(`COMMENT ON ${object} IS ${quoteLiteral(record.comment)}`)
  for (const { provider, label } of record.labels) {
    statements.push(`SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${object} IS ${quoteLiteral(label)}`)
  }
  if (!options.noOwner && options.exists(owner)) statements.push(`ALTER ${object} OWNER TO ${quoteIdentifier(owner)}`)
  if (!options.noPrivileges && !options.noOwner) {
    statements.push(...grantStatements(object, record.acl, { ...options, owner: record.owner }))
  }
  return statements
}

async function inBatches<T>(items: AsyncIterable<T>, work: (some: T[]) => Promise<void>): Promise<void> {
  let some: T[] = []
  for await (const item of items) {
    some.push(item)
    if (some.length < batch) continue
    await work(some)
    some = []
  }
  if (some.length > 0) await work(some)
}
