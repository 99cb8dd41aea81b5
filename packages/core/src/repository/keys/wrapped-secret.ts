import { randomBytes } from 'node:crypto'
import type { KmsContext } from '../../options/key-option.ts'
import { recipientsOf, unwrapWithAge, wrapWithAge } from './age.ts'
import { type KeySource, keyBytes, type SlotKey } from './keys.ts'
import { unwrapWithKms, wrapWithKms } from './kms.ts'

/** What the header of a slot says about its wrapped secret. */
export interface WrappedSecret {
  wrapped?: string
  kms_key?: string
  recipients?: string[]
}

/**
 * Slots of kinds kms and age have a secret of their own, random, kept in them wrapped. The master key is sealed under it
 * like in every slot: a KMS never sees the master key, and the seal binds the wrapped bytes to the rest of the slot.
 * Undefined for the other kinds, whose secret is given.
 */
export async function newSecret(
  key: SlotKey,
  repository: string,
  slot: string,
): Promise<{ secret: Buffer; header: WrappedSecret } | undefined> {
  const secret = randomBytes(keyBytes)
  if ('kms' in key) {
    const wrapped = await wrapWithKms(key.kms, secret, contextOf(repository, slot))
    return { secret, header: { wrapped: wrapped.toString('base64'), kms_key: key.kms.id } }
  }
  if (!('ageIdentity' in key || 'ageRecipients' in key)) return undefined
  const recipients = 'ageRecipients' in key ? [...key.ageRecipients] : await recipientsOf(key.ageIdentity)
  const wrapped = await wrapWithAge(secret, recipients)
  return { secret, header: { wrapped: wrapped.toString('base64'), recipients } }
}

/** The secret of a slot; null where this KMS key or identity is not one it was wrapped for. */
export async function unwrapSecret(
  slot: WrappedSecret & { repository: string; slot: string },
  key: Extract<KeySource, { kms: unknown } | { ageIdentity: unknown }>,
): Promise<Buffer | null> {
  const wrapped = Buffer.from(slot.wrapped ?? '', 'base64')
  if ('ageIdentity' in key) return bounded(await unwrapWithAge(wrapped, key.ageIdentity))
  if (slot.kms_key !== key.kms.id) return null
  return bounded(await unwrapWithKms(key.kms, wrapped, contextOf(slot.repository, slot.slot)))
}

const bounded = (secret: Buffer | null) => (secret?.length === keyBytes ? secret : null)

function contextOf(repository: string, slot: string): KmsContext {
  return { purpose: 'lifeboat key slot', repository, slot }
}
