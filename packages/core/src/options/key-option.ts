import { z } from 'zod'

const secretText = z.string().min(1)

/**
 * A key management service, as the host calls it. What is wrapped is 32 bytes made for one key slot; the master key is
 * sealed under those and never leaves the process. The context has to be bound to what is wrapped (AWS: the encryption
 * context, Google and Vault: additional authenticated data): it names the repository and the slot.
 */
export interface KmsKey {
  /** Names the key in its slots, e.g. an ARN; no secret. */
  id: string
  wrap(secret: Uint8Array, context: KmsContext, call: { signal: AbortSignal }): Promise<Uint8Array>
  /** What was wrapped; null where the service says that this was wrapped by another key or under another context. */
  unwrap(wrapped: Uint8Array, context: KmsContext, call: { signal: AbortSignal }): Promise<Uint8Array | null>
  /** How long one call may take before it counts as unavailable; default 10,000. */
  timeoutMs?: number
}
/** What a wrapped key is bound to: the purpose, the repository, and the slot in it. */
export type KmsContext = { purpose: 'lifeboat key slot'; repository: string; slot: string }

/**
 * A key as a host hands it over: a passphrase, 32 bytes (also as 64 hex digits), a key management service, or age
 * identities (`AGE-SECRET-KEY-1…`, one a line, as in an identity file). Anybody can make a repository for an age
 * identity: the `fingerprint` of the recovery kit says which one is meant.
 */
export type KeyOption =
  | { passphrase: string }
  | { rawKey: Uint8Array | string }
  | { kms: KmsKey }
  | { ageIdentity: string; fingerprint?: string }

const key = z.union([
  z.strictObject({ passphrase: secretText }),
  z.strictObject({
    rawKey: z.union([z.custom<Uint8Array>((value) => value instanceof Uint8Array, '32 bytes'), secretText]),
  }),
  z.strictObject({ kms: z.custom<KmsKey>(isKms, 'a KMS key: { id, wrap(), unwrap() }') }),
  z.strictObject({
    ageIdentity: secretText,
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{32}$/, '32 hex digits')
      .optional(),
  }),
])

/** A key, none by that name, or a function that gives one. */
export const encryptionOption = z.union([
  z.literal('none'),
  key,
  // Asked when the repository is opened: for a prompt, or a secret store.
  z.custom<() => Promise<KeyOption>>((value) => typeof value === 'function', 'a function that returns a key'),
])

function isKms(value: unknown): value is KmsKey {
  return (
    typeof value === 'object' &&
    value !== null &&
    /^[^\p{C}]{1,500}$/u.test(String(Reflect.get(value, 'id') ?? '')) &&
    ['wrap', 'unwrap'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}
