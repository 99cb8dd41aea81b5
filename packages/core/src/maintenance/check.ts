import { type EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import type { Reporter } from '../events.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests, manifestObjects } from '../repository/documents/manifests.ts'
import { listPacks, loadChunkIndex } from '../repository/index/load-index.ts'
import { listMarks } from '../repository/index/marks.ts'
import { packObjectName } from '../repository/layout.ts'
import { checkPack } from '../repository/packs/pack-reader.ts'
import type { Repository } from '../repository/repository.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import { checkRecords } from './check-records.ts'
import { packUsers } from './pack-users.ts'
import { type CheckWarning, examineRecoverCopy } from './recover-copy.ts'

/** Something wrong in a repository. */
export interface CheckProblem {
  /** Name of the object that is missing or damaged. */
  object: string
  /** One sentence for people. */
  message: string
  /** Ids of the backups that cannot be restored because of it, as far as they are known. */
  backups: string[]
}

export interface CheckReport {
  ok: boolean
  problems: CheckProblem[]
  /** What endangers no backup. */
  warnings: CheckWarning[]
  backups: number
  packs: number
  /** Bytes of all packs. */
  bytes: number
  /** Packs no index object lists: of a running backup, or left by a dead one. No problem; prune deals with them. */
  unindexedPacks: number
  /** SHA-256 of the recovery program in the storage, to be compared with the recovery kit; null without one. */
  recoverSha256: string | null
  /** SHA-256 of the one that this version ships; the two differing is a warning. */
  shippedRecoverSha256: string | null
  /** Whether every byte was read. */
  readData: boolean
}

export interface CheckOptions {
  /** Read every pack whole: its name, its table, and every chunk opened. Without it, presence and sizes are checked. */
  readData?: boolean
  signal?: AbortSignal
  report?: Reporter
}

/**
 * Checks a repository: every document opens, every chunk that a backup needs is indexed in a pack that is there and has
 * the indexed size; with `readData` also that every byte is what was written. What is damaged is in the report, never
 * an error; only a storage out of reach is. Changes nothing.
 */
export async function checkRepository(repository: Repository, options: CheckOptions = {}): Promise<CheckReport> {
  const { readData = false, signal, report } = options
  const problems: CheckProblem[] = []
  report?.({ type: 'phase', phase: 'documents' })
  problems.push(...(await checkRecords(repository, { signal })))
  const stored = await listPacks(repository, signal)
  const bytes = [...stored.values()].reduce((sum, size) => sum + size, 0)
  const recover = await examineRecoverCopy(repository, { signal })
  const counts = {
    warnings: recover.warning ? [recover.warning] : [],
    backups: 0,
    packs: stored.size,
    bytes,
    unindexedPacks: 0,
    recoverSha256: recover.stored,
    shippedRecoverSha256: recover.shipped,
    readData,
  }
  // Before the index is read: the index must hold what the listed backups need, not what later backups add.
  const objects = await manifestObjects(repository, { signal })
  let index: ChunkIndex
  try {
    index = await loadChunkIndex(repository, { signal })
  } catch (error) {
    // Which object it is stands among the documents' problems already. Without an index nothing more can be said.
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    if (problems.length === 0) problems.push(problemOf(error))
    return { ok: false, problems, ...counts }
  }
  counts.unindexedPacks = index.unindexed.length

  const marked = await markedPacks(repository, signal)
  report?.({ type: 'phase', phase: 'backups' })
  const needed: NeededPacks = { present: new Set(), lost: new Map() }
  let allRead = true
  for await (const { id, manifest, error } of listManifests(repository, { signal, objects })) {
    counts.backups++
    if (!manifest) {
      allRead = false
      problems.push({ object: `backups/${id}`, message: error?.message ?? `Backup ${id} is damaged.`, backups: [id] })
      continue
    }
    try {
      const homeless = await findPacks(repository, index, id, manifest, needed, signal)
      if (homeless > 0)
        problems.push({
          object: `backups/${id}`,
          message: `No pack holds ${homeless} chunks of backup ${id}.`,
          backups: [id],
        })
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
      allRead = false
      problems.push({ ...problemOf(error), backups: [id] })
    }
  }
  for (const { name, bytes: expected, state } of index.packs()) {
    const backups = [...(needed.lost.get(name) ?? [])]
    // A pack that no backup needs is no problem when it is gone (a prune was faster than a backup that failed) or going.
    const isHarmless = backups.length === 0 && allRead && (!stored.has(name) || marked.has(name))
    if (state === 'missing' && !isHarmless) problems.push({ ...lostPack(name, expected, stored.get(name)), backups })
  }

  if (readData)
    problems.push(
      ...(await checkPackData(repository, index, stored, needed.present, {
        ...options,
        going: allRead ? marked : new Set(),
      })),
    )
  return { ok: problems.length === 0, problems, ...counts }
}

/** Of the packs that are there only whether: which backups need one is asked again once it turns out to be damaged. */
interface NeededPacks {
  present: Set<string>
  /** Of packs that are gone or cut: the backups that need what is in no other pack. */
  lost: Map<string, Set<string>>
}

/** Notes which packs a backup needs; gives how many of its chunks no pack holds or should hold. */
async function findPacks(
  repository: Repository,
  index: ChunkIndex,
  id: string,
  manifest: Manifest,
  { present, lost }: NeededPacks,
  signal: AbortSignal | undefined,
): Promise<number> {
  let homeless = 0
  const reader = createChunkReader(repository, index, { signal, recheck: true })
  for await (const chunk of manifestChunkIds(reader, manifest)) {
    throwIfAborted(signal)
    const pack = index.find(chunk)?.pack
    if (pack !== undefined) {
      present.add(pack)
      continue
    }
    const names = index.findMissing(chunk)
    if (names.length === 0) homeless++
    for (const name of names) {
      const ids = lost.get(name)
      if (ids) ids.add(id)
      else lost.set(name, new Set([id]))
    }
  }
  return homeless
}

function lostPack(name: string, expected: number, found: number | undefined) {
  const object = packObjectName(name)
  const message =
    found === undefined ? `${object} is missing.` : `${object} has ${found} bytes; it should have ${expected}.`
  return { object, message }
}

async function checkPackData(
  repository: Repository,
  index: ChunkIndex,
  stored: Map<string, number>,
  needed: ReadonlySet<string>,
  { signal, report, going }: CheckOptions & { going: ReadonlySet<string> },
): Promise<CheckProblem[]> {
  report?.({ type: 'phase', phase: 'data' })
  const found = new Map<string, Omit<CheckProblem, 'backups'>[]>()
  const note = (pack: string, problem: Omit<CheckProblem, 'backups'>) =>
    found.set(pack, [...(found.get(pack) ?? []), problem])
  const bytesTotal = [...stored.values()].reduce((sum, size) => sum + size, 0)
  let bytes = 0
  for (const [pack, size] of stored) {
    throwIfAborted(signal)
    try {
      const table = await checkPack(repository, pack, { signal })
      const indexed = index.packTable(pack)
      if (indexed && JSON.stringify(indexed.chunks) !== JSON.stringify(table.chunks))
        note(pack, {
          object: packObjectName(pack),
          message: `${packObjectName(pack)} holds other chunks than the index says.`,
        })
    } catch (error) {
      if (isEngineError(error, 'REPOSITORY_DAMAGED')) {
        // What a repair has set aside, or a prune would have deleted anyway.
        if (needed.has(pack) || !going.has(pack)) note(pack, problemOf(error))
      }
      // One that a prune deleted in the meantime was not needed; one the index misses is reported already.
      else if (!(error instanceof StorageObjectMissing)) throw error
    }
    bytes += size
    report?.({ type: 'progress', phase: 'data', bytes, bytesTotal })
  }
  const users = await packUsers(repository, index, new Set(found.keys()), signal)
  return [...found].flatMap(([pack, problems]) =>
    problems.map((problem) => ({ ...problem, backups: [...(users.get(pack) ?? [])] })),
  )
}

/** Packs that a prune is about to delete. A mark that does not open is a problem of the documents. */
async function markedPacks(repository: Repository, signal: AbortSignal | undefined): Promise<Set<string>> {
  try {
    return new Set((await listMarks(repository, { signal })).flatMap(({ packs }) => packs))
  } catch (error) {
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    return new Set()
  }
}

function problemOf(error: EngineError): CheckProblem {
  const [object = 'repository'] = Array.isArray(error.detail.objects) ? error.detail.objects.map(String) : []
  return { object, message: error.message, backups: [] }
}
