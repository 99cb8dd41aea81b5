import type { Archive, TocEntry } from '../postgres/archive/archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import type { SequenceRecord, TableRecord } from '../repository/documents/documents.ts'
import { isOfLargeObject } from './large-objects.ts'
import { parseCopy, parseSetval } from './sql-text.ts'

/** A table whose rows are in the archive; segments, rows and bytes are known once they are read. */
export type PlannedTable = Omit<TableRecord, 'segments' | 'rows' | 'bytes' | 'blocks'>

/** What an archive holds, told apart: definitions, and the entries about data. */
export interface Contents {
  /** Entries that make the schema archive. */
  definitions: (entry: TocEntry) => boolean
  /** By dump id, in the order of the archive. */
  tables: Map<number, PlannedTable>
  sequences: SequenceRecord[]
}

/**
 * Understands every entry, or refuses the archive: `ARCHIVE_INVALID` for kinds of entries that are unknown, rows as
 * INSERT, rows of foreign tables, and statements that are not as pg_dump writes them.
 */
export function readContents({ entries }: Archive, text: (text: string) => string): Contents {
  const relations = new Map<string, TocEntry>()
  for (const entry of entries) if (relationKinds.has(entry.kind)) relations.set(`${entry.schema}\0${entry.tag}`, entry)
  const relationOf = ({ schema, tag }: TocEntry) => relations.get(`${schema}\0${tag}`)
  const tables = new Map<number, PlannedTable>()
  const sequences: SequenceRecord[] = []
  const names = new Set<string>()
  for (const entry of entries) {
    if (!knownKinds.has(entry.kind)) throw invalid(`it has an entry of the unknown kind ${JSON.stringify(entry.kind)}`)
    if (entry.hasData && entry.kind !== 'TABLE DATA' && entry.kind !== 'BLOBS')
      throw invalid(`${entry.kind} ${entry.tag} has data, and should have none`)
    if (entry.kind === 'SEQUENCE SET') sequences.push(sequence(entry, relationOf(entry), text))
    if (entry.kind !== 'TABLE DATA' || !entry.hasData) continue
    const table = plannedTable(entry, relationOf(entry), text)
    const name = JSON.stringify([table.schema, table.name])
    if (names.has(name)) throw invalid(`it has the rows of ${table.schema}.${table.name} twice`)
    names.add(name)
    tables.set(entry.dumpId, table)
  }
  return { definitions: (entry) => !dataKinds.has(entry.kind) && !isOfLargeObject(entry), tables, sequences }
}

function plannedTable(entry: TocEntry, relation: TocEntry | undefined, text: (text: string) => string): PlannedTable {
  const { schema, name } = { schema: text(entry.schema ?? ''), name: text(entry.tag ?? '') }
  const what = `${schema}.${name}`
  if (!entry.copyStatement?.trim())
    throw invalid(`the rows of ${what} are INSERT statements; dump again with COPY, which is the default of pg_dump`)
  if (relation?.kind === 'FOREIGN TABLE')
    throw invalid(
      `${what} is a foreign table, whose rows belong to another server; dump again without the rows of foreign tables`,
    )
  const copy = parseCopy(text(entry.copyStatement))
  if (!copy) throw invalid(`the COPY statement of ${what} is not as pg_dump writes it`)
  const goesElsewhere = copy.schema !== schema || copy.name !== name
  return {
    oid: Number(entry.oid),
    schema,
    name,
    relkind: 'r',
    relfilenode: 0,
    access_method: null,
    columns: copy.columns,
    fingerprint: '',
    comparable: false,
    condition: null,
    load_via: goesElsewhere ? { schema: copy.schema, name: copy.name } : null,
    rows_excluded: false,
    segment_blocks: 1,
    change: { kind: 'read', reason: 'imported from a file', segments_read: 0 },
  }
}

function sequence(entry: TocEntry, relation: TocEntry | undefined, text: (text: string) => string): SequenceRecord {
  const { schema, name } = { schema: text(entry.schema ?? ''), name: text(entry.tag ?? '') }
  const value = parseSetval(text(entry.definition ?? ''))
  if (!value) throw invalid(`where the sequence ${schema}.${name} stands is not as pg_dump writes it`)
  return { oid: Number(relation?.oid ?? 0), schema, name, ...value }
}

const relationKinds = new Set(['TABLE', 'SEQUENCE', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'VIEW'])

/** Made again from records, or left out: statistics are gathered after a restore. */
const dataKinds = new Set(['TABLE DATA', 'SEQUENCE SET', 'MATERIALIZED VIEW DATA', 'STATISTICS DATA'])

/** Every kind that pg_dump of PostgreSQL 12 to 18 writes into an archive. */
const knownKinds = new Set([
  ...dataKinds,
  ...['ACCESS METHOD', 'ACL', 'AGGREGATE', 'BLOB', 'BLOB METADATA', 'BLOBS', 'CAST', 'CHECK CONSTRAINT', 'COLLATION'],
  ...['COMMENT', 'CONSTRAINT', 'CONVERSION', 'DATABASE', 'DATABASE PROPERTIES', 'DEFAULT', 'DEFAULT ACL', 'DOMAIN'],
  ...['ENCODING', 'EVENT TRIGGER', 'EXTENSION', 'FK CONSTRAINT', 'FOREIGN DATA WRAPPER', 'FOREIGN TABLE', 'FUNCTION'],
  ...['INDEX', 'INDEX ATTACH', 'MATERIALIZED VIEW', 'OPERATOR', 'OPERATOR CLASS', 'OPERATOR FAMILY', 'POLICY'],
  ...['PROCEDURAL LANGUAGE', 'PROCEDURE', 'PUBLICATION', 'PUBLICATION TABLE', 'PUBLICATION TABLES IN SCHEMA'],
  ...['ROW SECURITY', 'RULE', 'SCHEMA', 'SEARCHPATH', 'SECURITY LABEL', 'SEQUENCE', 'SEQUENCE OWNED BY', 'SERVER'],
  ...['SHELL TYPE', 'STATISTICS', 'STDSTRINGS', 'SUBSCRIPTION', 'SUBSCRIPTION TABLE', 'TABLE', 'TABLE ATTACH'],
  ...['TEXT SEARCH CONFIGURATION', 'TEXT SEARCH DICTIONARY', 'TEXT SEARCH PARSER', 'TEXT SEARCH TEMPLATE', 'TRANSFORM'],
  ...['TRIGGER', 'TYPE', 'USER MAPPING', 'VIEW'],
])
