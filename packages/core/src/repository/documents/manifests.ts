import { createHash } from 'node:crypto'
import { EngineError } from '../../errors.ts'
import { StorageObjectMissing, type StoredObject } from '../../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { damaged } from '../damage.ts'
import { assertNotLocked } from '../keep-locked.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { annotationName } from './annotations.ts'
import { backupIdSchema, type Manifest, manifestSchema } from './documents.ts'
import type { OpenedObjects } from './opened-objects.ts'
import { pinName } from './pins.ts'
import { openDocument, parseDocument } from './sealed-document.ts'
import { trustName } from './trust.ts'
import { isRefused, isUnreadable } from './unreadable.ts'
import { verifiedPrefix } from './verifications.ts'

export interface OpenedManifest {
  manifest: Manifest
  /** Hex of the SHA-256 of the manifest's plaintext. */
  checksum: string
}

/** A manifest as a listing finds it. */
export interface ListedOpened extends OpenedManifest {
  /** When the storage, by its own clock, stored it. */
  storedAt: Date
}

/** What `listManifests` yields for each backup: the manifest, or the error that stands in its way. */
export interface ListedManifest extends Partial<ListedOpened> {
  id: string
  error?: EngineError
}

export function manifestName(id: string): string {
  return `${prefixes.backups}${id}`
}

/** The objects of all manifests there are. */
export function manifestObjects(
  repository: Repository,
  { signal }: { signal?: AbortSignal } = {},
): Promise<StoredObject[]> {
  return Array.fromAsync(repository.storage.list(prefixes.backups, { signal }))
}

/**
 * Every backup in the repository, or those of `objects` that are still there, in no particular order. One that does not
 * open is listed with its error. What is in `opened` already is not read again.
 */
export async function* listManifests(
  repository: Repository,
  options: { signal?: AbortSignal; opened?: OpenedObjects<OpenedManifest>; objects?: StoredObject[] } = {},
): AsyncGenerator<ListedManifest> {
  const { signal, opened } = options
  const objects = options.objects ?? (await manifestObjects(repository, { signal }))
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const read = async (object: StoredObject): Promise<ListedManifest | null> => {
    const id = object.name.slice(prefixes.backups.length)
    const known = opened?.get(object)
    if (known) return { id, ...known, storedAt: object.modifiedAt }
    const listed = await tryRead(repository, id, { signal })
    if (listed?.manifest && listed.checksum)
      opened?.set(object, { manifest: listed.manifest, checksum: listed.checksum })
    return listed?.manifest ? { ...listed, storedAt: object.modifiedAt } : listed
  }
  for await (const listed of mapInOrder(objects, documentsAtOnce, read)) {
    if (listed !== null) yield listed
  }
}

/** Reads, authenticates and validates a manifest. Throws `BACKUP_NOT_FOUND`, `REPOSITORY_DAMAGED`, `REPOSITORY_FORMAT_NEWER`. */
export async function readManifest(
  repository: Repository,
  id: string,
  options: { signal?: AbortSignal } = {},
): Promise<OpenedManifest> {
  const name = manifestName(id)
  let data: Buffer
  try {
    data = await repository.storage.get(name, options)
  } catch (error) {
    if (!(error instanceof StorageObjectMissing)) throw error
    throw new EngineError('BACKUP_NOT_FOUND', `There is no backup ${id}.`, { cause: error, detail: { id } })
  }
  return openManifest(repository, id, data)
}

/** Opens the bytes of a manifest object. */
export function openManifest(repository: Repository, id: string, data: Buffer): OpenedManifest {
  const name = manifestName(id)
  const plain = openDocument(repository.keys, name, data)
  const manifest = parseDocument(name, plain, manifestSchema)
  if (manifest.id !== id) throw damaged(name, `is the manifest of ${manifest.id}`)
  return { manifest, checksum: createHash('sha256').update(plain).digest('hex') }
}

/**
 * Ends a backup: the manifest first, then what hangs on it. Its chunks stay until a prune. Throws `BACKUP_LOCKED` while
 * the storage holds an object lock on it.
 */
export async function deleteManifest(
  repository: Repository,
  id: string,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const { storage } = repository
  await assertNotLocked(repository, manifestName(id), options.signal)
  await storage.delete(manifestName(id), options)
  if (!backupIdSchema.safeParse(id).success) return
  await Promise.all([pinName(id), annotationName(id), trustName(id)].map((name) => storage.delete(name, options)))
  for await (const { name } of storage.list(verifiedPrefix(id), options)) await storage.delete(name, options)
}

async function tryRead(
  repository: Repository,
  id: string,
  options: { signal?: AbortSignal },
): Promise<ListedManifest | null> {
  try {
    return { id, ...(await readManifest(repository, id, options)) }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    if (error.code === 'BACKUP_NOT_FOUND') return null
    if (!isUnreadable(error) && !isRefused(error)) throw error
    return { id, error }
  }
}
