import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** A letter and 15 characters of Crockford's base32. */
export function newRewindId(): string {
  return `w${Array.from(randomBytes(15), (byte) => alphabet[byte % 32]).join('')}`
}
