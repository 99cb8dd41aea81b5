import { type EngineError, isEngineError } from '../../errors.ts'
import { type Storage, StorageObjectMissing, type StoredObject } from '../../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { damaged } from '../damage.ts'
import { prefixes } from '../layout.ts'
import { decodeKeySlot, type KeySlot, maxSlotBytes } from './key-slot.ts'

/** So many are read at once. More slots than anybody has; what was planted is younger and comes later. */
const atOnce = 64
/** A bound on the work a hostile repository can ask for. */
const maxSlots = 4096

/** What lies under `keys/`: the slots that can be read, of whatever repository, and what is wrong with the others. */
export interface StoredKeySlots {
  slots: KeySlot[]
  errors: EngineError[]
  /** Reads further ones; null where these were all. */
  more: (() => Promise<StoredKeySlots>) | null
}

/** All slots of a repository that can be read, and what is wrong with the others. */
export async function readKeySlots(storage: Storage, repository: string): Promise<StoredKeySlots> {
  const all: StoredKeySlots = { slots: [], errors: [], more: null }
  for (let page: StoredKeySlots | undefined = await readAllKeySlots(storage); page; page = await page.more?.()) {
    all.slots.push(...slotsOf(page, repository).slots)
    all.errors.push(...page.errors)
  }
  return all
}

/** The slot of an init that lost a race, or died, belongs to a repository that never was. */
export function slotsOf({ slots, errors, more }: StoredKeySlots, repository: string): StoredKeySlots {
  const next = more && (async () => slotsOf(await more(), repository))
  return { slots: slots.filter((slot) => slot.repository === repository), errors, more: next }
}

/**
 * The oldest slots, by the storage's clock: slots that an attacker adds must not keep the holders of the real ones out.
 */
export async function readAllKeySlots(storage: Storage): Promise<StoredKeySlots> {
  const objects: StoredObject[] = []
  for await (const object of storage.list(prefixes.keys)) objects.push(object)
  objects.sort((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime() || (a.name < b.name ? -1 : 1))
  return readPage(storage, objects.slice(0, maxSlots))
}

async function readPage(storage: Storage, objects: readonly StoredObject[]): Promise<StoredKeySlots> {
  const slots: KeySlot[] = []
  const errors: EngineError[] = []
  const read = async (object: StoredObject) => {
    try {
      if (object.bytes > maxSlotBytes) throw damaged(object.name, 'is too long for a key slot')
      return decodeKeySlot(object.name, await storage.get(object.name, { maxBytes: maxSlotBytes }))
    } catch (error) {
      if (error instanceof StorageObjectMissing) return null
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'REPOSITORY_FORMAT_NEWER')) throw error
      errors.push(error)
      return null
    }
  }
  const page = objects.slice(0, atOnce)
  for await (const slot of mapInOrder(page, documentsAtOnce, read)) if (slot !== null) slots.push(slot)
  const rest = objects.slice(atOnce)
  return { slots, errors, more: rest.length > 0 ? () => readPage(storage, rest) : null }
}

/** What to throw where slots cannot be read. */
export function damagedSlots(errors: EngineError[]): EngineError {
  const objects = errors.flatMap((error) => error.detail.objects as string[])
  return damaged(objects, errors.length === 1 ? 'is a damaged key slot' : 'are damaged key slots', errors[0])
}
