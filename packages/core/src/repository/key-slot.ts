import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { damaged } from './damage.ts'
import { deriveKey, type KeySource, keyBytes } from './keys.ts'
import { prefixes } from './layout.ts'
import { refuseNewerFormat } from './sealed-document.ts'

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

export const keySlotKinds = ['passphrase', 'raw_key', 'none'] as const
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
})
type KeySlotHeader = z.infer<typeof headerSchema>

/** One way to the master key: `keys/<slot>`. */
export interface KeySlot extends KeySlotHeader {
  /** @internal line 1 as stored, authenticated by the seal */
  line: string
  /** @internal check value (16), nonce (12), sealed master key (32), tag (16) */
  secret: Buffer
}

const checkBytes = 16
const nonceBytes = 12
const tagBytes = 16
const secretBytes = checkBytes + nonceBytes + keyBytes + tagBytes
/** Encryption `none`: the key that everybody has. */
const publicKey = new Uint8Array(keyBytes)

export function keySlotName(slot: string): string {
  return `${prefixes.keys}${slot}`
}

export function kindOfKey(key: KeySource): KeySlotKind {
  if ('passphrase' in key) return 'passphrase'
  return 'rawKey' in key ? 'raw_key' : 'none'
}

/** Throws `CONFIG_INVALID` for keys nobody should use. */
export function checkKeySource(key: KeySource): void {
  if ('passphrase' in key && key.passphrase.length === 0) {
    throw new EngineError('CONFIG_INVALID', 'The passphrase is empty.')
  }
  if ('rawKey' in key && (key.rawKey.length !== keyBytes || key.rawKey.every((byte) => byte === 0))) {
    throw new EngineError('CONFIG_INVALID', `A raw key is ${keyBytes} random bytes.`)
  }
}

/** Three lines: the header as JSON, the hex of the secret part, the hex of the SHA-256 of both lines. */
export async function encodeKeySlot(
  repository: string,
  masterKey: Uint8Array,
  key: KeySource,
  label: string,
): Promise<{ slot: string; data: Buffer }> {
  checkKeySource(key)
  const header: KeySlotHeader = {
    format: 1,
    repository,
    slot: randomBytes(16).toString('hex'),
    kind: kindOfKey(key),
    label,
    created_at: new Date().toISOString(),
    salt: randomBytes(32).toString('hex'),
    scrypt: 'passphrase' in key ? scryptCost : null,
  }
  const line = JSON.stringify(header)
  const { wrap, check } = await wrappingKeys(header, key)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', wrap, nonce)
  cipher.setAAD(Buffer.from(line))
  const sealed = Buffer.concat([cipher.update(masterKey), cipher.final()])
  const secret = Buffer.concat([check, nonce, sealed, cipher.getAuthTag()])
  const lines = `${line}\n${secret.toString('hex')}\n`
  return { slot: header.slot, data: Buffer.from(`${lines}${digest(lines)}\n`) }
}

/** Throws `REPOSITORY_DAMAGED` where the object is not what a writer stored, and for costs nobody should be asked for. */
export function decodeKeySlot(name: string, data: Buffer): KeySlot {
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
  const header = headerSchema.safeParse(value)
  if (!header.success) throw damaged(name, 'is not a key slot this program accepts', header.error)
  if (keySlotName(header.data.slot) !== name || (header.data.kind === 'passphrase') !== (header.data.scrypt !== null)) {
    throw damaged(name, 'is not the key slot of this name')
  }
  return { ...header.data, line, secret: Buffer.from(secret, 'hex') }
}

/** The master key; null when this key is not the slot's. `REPOSITORY_DAMAGED` when it is, but the slot was altered. */
export async function openKeySlot(slot: KeySlot, key: KeySource): Promise<Buffer | null> {
  const { wrap, check } = await wrappingKeys(slot, key)
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

async function wrappingKeys(header: KeySlotHeader, key: KeySource): Promise<{ wrap: Buffer; check: Buffer }> {
  const salt = Buffer.from(header.salt, 'hex')
  let secret: Uint8Array
  if ('passphrase' in key) secret = await stretch(key.passphrase, salt, header.scrypt ?? scryptCost)
  else secret = 'rawKey' in key ? key.rawKey : publicKey
  return {
    wrap: deriveKey(secret, 'lifeboat/1 key slot', keyBytes, salt),
    check: deriveKey(secret, 'lifeboat/1 key check', checkBytes, salt),
  }
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
