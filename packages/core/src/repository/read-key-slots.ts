import { EngineError } from '../errors.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { damaged } from './damage.ts'
import { decodeKeySlot, type KeySlot, maxSlotBytes } from './key-slot.ts'
import { prefixes } from './layout.ts'

/** More slots than anybody has; a bound on the work a hostile repository can ask for. */
const maxSlots = 64

/** The slots that can be read, and what is wrong with the others. */
export async function readKeySlots(
  storage: Storage,
  repository: string,
): Promise<{ slots: KeySlot[]; errors: EngineError[] }> {
  const slots: KeySlot[] = []
  const errors: EngineError[] = []
  let seen = 0
  for await (const object of storage.list(prefixes.keys)) {
    if (++seen > maxSlots) throw damaged(prefixes.keys, `holds more than ${maxSlots} key slots`)
    try {
      if (object.bytes > maxSlotBytes) throw damaged(object.name, 'is too long for a key slot')
      const slot = decodeKeySlot(object.name, await storage.get(object.name))
      // The slot of an init that lost a race, or died, belongs to a repository that never was.
      if (slot?.repository === repository) slots.push(slot)
    } catch (error) {
      if (error instanceof StorageObjectMissing) continue
      if (!(error instanceof EngineError) || error.code !== 'REPOSITORY_DAMAGED') throw error
      errors.push(error)
    }
  }
  return { slots, errors }
}

/** What to throw where slots cannot be read. */
export function damagedSlots(errors: EngineError[]): EngineError {
  const objects = errors.flatMap((error) => error.detail.objects as string[])
  return damaged(objects, errors.length === 1 ? 'is a damaged key slot' : 'are damaged key slots', errors[0])
}
