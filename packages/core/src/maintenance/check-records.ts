import { createHash } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { decodeConfig } from '../repository/config.ts'
import { damaged } from '../repository/damage.ts'
import { listAlarms } from '../repository/documents/alarms.ts'
import { listAnnotations } from '../repository/documents/annotations.ts'
import { listDrills } from '../repository/documents/drills.ts'
import { checkNumbers } from '../repository/documents/numbers.ts'
import { listPins } from '../repository/documents/pins.ts'
import { listScrubs } from '../repository/documents/scrubs.ts'
import { listTrusts } from '../repository/documents/trust.ts'
import type { UnreadableObject } from '../repository/documents/unreadable.ts'
import { listVerifications } from '../repository/documents/verifications.ts'
import { openIndexObject } from '../repository/index/index-object.ts'
import { listMarks } from '../repository/index/marks.ts'
import { listKeySlots } from '../repository/keys/key-slots.ts'
import { configName, packOfObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import type { CheckProblem } from './check.ts'

/** Opens every document that is not a manifest: config, key slots, index objects, marks, pins, annotations, verification records, scrubs, drills, alarms, number claims. */
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
  const unreadable: UnreadableObject[] = []
  await listKeySlots(repository, { unreadable })
  await listMarks(repository, { ...options, unreadable })
  await listPins(repository, { ...options, unreadable })
  await listAnnotations(repository, { ...options, unreadable })
  await listTrusts(repository, { ...options, unreadable })
  await listVerifications(repository, undefined, { ...options, unreadable })
  await listScrubs(repository, { ...options, unreadable })
  await listDrills(repository, { ...options, unreadable })
  await listAlarms(repository, { ...options, unreadable })
  await checkNumbers(repository, { ...options, unreadable })
  problems.push(...unreadable.map(({ object, message }) => ({ object, message, backups: [] })))
  for await (const { name } of storage.list(prefixes.packs, options))
    if (packOfObjectName(name) === null)
      problems.push({ object: name, message: `${name} is not the name of a pack.`, backups: [] })
  return problems
}

/** SHA-256 of an object in hex, `unreadable` for one that is too long, or null where it is not there. */
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
    // Longer than anything of ours: another one, whatever it is.
    if (isEngineError(error, 'REPOSITORY_DAMAGED')) return 'unreadable'
    throw error
  }
}
