/**
 * The Adler-32 (RFC 1950) of two runs of bytes one after the other, from those of each: its low half is 1 and the sum of
 * the bytes, its high half the sum of all low halves on the way, modulo 65521.
 */
export function joinAdler32(before: number, after: number, lengthAfter: number): number {
  const base = 65_521
  const [lowBefore, lowAfter] = [before & 0xffff, after & 0xffff]
  // Each of the low halves on the way through the second run is higher by what the first run left, less its own 1.
  const high = (before >>> 16) + (after >>> 16) + (lengthAfter % base) * (lowBefore + base - 1)
  return (high % base) * 65_536 + ((lowBefore + lowAfter + base - 1) % base)
}

/**
 * The CRC-32 (RFC 1952) of two runs of bytes, from those of each: what follows the first run moves its remainder up, that
 * is, multiplies it by x to the number of bits that follow, modulo the polynomial.
 */
export function joinCrc32(before: number, after: number, lengthAfter: number): number {
  return (multiply(xToThe(lengthAfter * 8), before) ^ after) >>> 0
}

/** Coefficients are bits, the highest power the lowest bit, as CRC-32 has them. */
const one = 0x8000_0000
const polynomial = 0xedb8_8320

function multiply(a: number, b: number): number {
  let product = 0
  let power = b
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= power
    power = (power & 1) !== 0 ? (power >>> 1) ^ polynomial : power >>> 1
  }
  return product >>> 0
}

function xToThe(exponent: number): number {
  let result = one
  let square = one >>> 1
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(square, result)
    square = multiply(square, square)
  }
  return result
}
