import { hkdfSync, randomBytes } from 'node:crypto'
import type { KmsKey } from '../../options/key-option.ts'

/** What opens a repository. `encryption: 'none'` must be asked for by that name. */
export type KeySource =
  | { passphrase: string }
  | { rawKey: Uint8Array }
  | { kms: KmsKey }
  | { ageIdentity: string; fingerprint?: string }
  | { encryption: 'none' }

/** What a key slot can be made for: also for those who will open it somewhere else. */
export type SlotKey = KeySource | { ageRecipients: readonly string[] }

/**
 * The keys in use, each derived from the master key. Plain bytes, so that they can be handed to worker threads; the
 * master key itself is not among them.
 */
export interface RepositoryKeys {
  /** HMAC-SHA-256 of a chunk's plaintext under this key is the chunk's id. */
  chunkId: Uint8Array
  /** Root of the keys that seal chunks. */
  seal: Uint8Array
  /** Seeds the chunker's table. */
  chunker: Uint8Array
  /** Root of the keys that seal documents and pack tables. */
  document: Uint8Array
  /** Authenticates `config`. */
  config: Uint8Array
  /** Seals events of the audit log. */
  audit: Uint8Array
}

export const keyBytes = 32

export function newMasterKey(): Buffer {
  return randomBytes(keyBytes)
}

/** Derives the working keys (format 1) from the master key. */
export function deriveKeys(masterKey: Uint8Array): RepositoryKeys {
  return {
    chunkId: deriveKey(masterKey, 'lifeboat/1 chunk id'),
    seal: deriveKey(masterKey, 'lifeboat/1 seal'),
    chunker: deriveKey(masterKey, 'lifeboat/1 chunker'),
    document: deriveKey(masterKey, 'lifeboat/1 document'),
    config: deriveKey(masterKey, 'lifeboat/1 config'),
    audit: deriveKey(masterKey, 'lifeboat/1 audit'),
  }
}

/**
 * Distinguishes a repository from one that another party made: 32 hex digits, no secret. For those who open it with a key
 * that anybody can make a repository for.
 */
export function fingerprintOf(masterKey: Uint8Array): string {
  return deriveKey(masterKey, 'lifeboat/1 fingerprint', 16).toString('hex')
}

/** HKDF-SHA-256 without salt; `info` names the purpose. */
export function deriveKey(
  key: Uint8Array,
  info: string,
  bytes = keyBytes,
  salt: Uint8Array = new Uint8Array(0),
): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, bytes))
}
