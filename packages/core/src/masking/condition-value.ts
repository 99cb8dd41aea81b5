import { bareType } from './key-value.ts'

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)$/
const truths = new Map(
  [
    ['t', 'true', 'yes', 'on', '1'],
    ['f', 'false', 'no', 'off', '0'],
  ].flatMap((words, at) => words.map((word): [string, string] => [word, at === 0 ? 't' : 'f'])),
)

/**
 * A value that a policy compares a column with, as a backup writes it: text of COPY, bytes as Latin-1, times in UTC. Null where
 * it is no value of the type, or of the encoding. `isBound`: a time can be cut, and is then the beginning of its day, month or year.
 */
export function conditionValue(
  value: string | number | boolean,
  { type, encoding, isBound }: { type: string | null; encoding: string; isBound: boolean },
): string | null {
  const bare = bareType(type)
  const text = typeof value === 'string' ? value : String(value)
  if (bare === 'boolean') return truths.get(text.toLowerCase()) ?? null
  if (typeof value === 'boolean') return type === null ? (value ? 't' : 'f') : null
  if (/^(?:smallint|integer|bigint|oid)$/.test(bare)) return decimal.test(text) ? text : null
  if (bare === 'numeric') return decimal.test(text) || /^(?:NaN|-?Infinity)$/.test(text) ? text : null
  if (bare === 'real' || bare === 'double precision')
    return text.trim() !== '' && (text === 'NaN' || !Number.isNaN(Number(text))) ? text : null
  if (/^(?:date|timestamp)\b/.test(bare)) return timeValue(text, { bare, isBound })
  if (bare === 'uuid') return uuidValue(text)
  if (encoding !== 'UTF8' && Buffer.byteLength(text) !== text.length) return null
  return Buffer.from(text, 'utf8').toString('latin1')
}

const time =
  /^(\d{4,6})(?:-(\d\d)(?:-(\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?( BC)?$/

function timeValue(text: string, { bare, isBound }: { bare: string; isBound: boolean }): string | null {
  if (text === 'infinity' || text === '-infinity') return text
  const parts = time.exec(text)
  if (!parts) return null
  const [, year = '', month, day, clock, seconds = ':00', zone, bc = ''] = parts
  if (month === undefined || day === undefined) return isBound ? text : null
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return null
  if (clock === undefined) return text
  if (clock > '23:59' || seconds.slice(0, 3) > ':59') return null
  // Only of a type with a zone do backups hold UTC; elsewhere the server takes no notice of it.
  if (zone !== undefined && !bare.endsWith('with time zone')) return null
  const away = zone === undefined || zone === 'Z' ? 0 : minutesOf(zone)
  if (away === 0) return `${year}-${month}-${day} ${clock}${seconds}${bc}`
  if (bc !== '' || year.length > 4) return null
  const at = new Date(Date.parse(`${year}-${month}-${day}T${clock}Z`) - away * 60_000)
  return Number.isNaN(at.getTime()) ? null : `${at.toISOString().slice(0, 16).replace('T', ' ')}${seconds}`
}

function minutesOf(zone: string): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

function uuidValue(text: string): string | null {
  const digits = text
    .replace(/^\{(.*)\}$/, '$1')
    .replaceAll('-', '')
    .toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null
}
