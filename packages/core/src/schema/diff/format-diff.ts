import type { ObjectChange, PartChange, SchemaDiff } from './diff-schemas.ts'

const signs = { added: '+', removed: '-', changed: '~' } as const

/** A diff as text for a terminal: an object and below it what differs of it. `full` shows long texts line by line. */
export function formatSchemaDiff({ changes, counts, notes }: SchemaDiff, { full = false } = {}): string {
  const lines = [summary(counts)]
  for (const change of changes) lines.push('', ...describeObject(change, full))
  if (notes.length > 0) {
    lines.push('', ...notes.map(({ object }) => `Note: ${object} has the same columns in another order.`))
  }
  return `${lines.join('\n')}\n`
}

function summary({ added, removed, changed, equal, maybe }: SchemaDiff['counts']): string {
  if (added + removed + changed === 0) return `The schemas are the same: ${equal} objects.`
  const unsure = maybe > 0 ? `; ${maybe} of these may only be printed differently by another version` : ''
  return `${added} added, ${removed} removed, ${changed} changed, ${equal} equal${unsure}.`
}

function describeObject({ object, kind, change, parts, flags }: ObjectChange, full: boolean): string[] {
  if (change !== 'changed') return [withFlags(`${signs[change]} ${kind} ${object}`, flags)]
  const only = parts.length === 1 ? parts[0] : undefined
  if (only?.part === 'definition') return [...describePart(only, full, `${kind} ${object}`)]
  return [`${kind} ${object}`, ...parts.flatMap((part) => describePart(part, full).map((line) => `  ${line}`))]
}

/** Texts longer than this are shown with `full` only. */
const longest = 100

function describePart(
  { part, name, change, before = '', after = '', flags }: PartChange,
  full: boolean,
  as?: string,
): string[] {
  const label = as ?? (part === 'column' ? name : `${part}${name === '' ? '' : ` ${name}`}`)
  const [a, b] = [oneLine(before), oneLine(after)]
  if (!full && (a.length > longest || b.length > longest)) {
    const says = change === 'changed' ? '  (--full shows the lines)' : ''
    return [withFlags(`${signs[change]} ${label}${says}`, flags)]
  }
  if (full && (before.includes('\n') || after.includes('\n'))) {
    const [left, right] = [before.split('\n'), after.split('\n')]
    return [
      withFlags(`${signs[change]} ${label}`, flags),
      ...left.filter((line) => !right.includes(line)).map((line) => `    - ${line}`),
      ...right.filter((line) => !left.includes(line)).map((line) => `    + ${line}`),
    ]
  }
  const text = change === 'changed' ? `${a} → ${b}` : change === 'added' ? b : a
  return [withFlags(`${signs[change]} ${label}  ${text}`, flags)]
}

const words = {
  'loses-data': 'loses data',
  'breaks-old-code': 'breaks old code',
  rewrites: 'rewrites',
  maybe: 'maybe',
} as const

function withFlags(line: string, flags: readonly (keyof typeof words)[]): string {
  return flags.length === 0 ? line : `${line}   [${flags.map((flag) => words[flag]).join(', ')}]`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/;$/, '')
}
