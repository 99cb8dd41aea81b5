/** How the server decides whether two values of a key are equal. */
export type Comparison = 'exact' | 'number' | 'float' | 'single' | 'padded' | 'folded'

/** Of a type as definitions write it; `exact` of all that is written in one way only. */
export function comparisonOf(type: string | null): Comparison {
  const bare = bareType(type)
  if (bare === 'smallint' || bare === 'integer' || bare === 'bigint' || bare === 'numeric' || bare === 'oid')
    return 'number'
  if (bare === 'real' || bare === 'double precision') return 'float'
  if (bare === 'character' || bare === 'bpchar') return 'padded'
  return /(?:^|\.)citext$/.test(bare) ? 'folded' : 'exact'
}

/** Without length and precision. */
export const bareType = (type: string | null): string => (type ?? '').replace(/\(.*?\)/, '').trim()

/**
 * A text that two values share where the server takes them for equal. They come as bytes read as Latin-1. It can be the same
 * for values that differ: then a row more is kept.
 */
export function keyText(value: string, comparison: Comparison): string {
  if (comparison === 'number') return decimalOf(value)
  if (comparison === 'float') return String(Number(value) + 0)
  // As `real`, of which the other end has as many digits only.
  if (comparison === 'single') return String(Math.fround(Number(value)) + 0)
  if (comparison === 'padded') return value.replace(/ +$/, '')
  if (comparison === 'folded') return Buffer.from(value, 'latin1').toString('utf8').toUpperCase().toLowerCase()
  return value
}

/** `-007.50` is -7.5. What is no such number stays. */
function decimalOf(value: string): string {
  const parts = /^([+-]?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(value)
  if (!parts) return value
  const [, sign, whole = '', rest = ''] = parts
  const digits = `${whole || '0'}${rest === '' ? '' : `.${rest}`}`
  return sign === '-' && digits !== '0' ? `-${digits}` : digits
}

/** -1, 0 or 1. Decimals exactly, however long they are. */
export function compareNumbers(one: string, other: string): number {
  const [a, b] = [decimalParts(one), decimalParts(other)]
  if (!a || !b) return Math.sign(numberOf(one) - numberOf(other)) || 0
  const scale = Math.max(a.rest.length, b.rest.length)
  const [x, y] = [a, b].map(({ sign, whole, rest }) => BigInt(`${whole}${rest.padEnd(scale, '0')}`) * sign) as [
    bigint,
    bigint,
  ]
  return x < y ? -1 : x > y ? 1 : 0
}

/** NaN is above all others, as the server has it; the infinities are next. */
function numberOf(text: string): number {
  if (text === 'NaN') return Number.MAX_VALUE
  const number = Number(text)
  return Number.isFinite(number) ? number : Math.sign(number) * (Number.MAX_VALUE / 2)
}

function decimalParts(text: string): { sign: bigint; whole: string; rest: string } | null {
  const parts = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(text)
  return parts && { sign: parts[1] === '-' ? -1n : 1n, whole: parts[2] as string, rest: parts[3] ?? '' }
}
