import { EngineError } from '../errors.ts'
import { configName, prefixes, readmeName, recoverName } from '../repository/layout.ts'
import { holdsBackups } from '../repository/open.ts'
import type { Repository } from '../repository/repository.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'

/**
 * Makes a storage ready to take copies: the key slots, README.txt, recover.mjs, the claims of numbers, and at last
 * `config`. Slots that were added to the source since come along; one that was removed there stays, because nobody but
 * its owner should close a way in. Throws `REPOSITORY_EXISTS` where another repository, or a part of one, is.
 */
export async function prepareCopy(
  source: Repository,
  storage: Storage,
  { signal }: { signal?: AbortSignal },
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
  for await (const { name } of source.storage.list(prefixes.keys, { signal })) await copy(name)
  for await (const { name } of source.storage.list(prefixes.numbers, { signal })) await copy(name)
  await copy(readmeName)
  await copy(recoverName)
  if (!there) await storage.put(configName, config, { ifAbsent: true, signal })
  if (!(await storage.get(configName, { signal })).equals(config))
    throw new EngineError('REPOSITORY_EXISTS', `Another repository was made in ${storage.location} meanwhile.`)
  return { ...source, storage }
}
