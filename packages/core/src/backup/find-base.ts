import { isEngineError } from '../errors.ts'
import { isMarkerVisible } from '../postgres/marker.ts'
import type { Query } from '../postgres/query.ts'
import { earlierAgeSql, mayBeFresh } from '../postgres/scan-segments.ts'
import { walReached } from '../postgres/snapshot-facts.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, type SnapshotFacts, type TableRecord, tableSchema } from '../repository/documents/documents.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { openedBackups } from '../repository/documents/opened-objects.ts'
import { listVerifications, verdictsOf } from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import { type BaseCandidate, chooseBase } from './base.ts'
import { differentHistory } from './same-history.ts'

/** An earlier backup to compare with, and what it says of each table. */
export interface Base {
  manifest: Manifest
  /** By oid. */
  tables: Map<number, TableRecord>
  reader: ChunkReader
  index: ChunkIndex
}

/** `reason`: why there is none. */
export type FoundBase = { base: Base; positionReached: boolean } | { reason: string }

/** The backups that are there, of which one may become the base. */
export interface EarlierBackups {
  candidates: BaseCandidate[]
  /** Ids of those that cannot be read. */
  damaged: string[]
}

export async function readEarlierBackups(
  repository: Repository,
  { signal }: { signal?: AbortSignal } = {},
): Promise<EarlierBackups> {
  // What a backup builds on is read, never remembered; the lists after it need not read it again.
  const opened = openedBackups(repository, { fresh: true })
  const [verifications, manifests] = await Promise.all([
    listVerifications(repository, undefined, { signal, opened: opened.verifications }),
    Array.fromAsync(listManifests(repository, { signal, opened: opened.manifests })),
  ])
  const verdicts = verdictsOf(verifications)
  // What cannot be restored for what it contains is read right all the same.
  const isWrong = (id: string) => {
    const decided = verdicts.get(id)?.decided
    return decided?.ok === false && decided.level !== 'restore'
  }
  const earlier: EarlierBackups = { candidates: [], damaged: [] }
  for (const { id, manifest } of manifests) {
    if (manifest) earlier.candidates.push({ manifest, failedVerification: isWrong(id) })
    else earlier.damaged.push(id)
  }
  return earlier
}

/**
 * Finds the base and reads what it says of its tables. To be called before the present snapshot is taken: a backup that
 * is found afterwards may be of a later moment.
 */
export async function findBase(run: {
  repository: Repository
  index: ChunkIndex
  /** Null where none is wanted. */
  earlier: EarlierBackups | null
  /** Outside of any transaction. */
  query: Query
  type: Manifest['type']
  database: { system_identifier: string; database_oid: number }
  fullEveryDays: number
  signal?: AbortSignal
}): Promise<FoundBase> {
  const { repository, index, earlier, query, type, database, fullEveryDays, signal } = run
  if (type === 'full' || earlier === null) return { reason: 'asked for' }
  const choice = chooseBase({ type, ...earlier, database, fullEveryDays, now: new Date() })
  if ('reason' in choice) return choice
  const { base: manifest } = choice
  const reader = createChunkReader(repository, index, { signal })
  const tables = new Map<number, TableRecord>()
  try {
    for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) tables.set(table.oid, table)
  } catch (error) {
    if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
    return { reason: `what backup ${manifest.number} says of its tables cannot be read` }
  }
  const positionReached = await walReached(query, manifest.snapshot.insert_lsn)
  return { base: { manifest, tables, reader, index }, positionReached }
}

/** The base, once the present snapshot is there and is seen to be of the same history. `query` runs under it. */
export async function confirmBase(
  query: Query,
  found: FoundBase,
  now: SnapshotFacts,
): Promise<Base | { reason: string }> {
  if ('reason' in found) return found
  const { snapshot, number } = found.base.manifest
  const markerVisible = snapshot.marker !== null && (await isMarkerVisible(query, snapshot.marker))
  // Bootstrap ids are given out once, by initdb: a row that has one, as it had then, is as old as the server.
  const [row] = await query<{ older: boolean; durable: boolean }>(
    `${earlierAgeSql(snapshot.xmin)}
     SELECT NOT (${mayBeFresh('d.xmin')}) OR (d.xmin::text = $1 AND d.xmin::text IN ('1', '2')) AS older,
       pg_catalog.current_setting('fsync') = 'on' AS durable
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
    [snapshot.database_row_xmin],
  )
  const reason = differentHistory(snapshot, now, {
    markerVisible,
    databaseRowOlder: row?.older === true,
    durable: row?.durable === true,
    positionReached: found.positionReached,
  })
  return reason === null ? found.base : { reason: `backup ${number} is no base: ${reason}` }
}
