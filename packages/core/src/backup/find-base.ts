import { isEngineError } from '../errors.ts'
import { isMarkerVisible, visibleMarkers } from '../postgres/marker.ts'
import type { Query } from '../postgres/query.ts'
import { earlierAgeSql, mayBeFresh } from '../postgres/scan-segments.ts'
import { glanceAtTransactions, walReached } from '../postgres/snapshot-facts.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, type SnapshotFacts, type TableRecord, tableSchema } from '../repository/documents/documents.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { openedBackups } from '../repository/documents/opened-objects.ts'
import { listVerifications, verdictsOf } from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import { type BaseCandidate, chooseBase } from './base.ts'
import { whyNotIdle } from './idle-since.ts'
import { differentHistory } from './same-history.ts'

/** An earlier backup, and what it says of each table. */
export interface EarlierBase {
  manifest: Manifest
  /** By oid. */
  tables: Map<number, TableRecord>
  reader: ChunkReader
  index: ChunkIndex
  /** Number of the newest backup there was; default: its own. */
  newest?: number
}

/** An earlier backup to compare with: of the same history. */
export interface Base extends EarlierBase {
  /** What speaks against that no transaction has ended since; `null`: none has, and no table need be scanned. */
  notIdle: string | null
}

/** `reason`: why there is none. */
export type FoundBase = PossibleBase | { reason: string }

/** A base, before the present snapshot is there. */
export interface PossibleBase {
  base: EarlierBase
  positionReached: boolean
  /** Markers of this database whose transactions wrote nothing else: nonce and id. */
  markers: ReadonlyMap<string, string>
  /** Whether it seems that nothing need be scanned. A hint, for what is made ready; default false. */
  looksIdle?: boolean
}

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
  const markers = markersSince(manifest, earlier)
  const glance = { ...manifest.snapshot, ...(await glanceAtTransactions(query)) }
  const hopes = { markerTransactions: new Set(markers.values()), rowSurgery: false }
  const looksIdle = whyNotIdle(manifest.snapshot, glance, hopes) === null
  const newest = Math.max(...earlier.candidates.map((one) => one.manifest.number))
  return { base: { manifest, tables, reader, index, newest }, positionReached, markers, looksIdle }
}

/** The base's own, and those of backups after it that were compared with the same base. */
function markersSince({ number, snapshot: base }: Manifest, { candidates }: EarlierBackups): Map<string, string> {
  const markers = new Map<string, string>()
  for (const { manifest } of candidates) {
    const { snapshot } = manifest
    const { marker, marker_transaction: transaction } = snapshot
    const isOwn = snapshot.system_identifier === base.system_identifier && snapshot.database_oid === base.database_oid
    if (isOwn && manifest.number >= number && marker !== null && transaction) markers.set(marker, transaction)
  }
  return markers
}

/** The base, once the present snapshot is there and is seen to be of the same history. `query` runs under it. */
export async function confirmBase(
  query: Query,
  found: FoundBase,
  now: SnapshotFacts,
): Promise<Base | { reason: string }> {
  if ('reason' in found) return found
  const { base, markers, positionReached } = found
  const { snapshot, number } = base.manifest
  const markerVisible = snapshot.marker !== null && (await isMarkerVisible(query, snapshot.marker))
  // Bootstrap ids are given out once, by initdb: a row that has one, as it had then, is as old as the server.
  const [row] = await query<{ older: boolean; durable: boolean; surgery: boolean }>(
    `${earlierAgeSql(snapshot.xmin)}
     SELECT NOT (${mayBeFresh('d.xmin')}) OR (d.xmin::text = $1 AND d.xmin::text IN ('1', '2')) AS older,
       pg_catalog.current_setting('fsync') = 'on' AS durable,
       EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.probin LIKE '%pg\\_surgery%') AS surgery
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
    [snapshot.database_row_xmin],
  )
  const reason = differentHistory(snapshot, now, {
    markerVisible,
    databaseRowOlder: row?.older === true,
    durable: row?.durable === true,
    positionReached,
  })
  if (reason !== null) return { reason: `backup ${number} is no base: ${reason}` }
  const notIdle = whyNotIdle(snapshot, now, {
    markerTransactions: await visibleMarkers(query, markers),
    rowSurgery: row?.surgery !== false,
  })
  return { ...base, notIdle }
}
