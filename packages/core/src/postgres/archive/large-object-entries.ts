import { quoteIdentifier, quoteLiteral } from '../identifiers.ts'
import type { ArchiveVersion, TocEntry } from './archive.ts'
import { newEntry } from './data-entries.ts'
import { largeObjectGrants } from './large-object-grants.ts'

/** What belongs to a large object besides its bytes. */
export interface LargeObject {
  oid: number
  owner: string
  /** aclitem texts, or null for the default. */
  acl: string[] | null
  comment: string | null
  labels: { provider: string; label: string }[]
}

/** How many large objects one entry of version 1.16 describes. */
const groupSize = 1000

/** The catalog large objects are listed under: pg_largeobject. */
const largeObjectCatalog = '2613'

interface Context {
  version: ArchiveVersion
  nextDumpId: () => number
  encode: (text: string) => string
}

/**
 * Entries that make empty large objects with their owners, grants, comments and labels, one object at a time; memory
 * does not grow with their number.
 *
 * Up to 1.15 each object has an entry, in pre-data. From 1.16 on neighbours with the same owner and grants share one, in
 * the data section, and `onGroup` hears of each.
 */
export async function* largeObjectEntries(
  objects: AsyncIterable<LargeObject>,
  context: Context,
  onGroup?: (group: LargeObjectGroup) => void,
): AsyncGenerator<TocEntry> {
  if (context.version < 16) {
    for await (const object of objects) yield* objectEntries(object, context)
    return
  }
  let group: LargeObject[] = []
  const close = (): TocEntry[] => {
    const entries = groupEntries(group, context)
    const [metadata] = entries
    if (metadata)
      onGroup?.({
        dumpId: metadata.dumpId,
        tag: metadata.tag ?? '',
        owner: metadata.owner ?? '',
        oids: group.map(({ oid }) => oid),
      })
    group = []
    return entries
  }
  for await (const object of objects) {
    const [first] = group
    if (first && (group.length >= groupSize || !sameRights(first, object))) yield* close()
    group.push(object)
  }
  if (group.length > 0) yield* close()
}

/** A `BLOB METADATA` entry, for which a `BLOBS` entry with the bytes is to follow. */
export interface LargeObjectGroup {
  dumpId: number
  tag: string
  owner: string
  oids: number[]
}

function sameRights(a: LargeObject, b: LargeObject): boolean {
  return a.owner === b.owner && JSON.stringify(a.acl) === JSON.stringify(b.acl)
}

function objectEntries(object: LargeObject, context: Context): TocEntry[] {
  const dumpId = context.nextDumpId()
  const oid = String(object.oid)
  return [
    newEntry({
      dumpId,
      kind: 'BLOB',
      section: 'pre-data',
      tableOid: largeObjectCatalog,
      oid,
      tag: oid,
      owner: context.encode(object.owner),
      definition: `SELECT pg_catalog.lo_create('${oid}');\n`,
      dropStatement: `SELECT pg_catalog.lo_unlink('${oid}');\n`,
    }),
    ...annotations(object, dumpId, context),
    ...grants([object], dumpId, context),
  ]
}

function groupEntries(group: LargeObject[], context: Context): TocEntry[] {
  const dumpId = context.nextDumpId()
  const first = group[0] as LargeObject
  return [
    newEntry({
      dumpId,
      kind: 'BLOB METADATA',
      section: 'data',
      tableOid: largeObjectCatalog,
      oid: String(first.oid),
      tag: groupTag(group),
      owner: context.encode(first.owner),
      definition: group.map(({ oid }) => `${oid}\n`).join(''),
      // pg_restore gives an owner only to what has one of these.
      dropStatement: '-- dummy',
    }),
    ...group.flatMap((object) => annotations(object, dumpId, context)),
    ...grants(group, dumpId, context),
  ]
}

function groupTag(group: LargeObject[]): string {
  const [first, last] = [group[0]?.oid, group.at(-1)?.oid]
  return first === last ? String(first) : `${first}..${last}`
}

function annotations(object: LargeObject, parent: number, context: Context): TocEntry[] {
  const name = `LARGE OBJECT ${object.oid}`
  const entry = (kind: string, definition: string) =>
    newEntry({
      dumpId: context.nextDumpId(),
      kind,
      section: 'none',
      tag: name,
      owner: context.encode(object.owner),
      definition: context.encode(definition),
      dependencies: [parent],
    })
  const labels = object.labels.map(
    ({ provider, label }) =>
      `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${name} IS ${quoteLiteral(label).trim()};\n`,
  )
  return [
    ...(object.comment === null
      ? []
      : [entry('COMMENT', `COMMENT ON ${name} IS ${quoteLiteral(object.comment).trim()};\n`)]),
    ...(labels.length === 0 ? [] : [entry('SECURITY LABEL', labels.join(''))]),
  ]
}

/** The tag says to pg_restore whether the statements are to be repeated for each object of a group. */
function grants(group: LargeObject[], parent: number, context: Context): TocEntry[] {
  const first = group[0] as LargeObject
  const definition = largeObjectGrants(first)
  if (definition === '') return []
  const tag = group.length === 1 ? `LARGE OBJECT ${first.oid}` : `LARGE OBJECTS ${groupTag(group)}`
  return [
    newEntry({
      dumpId: context.nextDumpId(),
      kind: 'ACL',
      section: 'none',
      tag,
      owner: context.encode(first.owner),
      definition: context.encode(definition),
      dependencies: [parent],
    }),
  ]
}
