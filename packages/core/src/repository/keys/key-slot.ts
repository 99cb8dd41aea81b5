import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { damaged } from '../damage.ts'
import { refuseNewerFormat } from '../documents/sealed-document.ts'
import { prefixes } from '../layout.ts'
import { checkRecipients, identitiesOf, maxRecipients } from './age.ts'
import { deriveKey, type KeySource, keyBytes, type SlotKey } from './keys.ts'
import { newSecret, unwrapSecret } from './wrapped-secret.ts'

/** The cost of a passphrase guess: 128 MiB and some 0.3 s. */
const scryptCost = { n: 2 ** 17, r: 8, p: 1 }
/** What a stored slot may ask of us: no more than 512 MiB, no less than what is safe for a test. */
const scryptSchema = z
  .object({
    n: z
      .number()
      .int()
      .min(2 ** 14)
      .max(2 ** 19),
    r: z.number().int().min(1).max(16),
    p: z.number().int().min(1).max(4),
  })
  .refine((c) => Number.isInteger(Math.log2(c.n)) && 128 * c.n * c.r <= 512 * 1024 * 1024, 'scrypt cost out of bounds')

export const keySlotKinds = ['passphrase', 'raw_key', 'kms', 'age', 'none'] as const
export type KeySlotKind = (typeof keySlotKinds)[number]

const headerSchema = z.object({
  format: z.number().int().positive(),
  repository: z.string().regex(/^[0-9a-f]{32}$/),
  slot: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.enum(keySlotKinds),
  label: z.string().max(200),
  created_at: z.iso.datetime({ offset: true }),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  scrypt: scryptSchema.nullable(),
  /** Of kinds kms and age: the slot's secret, wrapped, in base64; and by what. */
  wrapped: z.base64().min(1).max(3000).optional(),
  kms_key: z.string().min(1).max(500).optional(),
  recipients: z.array(z.string().max(100)).min(1).max(maxRecipients).optional(),
})
type KeySlotHeader = z.infer<typeof headerSchema>

/** One way to the master key: `keys/<slot>`. */
export interface KeySlot extends KeySlotHeader {
  /** @internal line 1 as stored, authenticated by the seal */
  line: string
  /** @internal check value (16), nonce (12), sealed master key (32), tag (16) */
  secret: Buffer
}

/** No slot is longer. */
export const maxSlotBytes = 4096
const checkBytes = 16
const nonceBytes = 12
const tagBytes = 16
const secretBytes = checkBytes + nonceBytes + keyBytes + tagBytes
/** Encryption `none`: the key that everybody has. */
const publicKey = new Uint8Array(keyBytes)

export function keySlotName(slot: string): string {
  return `${prefixes.keys}${slot}`
}

export function kindOfKey(key: SlotKey): KeySlotKind {
  if ('passphrase' in key) return 'passphrase'
  if ('rawKey' in key) return 'raw_key'
  if ('kms' in key) return 'kms'
  return 'encryption' in key ? 'none' : 'age'
}

/** Throws `CONFIG_INVALID` for keys that are too weak to use. */
export function checkKeySource(key: SlotKey): void {
  if ('passphrase' in key && key.passphrase.length === 0) {
    throw new EngineError('CONFIG_INVALID', 'The passphrase is empty.')
  }
  if ('rawKey' in key && (key.rawKey.length !== keyBytes || key.rawKey.every((byte) => byte === 0))) {
    throw new EngineError('CONFIG_INVALID', `A raw key is ${keyBytes} random bytes.`)
  }
  if ('ageIdentity' in key) identitiesOf(key.ageIdentity)
  if ('ageRecipients' in key) checkRecipients(key.ageRecipients)
}

/** Three lines: the header as JSON, the hex of the secret part, the hex of the SHA-256 of both lines. */
export async function encodeKeySlot(
  repository: string,
  masterKey: Uint8Array,
  key: SlotKey,
  label: string,
): Promise<{ slot: string; data: Buffer }> {
  checkKeySource(key)
  const slot = randomBytes(16).toString('hex')
  const made = await newSecret(key, repository, slot)
  const header: KeySlotHeader = {
    format: 1,
    repository,
    slot,
    kind: kindOfKey(key),
    label,
    created_at: new Date().toISOString(),
    salt: randomBytes(32).toString('hex'),
    scrypt: 'passphrase' in key ? scryptCost : null,
    ...made?.header,
  }
  const line = JSON.stringify(header)
  const { wrap, check } = wrappingKeys(header, made?.secret ?? (await givenSecret(header, key as GivenKey)))
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', wrap, nonce)
  cipher.setAAD(Buffer.from(line))
  const sealed = Buffer.concat([cipher.update(masterKey), cipher.final()])
  const secret = Buffer.concat([check, nonce, sealed, cipher.getAuthTag()])
  const lines = `${line}\n${secret.toString('hex')}\n`
  const data = Buffer.from(`${lines}${digest(lines)}\n`)
  if (data.length > maxSlotBytes)
    throw new EngineError('CONFIG_INVALID', `A key slot has at most ${maxSlotBytes} bytes; this would be longer.`)
  return { slot, data }
}

