import { listAnnotations } from '../repository/documents/annotations.ts'
import { backupIdSchema } from '../repository/documents/documents.ts'
import { listDrills } from '../repository/documents/drills.ts'
import { checkNumbers } from '../repository/documents/numbers.ts'
import { listPins, setPin } from '../repository/documents/pins.ts'
import { listScrubs } from '../repository/documents/scrubs.ts'
import { listTrusts } from '../repository/documents/trust.ts'
import type { UnreadableObject } from '../repository/documents/unreadable.ts'
import { listVerifications } from '../repository/documents/verifications.ts'
import { listMarks } from '../repository/index/marks.ts'
import { listKeySlots } from '../repository/keys/key-slots.ts'
import { packOfObjectName, prefixes } from '../repository/layout.ts'
import { parseLeaseObjectName } from '../repository/leases/lease-names.ts'
import type { Repository } from '../repository/repository.ts'
import type { Repairing } from './repair.ts'

/**
 * What no copy could replace and what carries no data: it is removed, and a pin is set again. Of a newer format nothing is
 * touched.
 */
export async function repairStray(repairing: Repairing): Promise<void> {
  const { repository, options, items } = repairing
  const { signal, dryRun = false } = options
  const stray = await findStray(repository, signal)
  for (const { object, message } of stray) {
    const pinned = backupIdSchema.safeParse(object.slice(prefixes.pins.length))
    const isPin = object.startsWith(prefixes.pins) && pinned.success
    if (!dryRun && isPin) await setPin(repository, pinned.data, true, { by: 'repair' })
    else if (!dryRun) await repository.storage.delete(object, { signal })
    const lost = items.findIndex((item) => item.object === object && item.outcome === 'lost')
    if (lost >= 0) items.splice(lost, 1)
    items.push({ object, message, outcome: isPin ? 'rebuilt' : 'removed', from: null, backups: [] })
  }
}

async function findStray(repository: Repository, signal: AbortSignal | undefined): Promise<UnreadableObject[]> {
  const unreadable: UnreadableObject[] = []
  await listPins(repository, { signal, unreadable })
  await listAnnotations(repository, { signal, unreadable })
  await listTrusts(repository, { signal, unreadable })
  await listVerifications(repository, undefined, { signal, unreadable })
  await listScrubs(repository, { signal, unreadable })
  await listDrills(repository, { ...(signal ? { signal } : {}), unreadable })
  await listMarks(repository, { signal, unreadable })
  await checkNumbers(repository, { signal, unreadable })
  await listKeySlots(repository, { unreadable })
  const named = await strayNames(repository, signal)
  return [...unreadable.filter(({ code }) => code === 'REPOSITORY_DAMAGED'), ...named]
}

/** Objects whose names no holder of the key has made: they are no leases, packs or manifests. */
async function strayNames({ storage, keys }: Repository, signal: AbortSignal | undefined): Promise<UnreadableObject[]> {
  const isOurs: [string, (name: string) => boolean][] = [
    [prefixes.leases, (name) => parseLeaseObjectName(keys, name) !== null],
    [prefixes.packs, (name) => packOfObjectName(name) !== null],
    [prefixes.backups, (name) => backupIdSchema.safeParse(name.slice(prefixes.backups.length)).success],
  ]
  const found: UnreadableObject[] = []
  for (const [prefix, ours] of isOurs)
    for await (const { name } of storage.list(prefix, { signal }))
      if (!ours(name)) found.push({ object: name, code: 'REPOSITORY_DAMAGED', message: `${name} is no name of ours.` })
  return found
}
