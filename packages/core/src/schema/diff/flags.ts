/**
 * What a change may do.
 * - `loses-data`: rows or values that are there before are not there after.
 * - `breaks-old-code`: statements that worked before may fail after.
 * - `rewrites`: the server rewrites the whole table, which is locked for that time.
 * - `maybe`: the servers are of different versions and may only print it differently.
 */
export type SchemaFlag = 'loses-data' | 'breaks-old-code' | 'rewrites' | 'maybe'

export interface FlaggedChange {
  kind: string
  part: string
  change: 'added' | 'removed' | 'changed'
  before?: string | undefined
  after?: string | undefined
  otherVersion?: boolean
}

/** Kinds of objects that hold rows or values. */
const holding = new Set(['table', 'materialized view', 'extension', 'type', 'sequence', 'domain', 'schema'])

/** What the server prints from what it has parsed, and so by its version. */
const printed = /^(?:view|materialized view|rule|policy|function|procedure)$/
const printedParts = /^(?:rule|policy|constraint|default|index|trigger|statistics)$/

/** Pure. */
export function flagsOf(change: FlaggedChange): SchemaFlag[] {
  const flags = new Set<SchemaFlag>()
  if (change.part === 'object') {
    if (change.change === 'removed') {
      flags.add('breaks-old-code')
      if (holding.has(change.kind)) flags.add('loses-data')
    }
    return [...flags]
  }
  if (change.part === 'column' || change.part === 'attribute') for (const flag of columnFlags(change)) flags.add(flag)
  if (change.part === 'label' && change.change === 'removed') for (const flag of lost) flags.add(flag)
  if (change.part === 'constraint' && change.change !== 'removed') flags.add('breaks-old-code')
  if (change.part === 'kind' || change.part === 'access method') flags.add('rewrites')
  const reprinted = printedParts.test(change.part) || (change.part === 'definition' && printed.test(change.kind))
  if (change.otherVersion && change.change === 'changed' && reprinted) flags.add('maybe')
  return [...flags]
}

const lost: readonly SchemaFlag[] = ['loses-data', 'breaks-old-code']

function columnFlags({ change, before = '', after = '' }: FlaggedChange): SchemaFlag[] {
  if (change === 'removed') return [...lost]
  const demanded = /\bNOT NULL\b/.test(after) && !/\bDEFAULT\b|\bGENERATED\b/.test(after)
  if (change === 'added') return demanded ? ['breaks-old-code'] : []
  const flags: SchemaFlag[] = []
  const [from, to] = [typeOf(before), typeOf(after)]
  if (from !== to) {
    if (!widens(from, to)) flags.push('rewrites')
    if (narrows(from, to)) flags.push('loses-data')
  }
  if (/\bNOT NULL\b/.test(after) && !/\bNOT NULL\b/.test(before)) flags.push('breaks-old-code')
  return flags
}

function typeOf(text: string): string {
  return text
    .replace(/ (?:COLLATE|DEFAULT|GENERATED|NOT NULL|CONSTRAINT|OPTIONS|STORAGE|COMPRESSION)(?= |$).*$/s, '')
    .trim()
}

const integers = ['smallint', 'integer', 'bigint']

/** Longer text and more digits need no rewrite. */
function widens(from: string, to: string): boolean {
  const [a, b] = [sized(from), sized(to)]
  if (a.name === 'character varying' && to === 'text') return true
  return a.name === b.name && (b.size === null || (a.size !== null && a.size <= b.size && a.scale === b.scale))
}

function narrows(from: string, to: string): boolean {
  const [a, b] = [sized(from), sized(to)]
  if (integers.includes(a.name) && integers.includes(b.name)) return integers.indexOf(a.name) > integers.indexOf(b.name)
  if (a.name === b.name) return b.size !== null && (a.size === null || a.size > b.size || a.scale > b.scale)
  return b.name !== 'text' && !(integers.includes(a.name) && b.name === 'numeric')
}

function sized(type: string): { name: string; size: number | null; scale: number } {
  const [, name = type, size, scale] = /^([^(]+)\((\d+)(?:,(-?\d+))?\)/.exec(type) ?? []
  return { name: name.trim(), size: size === undefined ? null : Number(size), scale: Number(scale ?? 0) }
}
