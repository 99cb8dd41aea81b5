import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { freeBuffer } from '../threads/free-buffer.ts'
import { compress, decompress } from './chunks/compression.ts'

/** What a seal holds; authenticated, so that one kind never passes for another. */
export const sealKinds = { chunk: 1, packTable: 2, document: 3 } as const
export type SealKind = (typeof sealKinds)[keyof typeof sealKinds]

/** Bytes a seal adds: compression (1), nonce (12), tag (16). */
export const sealOverhead = 29

const sealVersion = 1
const nonceBytes = 12
const tagBytes = 16

/** Name and kind of what is sealed, and the root key its own key is derived from. */
export interface SealContext {
  kind: SealKind
  /** A chunk's id, or the UTF-8 bytes of an object's name. */
  name: Uint8Array
  rootKey: Uint8Array
}

/** A seal in the parts a writer lays one after the other: `head`, `body`, `tag`. */
export interface SealParts {
  head: Buffer
  body: Buffer
  tag: Buffer
  bytes: number
}

/**
 * Compresses, encrypts and authenticates. Every name has a key of its own (HMAC of the name under the root key), so the
 * random nonces of one key number in the handful, and no amount of data brings them near their birthday bound.
 */
export function seal(context: SealContext, plain: Uint8Array, compressionLevel: number): SealParts {
  const packed = compress(plain, compressionLevel)
  const nonce = randomBytes(nonceBytes)
  const stored = packed.bytes.length + sealOverhead
  const cipher = createCipheriv('aes-256-gcm', sealKey(context), nonce)
  cipher.setAAD(associatedData(context, packed.compression, plain.length, stored))
  const body = cipher.update(packed.bytes)
  cipher.final()
  if (packed.bytes !== plain) freeBuffer(packed.bytes)
  const head = Buffer.allocUnsafe(1 + nonceBytes)
  head[0] = packed.compression
  nonce.copy(head, 1)
  return { head, body, tag: cipher.getAuthTag(), bytes: stored }
}

/** Opens what {@link seal} made; `plainBytes` comes from its table or header. Throws on any difference. */
export function unseal(context: SealContext, sealed: Uint8Array, plainBytes: number): Buffer {
  if (sealed.length < sealOverhead) throw new Error('It is too short to be a seal.')
  const compression = sealed[0]!
  const nonce = sealed.subarray(1, 1 + nonceBytes)
  const end = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', sealKey(context), nonce, { authTagLength: tagBytes })
  decipher.setAAD(associatedData(context, compression, plainBytes, sealed.length))
  decipher.setAuthTag(sealed.subarray(end))
  const body = decipher.update(sealed.subarray(1 + nonceBytes, end))
  // Nothing of `body` is looked at, let alone decompressed, before the tag has been found right.
  decipher.final()
  const plain = decompress(compression, body, plainBytes)
  if (plain !== body) freeBuffer(body)
  return plain
}

/** Keys are handed to Node as key objects: with bytes, a short operation takes three times as long (Node 24.21). */
function sealKey({ rootKey, kind, name }: SealContext): KeyObject {
  const hmac = createHmac('sha256', createSecretKey(rootKey))
  return createSecretKey(hmac.update(Uint8Array.of(kind)).update(name).digest())
}

/** version (1), kind (1), compression (1), 0 (1), plain length (4), sealed length (4), name. */
function associatedData(context: SealContext, compression: number, plainBytes: number, sealedBytes: number): Buffer {
  const data = Buffer.alloc(12 + context.name.length)
  data[0] = sealVersion
  data[1] = context.kind
  data[2] = compression
  data.writeUInt32LE(plainBytes, 4)
  data.writeUInt32LE(sealedBytes, 8)
  data.set(context.name, 12)
  return data
}
