import { bareType, type Comparison, compareNumbers, keyText } from './key-value.ts'
import type { KeyedHash } from './keyed-hash.ts'

/** A condition of one column, with the type that says how values compare. Positions are those of the table's COPY. */
export interface RowCondition {
  column: number
  type: string | null
  comparison: Comparison
  /** Values are as COPY writes them: see condition-value.ts. */
  condition: { oneOf: (string | null)[] } | { from?: string; below?: string }
}

/** Which rows of a table a copy begins with: those that meet all of it. */
export interface StartRule {
  conditions: RowCondition[]
  /** `by`: what decides; rows that are equal in it are kept or not together. */
  share: { of: number; by: { column: number; comparison: Comparison }[] } | null
}

/** Null: NULL. Bytes as Latin-1. */
export type FieldOf = (column: number) => string | null

/** Whether a bound says anything of values of a type. */
export const canBeOrdered = (type: string | null): boolean =>
  /^(?:smallint|integer|bigint|oid|numeric|real|double precision|date|timestamp)\b/.test(bareType(type))

export function isStartRow({ conditions, share }: StartRule, field: FieldOf, hash: KeyedHash): boolean {
  return conditions.every((one) => meets(one, field(one.column))) && (share === null || isDrawn(share, field, hash))
}

function isDrawn({ of, by }: NonNullable<StartRule['share']>, field: FieldOf, hash: KeyedHash): boolean {
  if (of >= 1) return true
  const texts = by.map(({ column, comparison }) => {
    const value = field(column)
    return value === null ? null : keyText(value, comparison)
  })
  return Number.parseInt(hash(JSON.stringify(texts)).slice(0, 12), 16) / 2 ** 48 < of
}

function meets({ condition, comparison, type }: RowCondition, value: string | null): boolean {
  const isTime = /^(?:date|timestamp)/.test(type ?? '')
  if ('oneOf' in condition)
    return condition.oneOf.some((one) => {
      if (one === null || value === null) return one === value
      if (isTime) return compareTimes(value, one) === 0
      return keyText(value, comparison) === keyText(one, comparison)
    })
  if (value === null) return false
  const { from, below } = condition
  const order = isTime ? compareTimes : compareNumbers
  return (from === undefined || order(value, from) >= 0) && (below === undefined || order(value, below) < 0)
}

/** Of ISO texts in UTC, as backups hold them. A shorter text is the beginning of its day, month or year. */
function compareTimes(one: string, other: string): number {
  const [a, b] = [timeOf(one), timeOf(other)]
  return a < b ? -1 : a > b ? 1 : 0
}

/** A text whose order is that of time. */
function timeOf(text: string): string {
  if (text === 'infinity') return '~'
  if (text === '-infinity') return ' '
  const isBefore = / BC$/.test(text)
  const iso = text
    .replace(/ BC$/, '')
    .replace('T', ' ')
    .replace(/(?:Z|[+-]00(?::?00)?)$/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
    // Midnight is the beginning of its day.
    .replace(/ 00:00(?::00)?$/, '')
  const year = /^\d+/.exec(iso)?.[0] ?? ''
  if (!isBefore) return `1${iso.padStart(iso.length + Math.max(0, 7 - year.length), '0')}`
  // The year 1 BC comes after 2 BC, and within a year months go on.
  return `0${String(9_999_999 - Number(year)).padStart(7, '0')}${iso.slice(year.length)}`
}
