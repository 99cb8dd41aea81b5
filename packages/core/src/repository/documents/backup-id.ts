import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new backup's id: `b` and 75 random bits in Crockford's base32. Random from its first character, so that a prefix is enough. */
export function newBackupId(): string {
  return `b${Array.from(randomBytes(15), (byte) => alphabet[byte & 31]).join('')}`
}
