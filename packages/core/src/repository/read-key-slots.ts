import { EngineError } from '../errors.ts'
import { type Storage, StorageObjectMissing, type StoredObject } from '../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from './concurrency.ts'
import { damaged } from './damage.ts'
import { decodeKeySlot, type KeySlot, maxSlotBytes } from './key-slot.ts'
import { prefixes } from './layout.ts'

/** More slots than anybody has; a bound on the work a hostile repository can ask for. */
const maxSlots = 64

/** What lies under `keys/`: the slots that can be read, of whatever repository, and what is wrong with the others. */
export interface StoredKeySlots {
  slots: KeySlot[]
  errors: EngineError[]
}

/** The slots of a repository that can be read, and what is wrong with the others. */
export async function readKeySlots(storage: Storage, repository: string): Promise<StoredKeySlots> {
  return slotsOf(await readAllKeySlots(storage), repository)
}

/** The slot of an init that lost a race, or died, belongs to a repository that never was. */
export function slotsOf({ slots, errors }: StoredKeySlots, repository: string): StoredKeySlots {
  return { slots: slots.filter((slot) => slot.repository === repository), errors }
}

export async function readAllKeySlots(storage: Storage): Promise<StoredKeySlots> {
  const slots: KeySlot[] = []
  const errors: EngineError[] = []
  const objects: StoredObject[] = []
  for await (const object of storage.list(prefixes.keys)) {
    objects.push(object)
    if (objects.length > maxSlots) throw damaged(prefixes.keys, `holds more than ${maxSlots} key slots`)
  }
  const read = async (object: StoredObject) => {
    try {
      if (object.bytes > maxSlotBytes) throw damaged(object.name, 'is too long for a key slot')
      return decodeKeySlot(object.name, await storage.get(object.name))
    } catch (error) {
      if (error instanceof StorageObjectMissing) return null
      if (!(error instanceof EngineError) || error.code !== 'REPOSITORY_DAMAGED') throw error
      errors.push(error)
      return null
    }
  }
  for await (const slot of mapInOrder(objects, documentsAtOnce, read)) if (slot !== null) slots.push(slot)
  return { slots, errors }
}

/** What to throw where slots cannot be read. */
export function damagedSlots(errors: EngineError[]): EngineError {
  const objects = errors.flatMap((error) => error.detail.objects as string[])
  return damaged(objects, errors.length === 1 ? 'is a damaged key slot' : 'are damaged key slots', errors[0])
}
