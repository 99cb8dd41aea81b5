import { randomBytes } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import { type ChunkerParameters, defaultChunker } from './chunks/chunker.ts'
import { encodeConfig, type RepositoryConfig } from './config.ts'
import { checkKeySource, encodeKeySlot, keySlotName } from './keys/key-slot.ts'
import { deriveKeys, type KeySource, newMasterKey } from './keys/keys.ts'
import { configName, formatVersion, readmeName, recoverName } from './layout.ts'
import { holdsBackups, openRepository } from './open.ts'
import { readmeText } from './readme.ts'
import { recoverProgram } from './recover-program.ts'
import type { Repository } from './repository.ts'

export interface InitOptions {
  /** Name of the first key slot, for people. */
  label?: string
  /** How streams are cut; fixed for the life of the repository. */
  chunker?: ChunkerParameters
}

/**
 * Makes a repository in a storage that holds none and opens it. `config` is written last and only if absent: until it
 * is there, there is no repository. Throws `REPOSITORY_EXISTS`.
 */
export async function initRepository(storage: Storage, key: KeySource, options: InitOptions = {}): Promise<Repository> {
  checkKeySource(key)
  if ((await storage.stat(configName)) !== null || (await holdsBackups(storage))) throw exists(storage)
  const master = newMasterKey()
  const config: RepositoryConfig = {
    format: formatVersion,
    id: randomBytes(16).toString('hex'),
    created_at: new Date().toISOString(),
    encryption: 'encryption' in key ? 'none' : 'aes-256-gcm',
    chunker: options.chunker ?? defaultChunker,
  }
  const { slot, data } = await encodeKeySlot(config.id, master, key, options.label ?? 'init')
  await storage.put(keySlotName(slot), data, { ifAbsent: true })
  const recover = await recoverProgram()
  if (recover !== null) await storage.put(recoverName, recover)
  await storage.put(readmeName, Buffer.from(readmeText(config, recover)))
  const encoded = encodeConfig(config, deriveKeys(master))
  if (!(await storage.put(configName, encoded, { ifAbsent: true })) && !encoded.equals(await storage.get(configName))) {
    await storage.delete(keySlotName(slot))
    throw exists(storage)
  }
  return openRepository(storage, key)
}

function exists(storage: Storage): EngineError {
  return new EngineError('REPOSITORY_EXISTS', `There is a repository in ${storage.location} already.`)
}