/**
 * Throws `REPOSITORY_DAMAGED` where the object is not what a writer stored, and for unreasonable costs.
 * Null for a slot of a kind that came later: it is for others.
 */
export function decodeKeySlot(name: string, data: Buffer): KeySlot | null {
  const match = /^((\{[^\n]*\})\n([0-9a-f]{152})\n)([0-9a-f]{64})\n$/.exec(data.toString('utf8'))
  if (!match) throw damaged(name, 'cannot be read as a key slot')
  const [, lines = '', line = '', secret = '', sum = ''] = match
  if (digest(lines) !== sum || !Buffer.from(match[0]).equals(data)) throw damaged(name, 'is damaged')
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw damaged(name, 'cannot be read as a key slot', error)
  }
  refuseNewerFormat(name, value)
  const { kind } = z
    .object({ kind: z.string().regex(/^[a-z0-9_]{1,32}$/) })
    .catch({ kind: 'none' })
    .parse(value)
  if (!(keySlotKinds as readonly string[]).includes(kind)) return null
  const header = headerSchema.safeParse(value)
  if (!header.success) throw damaged(name, 'is not a key slot this program accepts', header.error)
  if (keySlotName(header.data.slot) !== name || !fitsItsKind(header.data)) {
    throw damaged(name, 'is not the key slot of this name')
  }
  return { ...header.data, line, secret: Buffer.from(secret, 'hex') }
}

/** The master key; null when this key is not the slot's. `REPOSITORY_DAMAGED` when it is, but the slot was altered. */
export async function openKeySlot(slot: KeySlot, key: KeySource): Promise<Buffer | null> {
  const secret = await secretOf(slot, key)
  if (secret === null) return null
  const { wrap, check } = wrappingKeys(slot, secret)
  if (slot.secret.length !== secretBytes || !timingSafeEqual(check, slot.secret.subarray(0, checkBytes))) return null
  const nonce = slot.secret.subarray(checkBytes, checkBytes + nonceBytes)
  const sealed = slot.secret.subarray(checkBytes + nonceBytes, secretBytes - tagBytes)
  try {
    const decipher = createDecipheriv('aes-256-gcm', wrap, nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(slot.line))
    decipher.setAuthTag(slot.secret.subarray(secretBytes - tagBytes))
    return Buffer.concat([decipher.update(sealed), decipher.final()])
  } catch (error) {
    throw damaged(keySlotName(slot.slot), 'was altered: the key is right, but it does not open', error)
  }
}

function wrappingKeys({ salt: hex }: KeySlotHeader, secret: Uint8Array): { wrap: Buffer; check: Buffer } {
  const salt = Buffer.from(hex, 'hex')
  return {
    wrap: deriveKey(secret, 'lifeboat/1 key slot', keyBytes, salt),
    check: deriveKey(secret, 'lifeboat/1 key check', checkBytes, salt),
  }
}

type GivenKey = Exclude<KeySource, { kms: unknown } | { ageIdentity: unknown }>

/** The secret of a slot, from a key for it; null where this key is for another one. */
async function secretOf(slot: KeySlot, key: KeySource): Promise<Uint8Array | null> {
  if (slot.kind !== kindOfKey(key)) return null
  if ('kms' in key || 'ageIdentity' in key) return unwrapSecret(slot, key)
  return givenSecret(slot, key)
}

async function givenSecret(header: KeySlotHeader, key: GivenKey): Promise<Uint8Array> {
  if ('passphrase' in key) return stretch(key.passphrase, Buffer.from(header.salt, 'hex'), header.scrypt ?? scryptCost)
  return 'rawKey' in key ? key.rawKey : publicKey
}

function fitsItsKind({ kind, scrypt: cost, wrapped, kms_key, recipients }: KeySlotHeader): boolean {
  return (
    (kind === 'passphrase') === (cost !== null) &&
    (kind === 'kms' || kind === 'age') === (wrapped !== undefined) &&
    (kind === 'kms') === (kms_key !== undefined) &&
    (kind === 'age') === (recipients !== undefined)
  )
}

/** scrypt over the UTF-8 bytes of the passphrase in Unicode NFC (keyboards differ in how they compose accents). */
function stretch(passphrase: string, salt: Buffer, cost: { n: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: 128 * cost.n * cost.r + 32 * 1024 * 1024 }
    scrypt(passphrase.normalize('NFC'), salt, keyBytes, options, (error, derived) => {
      if (error) reject(error)
      else resolve(derived)
    })
  })
}

function digest(lines: string): string {
  return createHash('sha256').update(lines).digest('hex')
}
