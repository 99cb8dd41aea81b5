import type { PseudonymMask } from './column-mask.ts'
import { domainHash } from './keyed-hash.ts'
import { integerPermutation } from './permute-integer.ts'

/** Hex digits that make it unlikely (one in 300,000 with ten million values) that two values meet. */
export const uniqueDigits = 16
const mailEnd = '@example.invalid'

/** The longest text that a pseudonym takes, and the shortest that still tells values of a key apart. */
export function textRoom(kind: 'hash' | 'email' | 'name' | 'phone'): { least: number; unique: number | null } {
  if (kind === 'hash') return { least: 1, unique: uniqueDigits }
  if (kind === 'email') return { least: 8 + mailEnd.length, unique: uniqueDigits + mailEnd.length }
  return { least: kind === 'name' ? 1 : 15, unique: null }
}

const remembered = 1 << 16

/** The pseudonym of a value, which comes as its bytes read as Latin-1 and goes as such. */
export function pseudonymOf(key: string, { pseudonym, domain, shape }: PseudonymMask): (value: string) => string {
  const hash = domainHash(key, domain)
  if (shape.form === 'integer') return remembering(integerPermutation(shape.bits, hash))
  if (shape.form === 'uuid') return (value) => uuidOf(hash(value.toLowerCase()))
  if (shape.form === 'bytea') return (value) => `\\x${hash(value).slice(0, 32)}`
  const { most, fold } = shape
  const digest = fold ? (value: string) => hash(inLowerCase(value)) : hash
  if (pseudonym === 'email') {
    const digits = Math.min(32, (most ?? 64) - mailEnd.length - 2)
    return digits >= uniqueDigits || most === null
      ? (value) => `u_${digest(value).slice(0, digits)}${mailEnd}`
      : (value) => `${digest(value).slice(0, Math.max(8, (most ?? 0) - mailEnd.length))}${mailEnd}`
  }
  if (pseudonym === 'name') return (value) => nameOf(digest(value)).slice(0, most ?? undefined)
  if (pseudonym === 'phone') return (value) => `+999 ${digitsOf(digest(value))}`
  if (most !== null && most < uniqueDigits + 2) return (value) => digest(value).slice(0, most)
  return (value) => `m_${digest(value).slice(0, Math.min(32, (most ?? 34) - 2))}`
}

const inLowerCase = (value: string) =>
  Buffer.from(Buffer.from(value, 'latin1').toString('utf8').toLowerCase(), 'utf8').toString('latin1')

/** Keys repeat in the tables that refer to them, and a permutation takes a dozen hashes. */
function remembering(make: (value: string) => string): (value: string) => string {
  const known = new Map<string, string>()
  return (value) => {
    const found = known.get(value)
    if (found !== undefined) return found
    const made = make(value)
    if (known.size >= remembered) known.clear()
    known.set(value, made)
    return made
  }
}

function uuidOf(hex: string): string {
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const digitsOf = (hex: string) => String(BigInt(`0x${hex.slice(0, 14)}`) % 10_000_000_000n).padStart(10, '0')

const beginnings = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'br', 'tr']
const endings = ['a', 'e', 'i', 'o', 'u', 'ae', 'ia', 'ou']

/** Two words out of syllables, which are hardly anybody's real name. */
function nameOf(hex: string): string {
  const syllable = (at: number) =>
    `${beginnings[Number.parseInt(hex.charAt(at), 16)]}${endings[Number.parseInt(hex.charAt(at + 1), 16) % 8]}`
  const word = (at: number) => {
    const text = `${syllable(at)}${syllable(at + 2)}${syllable(at + 4)}`
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
  }
  return `${word(0)} ${word(6)}`
}
