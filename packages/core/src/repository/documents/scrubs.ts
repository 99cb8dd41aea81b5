import { z } from 'zod'
import type { StoredObject } from '../../storage/storage.ts'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import type { OpenedObjects } from './opened-objects.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const scrubSchema = z.object({
  format: z.number().int().positive(),
  at: z.iso.datetime({ offset: true }),
  /** Days since 1970-01-01 (UTC). */
  day: z.number().int().min(0),
  /** Into how many shares the packs were divided. */
  days: z.number().int().min(1),
  /** Which shares were read. */
  slots: z.array(z.number().int().min(0)),
  packs: z.number().int().min(0),
  bytes: z.number().int().min(0),
  /** Packs that were missing or damaged. */
  problems: z.number().int().min(0),
})

/** What one scrub read, and what it found. */
export type ScrubRecord = Omit<z.infer<typeof scrubSchema>, 'format'>

/** Keeps what a scrub read; records of days before `forgetBefore` go. */
export async function recordScrub(
  repository: Repository,
  record: ScrubRecord,
  { forgetBefore, signal }: { forgetBefore: number; signal?: AbortSignal },
): Promise<void> {
  const name = `${prefixes.scrubs}${record.day}-${randomName().slice(0, 8)}`
  await putDocument(repository, name, { format: 1, ...record }, { signal })
  const old: string[] = []
  for await (const object of repository.storage.list(prefixes.scrubs, { signal }))
    if (Number.parseInt(object.name.slice(prefixes.scrubs.length), 10) < forgetBefore) old.push(object.name)
  for (const one of old) await repository.storage.delete(one, { signal })
}

/**
 * What was scrubbed, oldest first. A record that does not open counts for nothing: its share is read again. What is in
 * `opened` already is not read again.
 */
export async function listScrubs(
  repository: Repository,
  {
    signal,
    opened,
    unreadable,
  }: { signal?: AbortSignal; opened?: OpenedObjects<ScrubRecord> } & UnreadableOptions = {},
): Promise<ScrubRecord[]> {
  const objects: StoredObject[] = []
  for await (const object of repository.storage.list(prefixes.scrubs, { signal })) objects.push(object)
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const found: ScrubRecord[] = []
  for (const object of objects) {
    const known = opened?.get(object)
    if (known) {
      found.push(known)
      continue
    }
    const open = () => getDocument(repository, object.name, scrubSchema, { signal })
    const record = await readOrNote(object.name, { unreadable }, open)
    if (record === null) continue
    const { format: _, ...scrub } = record
    found.push(scrub)
    opened?.set(object, scrub)
  }
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
