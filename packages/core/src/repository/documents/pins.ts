import { z } from 'zod'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableObject, type UnreadableOptions } from './unreadable.ts'

const pinSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  pinned_at: z.iso.datetime({ offset: true }),
  pinned_by: z.string(),
})

export interface Pin {
  backup: string
  /** Null where the pin cannot be read. It counts all the same. */
  pinnedAt: string | null
  pinnedBy: string
}

/** Pins a backup (retention and delete leave it alone), or takes the pin away. */
export async function setPin(
  repository: Repository,
  backup: string,
  pinned: boolean,
  options: { by?: string } = {},
): Promise<void> {
  const name = pinName(backup)
  if (!pinned) return repository.storage.delete(name)
  const pin = { format: 1, backup, pinned_at: new Date().toISOString(), pinned_by: options.by ?? '' }
  await putDocument(repository, name, pin)
}

/** Every pin, by the id of its backup. One that is there and cannot be read counts as a pin. */
export async function listPins(
  repository: Repository,
  options: { signal?: AbortSignal } & UnreadableOptions = {},
): Promise<Map<string, Pin>> {
  const pins = new Map<string, Pin>()
  const names = repository.storage.list(prefixes.pins, { signal: options.signal })
  const read = async ({ name }: { name: string }): Promise<Pin | null> => {
    const unreadable: UnreadableObject[] = []
    const pin = await readOrNote(name, { unreadable }, () => getDocument(repository, name, pinSchema, options))
    if (pin) return { backup: pin.backup, pinnedAt: pin.pinned_at, pinnedBy: pin.pinned_by }
    options.unreadable?.push(...unreadable)
    const id = backupIdSchema.safeParse(name.slice(prefixes.pins.length))
    return unreadable.length > 0 && id.success ? { backup: id.data, pinnedAt: null, pinnedBy: '' } : null
  }
  for await (const pin of mapInOrder(names, documentsAtOnce, read)) if (pin !== null) pins.set(pin.backup, pin)
  return pins
}

export function pinName(backup: string): string {
  return `${prefixes.pins}${backupIdSchema.parse(backup)}`
}
