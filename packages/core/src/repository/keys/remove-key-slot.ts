import { EngineError } from '../../errors.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { keySlotName } from './key-slot.ts'
import { readKeySlots } from './read-key-slots.ts'

/**
 * Removes a slot. Refuses (`USAGE`) the last readable one, also where another process removes the others at this moment:
 * the repository could not be opened again.
 *
 * A process that removes a slot writes its mark first, and then looks at the marks of others. Of two processes that are
 * about to remove the last two slots at least one sees the other's mark, and keeps its slot. Marks are looked at before
 * slots: one that is gone by then has taken its slot with it. A mark that a crash left behind only makes removals more
 * careful, until the same slot is removed again.
 */
export async function removeKeySlot(repository: Repository, slot: string): Promise<void> {
  const { storage, id } = repository
  const mark = `${prefixes.removals}${slot}`
  await storage.put(mark, Buffer.from(`${slot}\n`))
  const going = new Set<string>()
  for await (const { name } of storage.list(prefixes.removals)) going.add(name.slice(prefixes.removals.length))
  const { slots } = await readKeySlots(storage, id)
  if (!slots.some((other) => !going.has(other.slot))) {
    await storage.delete(mark)
    const others = slots.filter((other) => other.slot !== slot)
    throw new EngineError('USAGE', 'This is the last key slot. Add another one before you remove it.', {
      ...(others.length === 0
        ? {}
        : {
            advice:
              'The other slots are being removed, or were to be when a process died: add a key, then remove them.',
          }),
    })
  }
  await storage.delete(keySlotName(slot))
  await storage.delete(mark)
}
