import { randomBytes } from 'node:crypto'

const letters = '0123456789abcdefghjkmnpqrstvwxyz'

/** A random id of 75 bits: a letter that says what it is of, then 15 of Crockford's base32 in lower case. */
export function randomId(letter: 't' | 'r' | 'w' | 'a'): string {
  return letter + Array.from(randomBytes(15), (byte) => letters[byte & 31]).join('')
}
