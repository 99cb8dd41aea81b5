import { z } from 'zod'
import type { StoredObject } from '../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from './concurrency.ts'
import { backupIdSchema } from './documents.ts'
import { prefixes, randomName } from './layout.ts'
import type { OpenedObjects } from './opened-objects.ts'
import type { Repository } from './repository.ts'
import { getDocument, putDocument } from './sealed-document.ts'

export const verificationLevels = ['manifest', 'checksums', 'structure', 'restore'] as const
export type VerificationLevel = (typeof verificationLevels)[number]

const verificationSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  level: z.enum(verificationLevels),
  at: z.iso.datetime({ offset: true }),
  ok: z.boolean(),
  /** SHA-256 of the manifest that was verified. */
  checksum: z.string().nullable().default(null),
  problems: z.array(z.string()).default([]),
})
export type Verification = Omit<z.infer<typeof verificationSchema>, 'format'>

/** Keeps the outcome of a verification beside the backup. */
export async function recordVerification(
  repository: Repository,
  record: Omit<Verification, 'checksum' | 'problems'> & Partial<Verification>,
): Promise<void> {
  const time = record.at.replace(/[^0-9]/g, '').slice(0, 14)
  const name = `${verifiedPrefix(record.backup)}${time}-${randomName().slice(0, 8)}`
  await putDocument(repository, name, { format: 1, ...record })
}

/** Verifications of one backup, or of all, oldest first. What is in `opened` already is not read again. */
export async function listVerifications(
  repository: Repository,
  backup?: string,
  { signal, opened }: { signal?: AbortSignal; opened?: OpenedObjects<Verification> } = {},
): Promise<Verification[]> {
  const prefix = backup === undefined ? prefixes.verified : verifiedPrefix(backup)
  const objects: StoredObject[] = []
  for await (const object of repository.storage.list(prefix, { signal })) objects.push(object)
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const read = async (object: StoredObject): Promise<Verification | null> => {
    const known = opened?.get(object)
    if (known) return known
    const record = await getDocument(repository, object.name, verificationSchema, { signal })
    if (record === null) return null
    const { format: _, ...verification } = record
    opened?.set(object, verification)
    return verification
  }
  const found: Verification[] = []
  for await (const verification of mapInOrder(objects, documentsAtOnce, read))
    if (verification !== null) found.push(verification)
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

export function verifiedPrefix(backup: string): string {
  return `${prefixes.verified}${backupIdSchema.parse(backup)}/`
}
