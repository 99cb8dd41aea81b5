import { isEngineError } from '../errors.ts'
import { decodeConfig, encodeConfig } from '../repository/config.ts'
import { openManifest } from '../repository/documents/manifests.ts'
import { openDocument } from '../repository/documents/sealed-document.ts'
import { decodeKeySlot } from '../repository/keys/key-slot.ts'
import { configName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import type { Repairing } from './repair.ts'

/** Documents that a copy has under the same name, and how to tell that they are what they should be. */
const kinds: Record<string, (repository: Repository, name: string, data: Buffer) => void> = {
  [prefixes.backups]: (repository, name, data) =>
    void openManifest(repository, name.slice(prefixes.backups.length), data),
  [prefixes.keys]: (_, name, data) => void decodeKeySlot(name, data),
  [prefixes.pins]: (repository, name, data) => void openDocument(repository.keys, name, data),
  [prefixes.annotations]: (repository, name, data) => void openDocument(repository.keys, name, data),
  [prefixes.trusted]: (repository, name, data) => void openDocument(repository.keys, name, data),
  [prefixes.verified]: (repository, name, data) => void openDocument(repository.keys, name, data),
}

/**
 * Manifests, pins, annotations, verification records and `config` that do not open, from a copy. A manifest that is not there at all is
 * left alone: nothing tells one that was lost from one that was deleted on purpose.
 */
export async function repairDocuments(repairing: Repairing): Promise<void> {
  const { repository, options } = repairing
  const { signal } = options
  await repairOne(repairing, configName, (data) => {
    if (!decodeConfig(data).isAuthentic(repository.keys)) throw new Error('It is not authentic.')
  })
  for (const [prefix, open] of Object.entries(kinds)) {
    const names: string[] = []
    for await (const { name } of repository.storage.list(prefix, { signal })) names.push(name)
    for (const name of names) await repairOne(repairing, name, (data) => open(repository, name, data))
  }
}

async function repairOne(repairing: Repairing, name: string, open: (data: Buffer) => void): Promise<void> {
  const { repository, copies, items, options } = repairing
  const wrong = await problemOf(() => repository.storage.get(name, { signal: options.signal }), open)
  if (wrong === null || (wrong.missing && name !== configName)) return
  const backups = name.startsWith(prefixes.backups) ? [name.slice(prefixes.backups.length)] : []
  const item = { object: name, message: wrong.message, backups }
  for (const copy of copies) {
    let data: Buffer | undefined
    const read = async () => (data = await copy.get(name, { signal: options.signal }))
    if ((await problemOf(read, open)) !== null || data === undefined) continue
    await repairing.store(name, data)
    items.push({ ...item, outcome: 'replaced', from: copy.location })
    return
  }
  if (name === configName) {
    // What it says is known of the key slot that opened the repository.
    await repairing.store(name, encodeConfig(repository.config, repository.keys))
    items.push({ ...item, outcome: 'rebuilt', from: null })
    return
  }
  items.push({ ...item, outcome: 'lost', from: null })
}

/** Null where it opens. A storage that cannot be asked throws, but for one of a copy, which is passed over. */
async function problemOf(
  read: () => Promise<Buffer>,
  open: (data: Buffer) => void,
): Promise<{ message: string; missing: boolean } | null> {
  let data: Buffer
  try {
    data = await read()
  } catch (error) {
    if (error instanceof StorageObjectMissing) return { message: error.message, missing: true }
    if (isEngineError(error, 'REPOSITORY_DAMAGED')) return { message: error.message, missing: false }
    throw error
  }
  try {
    open(data)
    return null
  } catch (error) {
    // Written by a newer version: not damaged, and not ours to judge.
    if (isEngineError(error, 'REPOSITORY_FORMAT_NEWER')) return null
    return { message: error instanceof Error ? error.message : String(error), missing: false }
  }
}
