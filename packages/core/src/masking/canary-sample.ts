import type { ColumnMask } from './column-mask.ts'

/** Some of the values of a column, each as the bytes of its beginning. */
export interface CanarySample {
  add(value: string): void
  values(): string[]
}

const most = 100
export const canaryBytes = 64
const leastBytes = 8

/** Where the result can be the value of another row, finding one proves nothing. */
export function isCanaryMask(mask: ColumnMask): boolean {
  if (mask.kind === 'shift' || mask.kind === 'noise') return false
  return mask.kind !== 'pseudonym' || mask.shape.form !== 'integer'
}

/** Long enough, and no number or date: what is found elsewhere by chance is no canary. */
export function isDistinctive(value: string): boolean {
  return (
    value.length >= leastBytes &&
    (/[A-Za-z\x80-\xff]/.test(value) || /^\+?[\d ()/-]{9,}$/.test(value)) &&
    !/^-?\d{4}-\d\d-\d\d/.test(value)
  )
}

/**
 * A sample of fixed size over all values. Which ones is chance of a fixed seed. A value that comes twice in the sample is one
 * that many rows have, and is left out.
 */
export function createCanarySample(): CanarySample {
  const kept: string[] = []
  const repeated = new Set<string>()
  let seen = 0
  let random = 0x2545f491
  return {
    add(value) {
      seen++
      if (kept.length >= most) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
        const slot = Math.floor((random / 2 ** 32) * seen)
        if (slot >= most) return
        take(value, slot)
      } else take(value, kept.length)
    },
    values: () => kept.filter((value) => !repeated.has(value)),
  }
  function take(value: string, slot: number): void {
    // Up to what COPY and JSON write in another way. Of bytes what comes after the backslash.
    const beginning = (value.replace(/^\\x/, '').split(/["\\\b\f\n\r\t\v]/, 1)[0] ?? '').slice(0, canaryBytes)
    if (!isDistinctive(beginning)) return
    if (kept.includes(beginning)) repeated.add(beginning)
    else kept[slot] = beginning
  }
}
