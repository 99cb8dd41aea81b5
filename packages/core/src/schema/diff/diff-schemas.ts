import { describeObjects, partsOf, type SchemaEntry, type SchemaObject, type SchemaPart } from './describe-objects.ts'
import { flagsOf, type SchemaFlag } from './flags.ts'

/** A schema as an archive has it. */
export interface SchemaSide {
  entries: Iterable<SchemaEntry>
  /** Of the server it was read from; views, rules and policies are printed in another way by another one. */
  majorVersion: number
}

/** What became of one part of an object: a column, a constraint, a grant. */
export interface PartChange {
  part: string
  name: string
  change: 'added' | 'removed' | 'changed'
  before?: string
  after?: string
  flags: SchemaFlag[]
}

/** What became of one object of a schema, and of its parts. */
export interface ObjectChange {
  object: string
  kind: string
  change: 'added' | 'removed' | 'changed'
  /** Of an object that came or went: all of it, as SQL. */
  before?: string
  after?: string
  parts: PartChange[]
  flags: SchemaFlag[]
}

/** Two schemas side by side. Plain JSON. */
export interface SchemaDiff {
  same: boolean
  /** Objects, each counted once; `maybe` are those of which only the way of printing may differ. */
  counts: { added: number; removed: number; changed: number; equal: number; maybe: number }
  changes: ObjectChange[]
  /** What differs and is no change: a table's columns in another order. */
  notes: { code: 'COLUMN_ORDER'; object: string }[]
}

/**
 * What differs between two schemas, from the tables of contents of two archives of pg_dump. Pure, and no database is
 * needed; covers all that pg_dump covers. Renames are never guessed.
 */
export function diffSchemas(before: SchemaSide, after: SchemaSide): SchemaDiff {
  const [left, right] = [describeObjects(before.entries), describeObjects(after.entries)]
  const otherVersion = before.majorVersion !== after.majorVersion
  const changes: ObjectChange[] = []
  const notes: SchemaDiff['notes'] = []
  let equal = 0
  for (const key of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [a, b] = [left.get(key), right.get(key)]
    const { change, moved = false } = !a || !b ? { change: wholeObject(a, b) } : comparedObject(a, b, otherVersion)
    if (change) changes.push(change)
    else equal++
    if (moved) notes.push({ code: 'COLUMN_ORDER', object: b?.name ?? '' })
  }
  const count = (kind: ObjectChange['change']) => changes.filter(({ change }) => change === kind).length
  const maybe = changes.filter(({ flags }) => flags.includes('maybe')).length
  const counts = { added: count('added'), removed: count('removed'), changed: count('changed'), equal, maybe }
  return { same: changes.length === 0, counts, changes, notes }
}

/** Without what another version may only print differently. */
export function realChanges({ changes }: SchemaDiff): ObjectChange[] {
  return changes.filter(({ flags }) => !flags.includes('maybe'))
}

/** Whether nothing but the owner of an object differs. */
export function isOfOwner({ parts, change }: ObjectChange): boolean {
  return change === 'changed' && parts.length > 0 && parts.every(({ part }) => part === 'owner')
}

function wholeObject(before: SchemaObject | undefined, after: SchemaObject | undefined): ObjectChange {
  const object = (after ?? before) as SchemaObject
  const text = [object.definition, ...object.parts.map(describePart)].filter((line) => line !== '').join('\n')
  const change = before ? 'removed' : 'added'
  return {
    object: object.name,
    kind: object.kind,
    change,
    ...(before ? { before: text } : { after: text }),
    parts: [],
    flags: flagsOf({ kind: object.kind, part: 'object', change }),
  }
}

function comparedObject(
  before: SchemaObject,
  after: SchemaObject,
  otherVersion: boolean,
): { change: ObjectChange | null; moved?: boolean } {
  if (before.definition === after.definition && sameParts(before.parts, after.parts)) return { change: null }
  const [these, those] = [partsOf(before), partsOf(after)]
  const moved = columnsMoved(these, those)
  const [left, right] = [byName(these), byName(those)]
  const parts: PartChange[] = []
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(key), right.get(key)]
    if (a?.text === b?.text) continue
    const { part, name } = (b ?? a) as SchemaPart
    const change = !a ? 'added' : !b ? 'removed' : 'changed'
    const flags = flagsOf({ kind: after.kind, part, change, before: a?.text, after: b?.text, otherVersion })
    // Labels that came or went say it already.
    parts.push({ part, name, change, ...(a ? { before: a.text } : {}), ...(b ? { after: b.text } : {}), flags })
  }
  const told = parts.some(({ part }) => part === 'label')
    ? parts.filter(({ part }) => part !== 'order of labels')
    : parts
  if (told.length === 0) return { change: null, moved }
  const flags = [...new Set(told.flatMap((one) => one.flags))].filter(
    (flag) => flag !== 'maybe' || told.every((one) => one.flags.includes('maybe')),
  )
  return { change: { object: after.name, kind: after.kind, change: 'changed', parts: told, flags }, moved }
}

function sameParts(before: readonly SchemaPart[], after: readonly SchemaPart[]): boolean {
  return before.length === after.length && before.every(({ text }, index) => text === after[index]?.text)
}

/** Parts of one name (grants on one column by two owners) are one, their texts in order. */
function byName(parts: readonly SchemaPart[]): Map<string, SchemaPart> {
  const found = new Map<string, SchemaPart>()
  for (const part of parts) {
    const key = `${part.part}\n${part.name}`
    const there = found.get(key)
    found.set(key, there ? { ...part, text: [...there.text.split('\n\n'), part.text].sort().join('\n\n') } : part)
  }
  return found
}

function columnsMoved(one: readonly SchemaPart[], other: readonly SchemaPart[]): boolean {
  const columns = (parts: readonly SchemaPart[]) => parts.flatMap(({ part, name }) => (part === 'column' ? [name] : []))
  const [before, after] = [columns(one), columns(other)]
  const [left, right] = [new Set(before), new Set(after)]
  return before.filter((name) => right.has(name)).join('\n') !== after.filter((name) => left.has(name)).join('\n')
}

function describePart({ part, name, text }: SchemaPart): string {
  return `${part}${name === '' ? '' : ` ${name}`}: ${text}`
}
