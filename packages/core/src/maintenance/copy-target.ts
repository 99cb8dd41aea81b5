import { EngineError } from '../errors.ts'
import { encodeKeySlot, keySlotName } from '../repository/keys/key-slot.ts'
import { findMasterKey } from '../repository/keys/key-slots.ts'
import type { KeySource } from '../repository/keys/keys.ts'
import { configName, prefixes, readmeName, recoverName } from '../repository/layout.ts'
import { holdsBackups } from '../repository/open.ts'
import type { Repository } from '../repository/repository.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'

/** A key that opens the copy and not its source; `current` opens the source, for its master key to be sealed again. */
export interface CopyKey {
  current: KeySource
  own: KeySource
}

/**
 * Prepares a storage for copies: the key slots, README.txt, recover.mjs, the claims of numbers, and at last `config`.
 * Slots that were added to the source since come along; one that was removed there stays, because only the slot's owner
 * should remove a key from the copy. With `ownKey` the slots of the source do not come along: a copy that has none gets
 * one for that key. Throws `REPOSITORY_EXISTS` where another repository, or a part of one, is.
 */
export async function prepareCopy(
  source: Repository,
  storage: Storage,
  { signal, ownKey }: { signal?: AbortSignal; ownKey?: CopyKey },
): Promise<Repository> {
  const config = await source.storage.get(configName, { signal })
  const there = await storage.get(configName, { signal }).catch((error: unknown) => {
    if (error instanceof StorageObjectMissing) return undefined
    throw error
  })
  if (there ? !there.equals(config) : await holdsBackups(storage))
    throw new EngineError('REPOSITORY_EXISTS', `Another repository is in ${storage.location}.`, {
      advice: 'Give an empty place, or one that a copy of this repository is in.',
    })

  const copy = async (name: string) => {
    if ((await storage.stat(name, { signal })) !== null) return
    const data = await source.storage.get(name, { signal }).catch((error: unknown) => {
      if (error instanceof StorageObjectMissing) return undefined
      throw error
    })
    if (data !== undefined) await storage.put(name, data, { ifAbsent: true, signal })
  }
  if (ownKey) await addOwnSlot(source, storage, ownKey, signal)
  else for await (const { name } of source.storage.list(prefixes.keys, { signal })) await copy(name)
  for await (const { name } of source.storage.list(prefixes.numbers, { signal })) await copy(name)
  await copy(readmeName)
  await copy(recoverName)
  if (!there) await storage.put(configName, config, { ifAbsent: true, signal })
  if (!(await storage.get(configName, { signal })).equals(config))
    throw new EngineError('REPOSITORY_EXISTS', `Another repository has just been made in ${storage.location}.`)
  return { ...source, storage, copies: [] }
}

async function addOwnSlot(
  source: Repository,
  storage: Storage,
  { current, own }: CopyKey,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ('encryption' in own || source.config.encryption === 'none')
    throw new EngineError('CONFIG_INVALID', 'A copy has a key of its own only where the repository is encrypted.')
  for await (const _ of storage.list(prefixes.keys, { signal })) return
  const { master } = await findMasterKey(source.storage, source.id, current, () => true)
  const { slot, data } = await encodeKeySlot(source.id, master, own, 'copy')
  master.fill(0)
  await storage.put(keySlotName(slot), data, { ifAbsent: true, signal })
}
