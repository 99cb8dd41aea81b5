import { EngineError } from '../errors.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { decodeConfig } from './config.ts'
import { damaged } from './damage.ts'
import { checkKeySource } from './key-slot.ts'
import { findMasterKeyIn } from './key-slots.ts'
import { deriveKeys, fingerprintOf, type KeySource, type RepositoryKeys } from './keys.ts'
import { configName, prefixes } from './layout.ts'
import { readAllKeySlots, slotsOf } from './read-key-slots.ts'
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
  if (configRead.status === 'rejected') throw configRead.reason
  const { config, isAuthentic } = decodeConfig(configRead.value)
  if (slotsRead.status === 'rejected') throw slotsRead.reason
  let keys: RepositoryKeys | undefined
  const isRight = (candidate: Buffer) => {
    keys = deriveKeys(candidate)
    return isAuthentic(keys)
  }
  onTrying?.()
  const { master, slot: openedWith } = await findMasterKeyIn(slotsOf(slotsRead.value, config.id), key, isRight)
  // A public key in an encrypted repository, or the other way round, is a swapped slot, not a choice of the owner.
  if ((config.encryption === 'none') !== 'encryption' in key) throw damaged(configName, 'does not fit its key slot')
  const fingerprint = fingerprintOf(master)
  master.fill(0)
  const expected = 'ageIdentity' in key ? key.fingerprint : undefined
  if (expected !== undefined && expected !== fingerprint)
    throw new EngineError('WRONG_KEY', 'This age identity opens the repository, but its fingerprint is another one.', {
      advice: 'Somebody may have put another repository in the place of yours. Compare with the recovery kit.',
    })
  const isProven = !('ageIdentity' in key) || expected !== undefined
  return {
    ...{ id: config.id, storage, config, keys: keys!, threads: createSideThreads(keys!) },
    ...{ openedWith, fingerprint, isProven },
  }
}

async function readConfig(storage: Storage): Promise<Buffer> {
  try {
    return await storage.get(configName)
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
