import { EngineError } from '../../errors.ts'
import { loadOptionalPeer } from '../../storage/optional-peer.ts'

/** So many fit into a key slot. */
export const maxRecipients = 8
const advice = `Give the public key that age-keygen prints; of several at most ${maxRecipients}.`

const load = () => loadOptionalPeer('age-encryption', () => import('age-encryption'), 'An age key')

/** A slot's secret for the holders of these keys: a file of the age format (age-encryption.org/v1). */
export async function wrapWithAge(secret: Uint8Array, recipients: readonly string[]): Promise<Buffer> {
  const { Encrypter } = await load()
  const encrypter = new Encrypter()
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (cause) {
      throw new EngineError('CONFIG_INVALID', `${recipient} is not an age recipient.`, { cause, advice })
    }
  }
  return Buffer.from(await encrypter.encrypt(secret))
}

/** The secret of a slot; null where none of the identities is one it was wrapped for. */
export async function unwrapWithAge(wrapped: Uint8Array, identityFile: string): Promise<Buffer | null> {
  const { Decrypter } = await load()
  const decrypter = new Decrypter()
  for (const identity of identitiesOf(identityFile)) decrypter.addIdentity(identity)
  try {
    return Buffer.from(await decrypter.decrypt(wrapped))
  } catch {
    // The library says "no identity matched" and damage alike by a message; the slot's own checksum shows damage.
    return null
  }
}

/** The public keys of an identity file. */
export async function recipientsOf(identityFile: string): Promise<string[]> {
  const { identityToRecipient } = await load()
  return Promise.all(identitiesOf(identityFile).map((identity) => identityToRecipient(identity)))
}

/** Throws `CONFIG_INVALID` for what is no X25519 recipient: those of plugins and SSH keys need the age program. */
export function checkRecipients(recipients: readonly string[]): void {
  const wrong = recipients.find((recipient) => !/^age1[02-9ac-hj-np-z]{58}$/.test(recipient))
  if (recipients.length === 0 || recipients.length > maxRecipients || wrong !== undefined)
    throw new EngineError('CONFIG_INVALID', 'An age recipient is "age1" and 58 characters.', { advice })
}

/** The identities in a file as age-keygen writes it: comments and blank lines are left out. */
export function identitiesOf(identityFile: string): string[] {
  const lines = identityFile.split(/\r?\n/).map((line) => line.trim())
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/.test(line)))
    throw new EngineError('CONFIG_INVALID', 'This is not an age identity: a line AGE-SECRET-KEY-1….', {
      advice: 'Make one with age-keygen. Identities that are themselves encrypted have to be decrypted first.',
    })
  return identities
}
