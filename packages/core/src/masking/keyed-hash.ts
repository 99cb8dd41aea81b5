import { createHmac, hash } from 'node:crypto'

/** A keyed hash of a text, as hex. */
export type KeyedHash = (value: string) => string

/**
 * SHA-256 of a key that fills the first block, and the value. What is made of it must show at most half of its digits: with
 * the whole of one, anybody could go on from it to hashes of longer values. One call for a value, which is what makes masking
 * fast: an HMAC object for each takes thirty times as long.
 *
 * Each domain has a key of its own, by HMAC of the secret: pseudonyms of different domains cannot be joined.
 */
export function domainHash(key: string, domain: string): KeyedHash {
  const block = createHmac('sha256', key).update(`lifeboat mask 1\0${domain}`).digest('hex')
  return (value) => hash('sha256', block + value, 'hex')
}
