import { z } from 'zod'
import type { StoredObject } from '../../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import type { OpenedObjects } from './opened-objects.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

export const verificationLevels = ['manifest', 'checksums', 'structure', 'restore'] as const
export type VerificationLevel = (typeof verificationLevels)[number]

const verificationSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  level: z.enum(verificationLevels),
  at: z.iso.datetime({ offset: true }),
  /**
   * False also where the verification could not find out: a reader that does not know `unknown` then trusts the backup
   * less, not more.
   */
  ok: z.boolean(),
  /** Something kept the verification from finding out; `problems` says what. */
  unknown: z.literal(true).optional(),
  /** SHA-256 of the manifest that was verified. */
  checksum: z.string().nullable().default(null),
  problems: z.array(z.string()).default([]),
})
export type Verification = Omit<z.infer<typeof verificationSchema>, 'format'>

/** Stores the outcome of a verification with the backup. */
export async function recordVerification(
  repository: Repository,
  record: Omit<Verification, 'checksum' | 'problems'> & Partial<Verification>,
): Promise<void> {
  const time = record.at.replace(/[^0-9]/g, '').slice(0, 14)
  const name = `${verifiedPrefix(record.backup)}${time}-${randomName().slice(0, 8)}`
  await putDocument(repository, name, { format: 1, ...record })
}

/**
 * Verifications of one backup, or of all, oldest first. What is in `opened` already is not read again; what cannot be read
 * is noted in `unreadable`, and {@link backupOfVerification} says whose it is.
 */
export async function listVerifications(
  repository: Repository,
  backup?: string,
  {
    signal,
    opened,
    unreadable,
  }: { signal?: AbortSignal; opened?: OpenedObjects<Verification> } & UnreadableOptions = {},
): Promise<Verification[]> {
  const prefix = backup === undefined ? prefixes.verified : verifiedPrefix(backup)
  const objects: StoredObject[] = []
  for await (const object of repository.storage.list(prefix, { signal })) objects.push(object)
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const read = async (object: StoredObject): Promise<Verification | null> => {
    const known = opened?.get(object)
    if (known) return known
    const open = () => getDocument(repository, object.name, verificationSchema, { signal })
    const record = await readOrNote(object.name, { unreadable }, open)
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

/** What the verifications of one backup come to. */
export interface Verdict {
  /** The newest that found it bad and that no later one lifts; else the newest that found it good. */
  decided: Verification | null
  /** The newest that could not find out, where nothing was decided since. */
  undecided: Verification | null
}

/** By backup. `records` are in order, oldest first. Pure. */
export function verdictsOf(records: readonly Verification[]): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>()
  for (const [backup, own] of Map.groupBy(records, (record) => record.backup)) {
    const decisive = own.filter(({ unknown }) => !unknown)
    const bad = decisive.findLast(
      (one, at) => !one.ok && !decisive.slice(at + 1).some(({ ok, level }) => ok && lifts[level].includes(one.level)),
    )
    const decided = bad ?? decisive.findLast(({ ok }) => ok) ?? null
    const last = own.at(-1)
    verdicts.set(backup, { decided, undecided: last?.unknown ? last : null })
  }
  return verdicts
}

/** The levels whose findings a good outcome of a level disproves. */
const lifts: Record<VerificationLevel, readonly VerificationLevel[]> = {
  manifest: ['manifest'],
  checksums: ['manifest', 'checksums'],
  structure: ['manifest', 'structure'],
  restore: ['manifest', 'checksums', 'structure', 'restore'],
}

/** The id in the name of a verification record; null where there is none. */
export function backupOfVerification(name: string): string | null {
  const [id = ''] = name.slice(prefixes.verified.length).split('/')
  return name.startsWith(prefixes.verified) && backupIdSchema.safeParse(id).success ? id : null
}

export function verifiedPrefix(backup: string): string {
  return `${prefixes.verified}${backupIdSchema.parse(backup)}/`
}
