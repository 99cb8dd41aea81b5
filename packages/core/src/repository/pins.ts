import { z } from 'zod'
import { documentsAtOnce, mapInOrder } from './concurrency.ts'
import { backupIdSchema } from './documents.ts'
import { prefixes } from './layout.ts'
import type { Repository } from './repository.ts'
import { getDocument, putDocument } from './sealed-document.ts'

const pinSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  pinned_at: z.iso.datetime({ offset: true }),
  pinned_by: z.string(),
})

export interface Pin {
  backup: string
  pinnedAt: string
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

/** Every pin, by the id of its backup. A damaged pin throws rather than counting as none. */
export async function listPins(
  repository: Repository,
  options: { signal?: AbortSignal } = {},
): Promise<Map<string, Pin>> {
  const pins = new Map<string, Pin>()
  const names = repository.storage.list(prefixes.pins, options)
  const read = ({ name }: { name: string }) => getDocument(repository, name, pinSchema, options)
  for await (const pin of mapInOrder(names, documentsAtOnce, read)) {
    if (pin === null) continue
    pins.set(pin.backup, { backup: pin.backup, pinnedAt: pin.pinned_at, pinnedBy: pin.pinned_by })
  }
  return pins
}

export function pinName(backup: string): string {
  return `${prefixes.pins}${backupIdSchema.parse(backup)}`
}
