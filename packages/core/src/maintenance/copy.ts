import { webcrypto } from 'node:crypto'
import { counted } from '../counted.ts'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { mapInOrder } from '../repository/concurrency.ts'
import { damaged } from '../repository/damage.ts'
import { annotationName } from '../repository/documents/annotations.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests, manifestName, manifestObjects, openManifest } from '../repository/documents/manifests.ts'
import { pinName } from '../repository/documents/pins.ts'
import { trustName } from '../repository/documents/trust.ts'
import { writeIndexObjects } from '../repository/index/index-object.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { listMarks } from '../repository/index/marks.ts'
import { keepLocked, lockManifest } from '../repository/keep-locked.ts'
import { packObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { type CopyKey, prepareCopy } from './copy-target.ts'
import { repackChunks } from './repack.ts'

export interface CopyOptions {
  /** Only backups newer than the newest one that is there: for a copy that keeps less than its source. */
  onlyNewer?: boolean
  /** Only these backups, by id. */
  only?: ReadonlySet<string>
  /** For a copy that opens with a key of its own: see `prepareCopy`. */
  ownKey?: CopyKey
  signal?: AbortSignal
  report?: Reporter
}

export interface CopyResult {
  /** Ids of the backups copied now, oldest first. */
  copied: string[]
  /** Backups that were there already. */
  present: number
  packs: number
  bytes: number
}

const packsAtOnce = 3

/**
 * Brings a second storage up to date: every backup that is not there yet, oldest first, with the packs it lacks, as they
 * are, sealed. The copy is a repository of the same id and master key. Nothing is deleted there: what is kept is the
 * copy's own affair, and its prune.
 *
 * Each pack is checked against its name before it is written, so damage does not travel. May be broken off at any moment
 * and begun again: only what is missing is moved. A backup that is damaged in the source, or that needs what a prune of
 * the copy marks at this moment, keeps no other one from being copied; afterwards its `REPOSITORY_DAMAGED`,
 * `CHUNK_MISSING` or `CHUNK_MARKED` is thrown. Throws `REPOSITORY_EXISTS` where another repository is.
 */
export async function copyRepository(
  source: Repository,
  storage: Storage,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { signal, report } = options
  const target = await prepareCopy(source, storage, { signal, ownKey: options.ownKey })
  const present = new Map<string, string>()
  for await (const { id, manifest, error } of listManifests(target, { signal })) {
    if (error) throw error
    present.set(id, manifest?.completed_at ?? '')
  }
  const newest = [...present.values()].sort().at(-1) ?? ''
  // Before the index is read: the index must hold what the listed backups need, not what later backups add.
  const objects = await manifestObjects(source, { signal })
  const index = await loadChunkIndex(source, { signal, readAround: true })
  const failures: CopyFailure[] = []
  const missing: Manifest[] = []
  for await (const { id, manifest, error } of listManifests(source, { signal, objects })) {
    if (options.only && !options.only.has(id)) continue
    if (present.has(id)) {
      // It may have been taken out of quarantine since.
      if (manifest?.quarantine) await copyObject(source, target, trustName(id), signal)
      continue
    }
    if (error) failures.push({ id, error })
    else if (manifest && (!options.onlyNewer || manifest.completed_at > newest)) missing.push(manifest)
  }
  missing.sort((a, b) => (a.completed_at < b.completed_at ? -1 : 1))

  const result: CopyResult = { copied: [], present: present.size, packs: 0, bytes: 0 }
  if (missing.length > 0) report?.({ type: 'phase', phase: 'copy' })
  for (const [done, manifest] of missing.entries()) {
    throwIfAborted(signal)
    const progress = { items: done, itemsTotal: missing.length }
    report?.({ type: 'progress', phase: 'copy', bytes: result.bytes, ...progress })
    try {
      const copied = await copyBackup({ source, target, index, signal }, manifest, (bytes) => {
        result.packs++
        result.bytes += bytes
        report?.({ type: 'progress', phase: 'copy', bytes: result.bytes, ...progress })
      })
      if (copied) result.copied.push(manifest.id)
    } catch (error) {
      if (!isOfOneBackup(error)) throw error
      failures.push({ id: manifest.id, error })
      log(report, 'error', `Backup ${manifest.number} was not copied: ${error.message}`, { id: manifest.id })
    }
  }
  await copyRecords(source, target, signal)
  const [first] = failures
  if (first)
    throw new EngineError(
      first.error.code,
      `Not copied: ${counted(failures.length, 'backup')}. ${first.error.message}`,
      {
        cause: first.error,
        advice: first.error.adviceTemplate,
        detail: { ...first.error.detail, backups: failures.map(({ id }) => id), copied: result.copied },
      },
    )
  return result
}

/** Proofs and alarms: each is written once, so that what is there needs no second look. */
const records = [prefixes.drills, prefixes.alarms]

async function copyRecords(source: Repository, target: Repository, signal: AbortSignal | undefined): Promise<void> {
  for (const prefix of records) {
    const there = new Set<string>()
    for await (const { name } of target.storage.list(prefix, { signal })) there.add(name)
    for await (const { name } of source.storage.list(prefix, { signal }))
      if (!there.has(name)) await copyObject(source, target, name, signal)
  }
}

interface CopyFailure {
  id: string
  error: EngineError
}

/** What concerns one backup and not the storage. */
function isOfOneBackup(error: unknown): error is EngineError {
  return isEngineError(error) && ['REPOSITORY_DAMAGED', 'CHUNK_MISSING', 'CHUNK_MARKED'].includes(error.code)
}

interface Copying {
  source: Repository
  target: Repository
  index: ChunkIndex
  signal: AbortSignal | undefined
}

/** `false`: the backup was deleted from the source during the copy. */
async function copyBackup(copying: Copying, manifest: Manifest, onPack: (bytes: number) => void): Promise<boolean> {
  const { source, target, index, signal } = copying
  const name = manifestName(manifest.id)
  try {
    const { whole, pieces, used, there } = await whatIsMissing(copying, manifest)
    for await (const bytes of mapInOrder(whole, packsAtOnce, (pack) => copyPack(source, target, pack, signal)))
      onPack(bytes)
    const made = await repackChunks(source, index, pieces, { into: target.storage, signal })
    if (made.unreadable.size > 0)
      throw damaged([...made.unreadable].map(packObjectName), 'cannot be read whole, so this backup was not copied')
    for (const table of made.tables) onPack(table.bytes)
    const unindexed = there.unindexed.filter((pack) => used.has(pack)).flatMap((pack) => there.packTable(pack) ?? [])
    const copied = whole.flatMap((pack) => index.packTable(pack) ?? [])
    await writeIndexObjects(target, [...unindexed, ...copied, ...made.tables], { signal })
    const packs = new Set([...used, ...whole, ...made.tables.map((table) => table.name)])
    await keepLocked(target, packs, { signal })

    const data = await source.storage.get(name, { signal })
    const { checksum } = openManifest(source, manifest.id, data)
    await copyObject(source, target, pinName(manifest.id), signal)
    await copyObject(source, target, annotationName(manifest.id), signal)
    await copyObject(source, target, trustName(manifest.id), signal)
    const created = await target.storage.put(name, data, { ifAbsent: true, signal })
    if (!created && !(await holds(target, name, data, signal))) throw damaged(name, 'is another one in the copy')
    try {
      const back = openManifest(target, manifest.id, await target.storage.get(name, { signal }))
      if (back.checksum !== checksum) throw damaged(name, 'reads back as something else than what was written')
      // A mark set since we looked may be of a prune that listed the backups before this one was there.
      const after = await marksOn(target, packs, signal)
      if (after.pack !== undefined) throw marked(after.pack)
      await lockManifest(target, name, signal)
    } catch (error) {
      // One that was there already is another process's, and not ours to take away.
      if (created) await target.storage.delete(name).catch(() => {})
      throw error
    }
    return true
  } catch (error) {
    if (!(error instanceof StorageObjectMissing) || (await source.storage.stat(name, { signal })) !== null) throw error
    return false
  }
}

interface MissingPacks {
  /** Packs of the source that the copy takes as they are. */
  whole: string[]
  /** Chunks, by pack of the source, that go into packs of the copy's own. */
  pieces: { pack: string; ids: string[] }[]
  /** Packs of the copy that hold the rest. */
  used: Set<string>
  /** The index of the copy. */
  there: ChunkIndex
}

/**
 * What a copy lacks of a backup, chunk by chunk: its own prune may have repacked chunks that the source still has in
 * their old packs. A pack that the copy has marked is not brought back under its name while the mark is there, because
 * a prune may delete that name at any moment: what is needed of it gets another one.
 */
async function whatIsMissing({ source, target, index, signal }: Copying, manifest: Manifest): Promise<MissingPacks> {
  const [there, marks] = await Promise.all([loadChunkIndex(target, { signal }), listMarks(target, { signal })])
  const marked = new Set(marks.flatMap(({ packs }) => packs))
  const whole = new Set<string>()
  const used = new Set<string>()
  const pieces = new Map<string, Set<string>>()
  for await (const id of manifestChunkIds(createChunkReader(source, index, { signal }), manifest)) {
    const here = there.find(id)?.pack
    if (here !== undefined && !marked.has(here)) {
      used.add(here)
      continue
    }
    const pack = index.find(id)?.pack
    if (pack === undefined)
      throw new EngineError('CHUNK_MISSING', `A chunk of backup ${manifest.id} is in no pack, so it was not copied.`)
    if (!marked.has(pack)) whole.add(pack)
    else pieces.set(pack, (pieces.get(pack) ?? new Set()).add(id))
  }
  return {
    whole: [...whole],
    pieces: Array.from(pieces, ([pack, ids]) => ({ pack, ids: [...ids] })),
    used,
    there,
  }
}

async function copyPack(
  source: Repository,
  target: Repository,
  pack: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const name = packObjectName(pack)
  const data = await source.storage.get(name, { signal })
  // Not in this thread: a pack takes longer than a host's event loop may stand still.
  const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', new Uint8Array(data))).toString('hex')
  if (digest !== pack) throw damaged(name, 'is not what its name says')
  await target.storage.put(name, data, { signal })
  return data.length
}

/** One of the packs that a mark of the copy names, if there is one. */
async function marksOn(target: Repository, packs: Set<string>, signal: AbortSignal | undefined) {
  const marks = await listMarks(target, { signal })
  return { pack: marks.flatMap((mark) => mark.packs).find((pack) => packs.has(pack)) }
}

function marked(pack: string): EngineError {
  return new EngineError('CHUNK_MARKED', `A prune of the copy is about to delete ${packObjectName(pack)}.`, {
    detail: { objects: [packObjectName(pack)] },
    advice: 'Run {maintenance.prune} on the copy, then copy again.',
  })
}

async function copyObject(source: Repository, target: Repository, name: string, signal: AbortSignal | undefined) {
  const data = await source.storage.get(name, { signal }).catch((error: unknown) => {
    if (error instanceof StorageObjectMissing) return undefined
    throw error
  })
  if (data !== undefined) await target.storage.put(name, data, { signal })
}

async function holds(target: Repository, name: string, data: Buffer, signal: AbortSignal | undefined) {
  return (await target.storage.get(name, { signal })).equals(data)
}
