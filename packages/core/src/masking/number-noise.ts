import type { KeyedHash } from './keyed-hash.ts'

const most: Record<string, bigint> = { smallint: 32767n, integer: 2147483647n, bigint: 9223372036854775807n }

/**
 * Changes a number by at most `share`, the same for the same value. Integers and numerics are reckoned exactly and keep their
 * digits after the point; no number gets longer, so that it fits its type. NaN and the infinities stay.
 */
export function numberNoise(type: string, share: number, hash: KeyedHash): (value: string) => string {
  const range = BigInt(Math.round(share * 1e6))
  return (text) => {
    const random = BigInt(`0x${hash(text).slice(0, 12)}`)
    /** In millionths, from -range to range. */
    const millionths = (random % (2n * range + 1n)) - range
    const plain = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
    if (!plain) return /^-?\d/.test(text) ? String(Number(text) * (1 + Number(millionths) / 1e6)) : text
    if (type === 'real' || type === 'double precision') return String(Number(text) * (1 + Number(millionths) / 1e6))
    const [, sign = '', whole = '', fraction = ''] = plain
    const digits = BigInt(whole + fraction)
    const changed = (digits * (1_000_000n + millionths)) / 1_000_000n
    // One that would grow by a digit shrinks instead.
    const fits = String(changed).length <= String(digits).length && changed <= (most[type] ?? changed)
    const kept = fits ? changed : (digits * (1_000_000n - millionths)) / 1_000_000n
    const padded = String(kept).padStart(fraction.length + 1, '0')
    const point = padded.length - fraction.length
    return `${sign}${padded.slice(0, point)}${fraction === '' ? '' : `.${padded.slice(point)}`}`
  }
}
