import type { KeyedHash } from './keyed-hash.ts'

const rounds = 6

/**
 * A secret permutation of the integers of 16, 32 or 64 bits that keeps the sign: no two values give the same. A Feistel
 * network over one bit more than there is room for, walked until the result fits.
 */
export function integerPermutation(bits: 16 | 32 | 64, hash: KeyedHash): (value: string) => string {
  const half = BigInt(bits / 2)
  const mask = (1n << half) - 1n
  const limit = 1n << BigInt(bits - 1)
  const round = (number: number, right: bigint): bigint => BigInt(`0x${hash(`${number} ${right}`).slice(0, 16)}`) & mask
  const permute = (value: bigint): bigint => {
    let found = value
    do {
      let [left, right] = [found >> half, found & mask]
      for (let number = 0; number < rounds; number++) [left, right] = [right, left ^ round(number, right)]
      found = (left << half) | right
    } while (found >= limit)
    return found
  }
  return (text) => {
    const value = BigInt(text)
    return String(value >= 0n ? permute(value) : -permute(-value - 1n) - 1n)
  }
}
