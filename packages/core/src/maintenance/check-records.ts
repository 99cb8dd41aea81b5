import { createHash } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { decodeConfig } from '../repository/config.ts'
import { damaged } from '../repository/damage.ts'
import { openIndexObject } from '../repository/index-object.ts'
import { listKeySlots } from '../repository/key-slots.ts'
import { configName, packOfObjectName, prefixes } from '../repository/layout.ts'
import { listMarks } from '../repository/marks.ts'
import { checkNumbers } from '../repository/numbers.ts'
import { listPins } from '../repository/pins.ts'
import type { Repository } from '../repository/repository.ts'
import { listVerifications } from '../repository/verifications.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import type { CheckProblem } from './check.ts'

/** Opens every document that is not a manifest: config, key slots, index objects, marks, pins, verification records, number claims. */
export async function checkRecords(repository: Repository, options: { signal?: AbortSignal }): Promise<CheckProblem[]> {
  const { storage } = repository
  const problems: CheckProblem[] = []
  const attempt = async (object: string, read: () => Promise<unknown>) => {
    try {
      await read()
    } catch (error) {
      if (error instanceof StorageObjectMissing) return
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'REPOSITORY_FORMAT_NEWER')) throw error
      const [named = object] = Array.isArray(error.detail.objects) ? error.detail.objects.map(String) : []
      problems.push({ object: named, message: error.message, backups: [] })
    }
  }
  const indexNames: string[] = []
  for await (const { name } of storage.list(prefixes.index, options)) indexNames.push(name)
  for (const name of indexNames)
    await attempt(name, async () => openIndexObject(repository, name, await storage.get(name, options)))
  await attempt(configName, async () => {
    const isAuthentic = decodeConfig(await storage.get(configName, options)).isAuthentic(repository.keys)
    if (!isAuthentic) throw damaged(configName, 'is not authentic')
  })
  await attempt(prefixes.keys, () => listKeySlots(repository))
  await attempt(prefixes.marks, () => listMarks(repository, options))
  await attempt(prefixes.pins, () => listPins(repository, options))
  await attempt(prefixes.verified, () => listVerifications(repository, undefined, options))
  await attempt(prefixes.numbers, () => checkNumbers(repository, options))
  for await (const { name } of storage.list(prefixes.packs, options))
    if (packOfObjectName(name) === null)
      problems.push({ object: name, message: `${name} is not the name of a pack.`, backups: [] })
  return problems
}

/** SHA-256 of an object in hex, or null where it is not there. */
export async function objectDigest(
  repository: Repository,
  name: string,
  options: { signal?: AbortSignal } = {},
): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await repository.storage.get(name, options))
      .digest('hex')
  } catch (error) {
    if (error instanceof StorageObjectMissing) return null
    throw error
  }
}
