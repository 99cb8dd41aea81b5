import { qualifiedName, quoteIdentifier, quoteLiteral } from '../identifiers.ts'
import type { ReadableArchive, TocEntry } from './archive.ts'

/** A relation by name, as text proper. */
export interface RelationName {
  schema: string
  name: string
}

/** What is held of the entry that defines a relation. */
export type RelationEntry = Pick<TocEntry, 'dumpId' | 'kind' | 'oid' | 'owner'>

/** Finds the entry that defines a relation; undefined for one that belongs to an extension. */
export function relationIndex(archive: ReadableArchive, encode: (text: string) => string) {
  const kinds = new Set(['TABLE', 'SEQUENCE', 'MATERIALIZED VIEW', 'FOREIGN TABLE'])
  const relations = new Map<string, RelationEntry>()
  for (const { dumpId, kind, oid, owner, schema, tag } of archive.entries)
    if (kinds.has(kind)) relations.set(JSON.stringify([schema, tag]), { dumpId, kind, oid, owner })
  return ({ schema, name }: RelationName): RelationEntry | undefined =>
    relations.get(JSON.stringify([encode(schema), encode(name)]))
}

/** An entry with everything at rest but what is given. */
export function newEntry(entry: Pick<TocEntry, 'dumpId' | 'kind' | 'section'> & Partial<TocEntry>): TocEntry {
  return {
    hasData: false,
    tableOid: '0',
    oid: '0',
    tag: null,
    definition: null,
    dropStatement: null,
    copyStatement: null,
    schema: null,
    tablespace: null,
    accessMethod: null,
    relkind: '',
    owner: null,
    dependencies: [],
    data: { state: entry.hasData ? 'unset' : 'none' },
    ...entry,
  }
}

interface Context {
  dumpId: number
  /** The entry that defines the relation, if the archive has one. */
  relation: RelationEntry | undefined
  encode: (text: string) => string
}

/**
 * The rows of a table. `columns` in COPY order, without generated ones. Rows that go through a partitioned root are
 * marked as pg_dump marks them, so that pg_restore does not truncate the root first.
 */
export function tableDataEntry(
  table: RelationName & { oid: number; columns: string[]; load_via?: RelationName | null },
  context: Context,
): TocEntry {
  const { relation, encode } = context
  const target = table.load_via ?? table
  const columns = table.columns.length === 0 ? '' : `(${table.columns.map(quoteIdentifier).join(', ')})`
  return newEntry({
    ...named(table, context),
    kind: 'TABLE DATA',
    section: 'data',
    hasData: true,
    oid: relation?.oid ?? String(table.oid),
    definition: table.load_via ? encode(`-- load via partition root ${qualifiedName(table.load_via)}`) : null,
    copyStatement: encode(`COPY ${qualifiedName(target)} ${columns} FROM stdin;\n`),
  })
}

/** Where a sequence stands. */
export function sequenceSetEntry(
  sequence: RelationName & { last_value: string; is_called: boolean },
  context: Context,
): TocEntry {
  const name = quoteLiteral(qualifiedName(sequence)).trim()
  return newEntry({
    ...named(sequence, context),
    kind: 'SEQUENCE SET',
    section: 'data',
    definition: context.encode(
      `SELECT pg_catalog.setval(${name}, ${BigInt(sequence.last_value)}, ${sequence.is_called});\n`,
    ),
  })
}

/**
 * Refreshes of the materialized views that had rows, each after those it reads from, directly or through views. They
 * come last in an archive.
 */
export function refreshEntries(
  archive: ReadableArchive,
  populated: readonly RelationName[],
  firstDumpId: number,
  encode: (text: string) => string,
): TocEntry[] {
  const find = relationIndex(archive, encode)
  const views = populated
    .map((view) => ({ view, relation: find(view) }))
    .filter(
      (each): each is { view: RelationName; relation: RelationEntry } => each.relation?.kind === 'MATERIALIZED VIEW',
    )
    .sort((a, b) => compareBytes(a.view.schema, b.view.schema) || compareBytes(a.view.name, b.view.name))
  if (views.length === 0) return []
  const edges = definitionEdges(archive)
  const wanted = new Map(views.map((each) => [each.relation.dumpId, each]))
  const entries = new Map<number, TocEntry>()
  const visit = (id: number) => {
    const each = wanted.get(id)
    if (each === undefined || entries.has(id)) return
    const sources = [...reachable(edges, id)].filter((source) => wanted.has(source))
    for (const source of sources) visit(source)
    const refreshes = sources.flatMap((source) => entries.get(source)?.dumpId ?? [])
    const context = { dumpId: firstDumpId + entries.size, relation: each.relation, encode }
    const entry = named(each.view, context)
    entries.set(
      id,
      newEntry({
        ...entry,
        kind: 'MATERIALIZED VIEW DATA',
        section: 'post-data',
        oid: each.relation.oid,
        definition: encode(`REFRESH MATERIALIZED VIEW ${qualifiedName(each.view)};\n`),
        dependencies: [...entry.dependencies, ...refreshes],
      }),
    )
  }
  for (const id of wanted.keys()) visit(id)
  return [...entries.values()]
}

function named(relation: RelationName, { dumpId, relation: definition, encode }: Context) {
  return {
    dumpId,
    tag: encode(relation.name),
    schema: encode(relation.schema),
    owner: definition?.owner ?? '',
    dependencies: definition === undefined ? [] : [definition.dumpId],
  }
}

/** What each definition refers to; a view that was split in two to break a circle counts as one. */
function definitionEdges(archive: ReadableArchive): Map<number, number[]> {
  const edges = new Map<number, number[]>()
  const tags = new Map<number, string | null>()
  for (const { dumpId, dependencies, tag } of archive.entries) {
    edges.set(dumpId, [...dependencies])
    tags.set(dumpId, tag)
  }
  for (const { kind, dependencies, tag } of archive.entries) {
    if (kind !== 'RULE') continue
    const view = dependencies.find((id) => `${tags.get(id)} _RETURN` === tag)
    if (view !== undefined) edges.get(view)?.push(...dependencies)
  }
  return edges
}

/** Everything below `start`, without itself. */
function reachable(edges: ReadonlyMap<number, number[]>, start: number): Set<number> {
  const seen = new Set<number>()
  const open = [start]
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const next of edges.get(id) ?? [])
      if (next !== start && !seen.has(next)) {
        seen.add(next)
        open.push(next)
      }
  return seen
}

/** As strcmp in the C locale orders names. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
