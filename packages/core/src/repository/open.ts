import { EngineError, isEngineError } from '../errors.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { decodeConfig, type RepositoryConfig, rebuiltConfig, type UnverifiedConfig } from './config.ts'
import { damaged } from './damage.ts'
import { openDocument } from './documents/sealed-document.ts'
import { checkKeySource } from './keys/key-slot.ts'
import { findMasterKeyIn } from './keys/key-slots.ts'
import { deriveKeys, fingerprintOf, type KeySource, type RepositoryKeys } from './keys/keys.ts'
import { readAllKeySlots, type StoredKeySlots, slotsOf } from './keys/read-key-slots.ts'
import { configName, maxBytesOf, prefixes } from './layout.ts'
import { withReadLimits } from './read-limits.ts'
import type { Repository } from './repository.ts'
import { createSideThreads } from './side-threads.ts'

export interface OpenOptions {
  /** Called when everything is read and the key is being tried: for a passphrase, another thread is busy with it now. */
  onTrying?: () => void
}

/**
 * Opens the repository in a storage. Throws `NOT_A_REPOSITORY`, `WRONG_KEY`, `KEY_MISSING` (encrypted, but
 * `encryption: 'none'` was given), `REPOSITORY_FORMAT_NEWER`, `REPOSITORY_DAMAGED`.
 */
export async function openRepository(
  storage: Storage,
  key: KeySource,
  { onTrying }: OpenOptions = {},
): Promise<Repository> {
  checkKeySource(key)
  // Both at once: over a network each answer is waited for. What is wrong with `config` is said before anything else.
  const [configRead, slotsRead] = await Promise.allSettled([readConfig(storage), readAllKeySlots(storage)])
  const found = configFrom(configRead)
  if (slotsRead.status === 'rejected') throw slotsRead.reason
  let keys: RepositoryKeys | undefined
  onTrying?.()
  const opened = await findWithConfig(storage, { found, stored: slotsRead.value, key }, (right) => {
    keys = right
  })
  const { config, master, slot: openedWith } = opened
  // A public key in an encrypted repository, or the other way round, is a swapped slot, not a choice of the owner.
  if ((config.encryption === 'none') !== 'encryption' in key) throw damaged(configName, 'does not fit its key slot')
  const fingerprint = fingerprintOf(master)
  master.fill(0)
  const expected = 'ageIdentity' in key ? key.fingerprint : undefined
  if (expected !== undefined && expected !== fingerprint)
    throw new EngineError('WRONG_KEY', 'This age identity opens the repository, but its fingerprint is another one.', {
      advice: 'Someone may have put another repository in the place of yours. Compare with the recovery kit.',
    })
  const isProven = !('ageIdentity' in key) || expected !== undefined
  return {
    ...{ id: config.id, storage: withReadLimits(storage), config, keys: keys!, threads: createSideThreads(keys!) },
    ...{ openedWith, fingerprint, isProven, configError: 'error' in found ? found.error : null },
  }
}

/** What `config` says, or why it cannot be read. Throws where the storage cannot be asked, or holds no repository. */
function configFrom(read: PromiseSettledResult<Buffer>): UnverifiedConfig | { error: EngineError } {
  try {
    if (read.status === 'rejected') throw read.reason
    return decodeConfig(read.value)
  } catch (error) {
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    return { error }
  }
}

/**
 * The master key and the config it belongs to. Where `config` cannot be read, it is made again of the key slot: the key is
 * then proven by a document of the repository that it opens.
 */
async function findWithConfig(
  storage: Storage,
  { found, stored, key }: { found: ReturnType<typeof configFrom>; stored: StoredKeySlots; key: KeySource },
  take: (keys: RepositoryKeys) => void,
): Promise<{ config: RepositoryConfig; master: Buffer; slot: string }> {
  const isRight = (candidate: Buffer, isAuthentic: (keys: RepositoryKeys) => boolean) => {
    const keys = deriveKeys(candidate)
    if (!isAuthentic(keys)) return false
    take(keys)
    return true
  }
  if (!('error' in found)) {
    const { config, isAuthentic } = found
    const slots = slotsOf(stored, config.id)
    return { config, ...(await findMasterKeyIn(slots, key, (candidate) => isRight(candidate, isAuthentic))) }
  }
  let config: RepositoryConfig | undefined
  try {
    const opened = await findMasterKeyIn(stored, key, async (candidate, slot) => {
      const isProof = await provesKeys(storage, deriveKeys(candidate))
      if (!isProof) return false
      config = rebuiltConfig(slot)
      return isRight(candidate, () => true)
    })
    return { config: config as RepositoryConfig, ...opened }
  } catch (error) {
    throw isEngineError(error) && error.code !== 'REPOSITORY_DAMAGED' ? error : found.error
  }
}

/** Whether the keys open one of the manifests. */
async function provesKeys(storage: Storage, keys: RepositoryKeys): Promise<boolean> {
  for await (const { name } of storage.list(prefixes.backups)) {
    try {
      openDocument(keys, name, await storage.get(name))
      return true
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !(error instanceof StorageObjectMissing)) throw error
    }
  }
  return false
}

async function readConfig(storage: Storage): Promise<Buffer> {
  try {
    return await storage.get(configName, { maxBytes: maxBytesOf(configName) })
  } catch (error) {
    if (!(error instanceof StorageObjectMissing)) throw error
    if (await holdsBackups(storage)) throw damaged(configName, 'is missing from this repository', error)
    throw new EngineError('NOT_A_REPOSITORY', `There is no repository in ${storage.location}.`)
  }
}

/** Whether packs or manifests lie in the storage: what a repository leaves behind when its config is gone. */
export async function holdsBackups(storage: Storage): Promise<boolean> {
  for (const prefix of [prefixes.backups, prefixes.packs]) {
    for await (const _ of storage.list(prefix)) return true
  }
  return false
}
