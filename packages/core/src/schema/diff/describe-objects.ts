import { mask } from '../mask.ts'
import { splitTable } from './split-table.ts'

/** One entry of an archive's table of contents, its texts decoded. */
export interface SchemaEntry {
  kind: string
  schema: string | null
  tag: string | null
  definition: string | null
  owner: string | null
  tablespace: string | null
  accessMethod: string | null
}

/** One thing of an object that can differ: a column, a constraint, a grant, the whole definition of a function. */
export interface SchemaPart {
  part: string
  name: string
  text: string
}

/** A table, view, type, function, ... with all that the archive lists under other entries and belongs to it. */
export interface SchemaObject {
  /** `public.orders`, or a name without a schema. */
  name: string
  /** In small letters: `table`, `function`. */
  kind: string
  definition: string
  /** Besides those of the definition, which {@link partsOf} gives. */
  parts: SchemaPart[]
}

/** Entries that are no definitions: rows, settings of the dump, the database itself. */
const leftOut = new Set([
  'ENCODING',
  'STDSTRINGS',
  'SEARCHPATH',
  'DATABASE',
  'DATABASE PROPERTIES',
  'TABLE DATA',
  'SEQUENCE SET',
  'MATERIALIZED VIEW DATA',
  'BLOBS',
  'BLOB',
  'BLOB METADATA',
  'BLOB COMMENTS',
])

/** Kinds of entries that belong to an object of another entry, and what they are called there. */
const satellites: Record<string, string> = {
  DEFAULT: 'default',
  'SEQUENCE OWNED BY': 'sequence owner',
  CONSTRAINT: 'constraint',
  'FK CONSTRAINT': 'constraint',
  'CHECK CONSTRAINT': 'constraint',
  INDEX: 'index',
  'INDEX ATTACH': 'index attach',
  'TABLE ATTACH': 'partition of',
  TRIGGER: 'trigger',
  POLICY: 'policy',
  RULE: 'rule',
  'ROW SECURITY': 'row security',
  STATISTICS: 'statistics',
  'PUBLICATION TABLE': 'publication',
  ACL: 'grants',
  COMMENT: 'comment',
  'SECURITY LABEL': 'security label',
}

/**
 * The objects of a schema, from the table of contents that pg_dump made of it. Runs nothing. Objects of one name (which
 * archives of old servers have) are told apart by their number.
 */
export function describeObjects(entries: Iterable<SchemaEntry>): Map<string, SchemaObject> {
  const objects = new Map<string, SchemaObject>()
  const belonging: SchemaEntry[] = []
  for (const entry of entries) {
    if (leftOut.has(entry.kind) || isOfDatabase(entry)) continue
    if (entry.kind in satellites) belonging.push(entry)
    else addObject(objects, entry)
  }
  // Tables, views, sequences and indexes share their names; what belongs to one finds it by that alone.
  const relations = new Map<string, SchemaObject>()
  for (const object of objects.values()) if (relationKinds.has(object.kind)) relations.set(object.name, object)
  for (const entry of belonging) addPart(objects, relations, entry)
  return objects
}

/** Comment and grants of the database itself, under whose name they stand. */
function isOfDatabase({ kind, tag }: SchemaEntry): boolean {
  return (kind === 'ACL' || kind === 'COMMENT' || kind === 'SECURITY LABEL') && (tag ?? '').startsWith('DATABASE ')
}

const relationKinds = new Set(['table', 'foreign table', 'view', 'materialized view', 'sequence'])

function addObject(objects: Map<string, SchemaObject>, entry: SchemaEntry): void {
  const { schema, tag, owner, tablespace, accessMethod } = entry
  const kind = entry.kind.toLowerCase()
  const definition = (entry.definition ?? '').trim()
  const parts: SchemaPart[] = []
  const name = fullName(schema, tag ?? '')
  const facts = { owner, tablespace, 'access method': accessMethod }
  for (const [part, text] of Object.entries(facts)) if (text) parts.push({ part, name: '', text })
  let key = `${kind} ${name}`
  for (let number = 2; objects.has(key); number++) key = `${kind} ${name} (${number})`
  objects.set(key, { name, kind, definition, parts })
}

/** All parts of an object, those of its definition first. Only what differs is worth the taking apart. */
export function partsOf({ kind, definition, parts }: SchemaObject): SchemaPart[] {
  if (definition === '') return parts
  return [...splitDefinition(kind, definition), ...parts]
}

function splitDefinition(kind: string, definition: string): SchemaPart[] {
  if (kind === 'table' || kind === 'foreign table') return splitTable(definition)
  return kind === 'type' ? splitType(definition) : [{ part: 'definition', name: '', text: definition }]
}

function addPart(
  objects: Map<string, SchemaObject>,
  relations: ReadonlyMap<string, SchemaObject>,
  { kind, schema, tag, definition }: SchemaEntry,
): void {
  const text = (definition ?? '').trim()
  const satellite = Object.hasOwn(satellites, kind) ? satellites[kind] : undefined
  const part = { part: satellite ?? kind.toLowerCase(), name: tag ?? '', text }
  const parent = parentOf(relations, schema, tag ?? '', text)
  if (parent) {
    parent.object.parts.push({ ...part, name: parent.name })
    return
  }
  const own =
    kind === 'ACL' || kind === 'COMMENT' || kind === 'SECURITY LABEL' ? ownedBy(objects, schema, tag ?? '') : null
  if (own) own.parts.push(part)
  else {
    const name = fullName(schema, tag ?? '')
    const key = `${part.part} ${name}`
    const there = objects.get(key)
    if (there) there.parts.push(part)
    else objects.set(key, { name, kind: part.part, definition: '', parts: [part] })
  }
}

/**
 * The relation an entry belongs to: its tag begins with the relation's name (`orders orders_pkey`), has it behind a word
 * (`TABLE orders`, `COLUMN orders.id`), or the definition names it. The rest of the tag is the part's own name.
 */
function parentOf(
  relations: ReadonlyMap<string, SchemaObject>,
  schema: string | null,
  tag: string,
  definition: string,
) {
  const plain = tag.replace(/^(?:TABLE|COLUMN|VIEW|MATERIALIZED VIEW|FOREIGN TABLE|SEQUENCE) /, '')
  for (
    let end = plain.length;
    end > 0;
    end = Math.max(plain.lastIndexOf(' ', end - 1), plain.lastIndexOf('.', end - 1))
  ) {
    const object = relations.get(fullName(schema, plain.slice(0, end)))
    if (object) return { object, name: plain.slice(end + 1) }
  }
  for (const match of definition.matchAll(namedRelation)) {
    const object = relations.get(fullName(unquoted(match[1] ?? ''), unquoted(match[2] ?? '')))
    if (object) return { object, name: tag }
  }
  return null
}

const identifier = String.raw`("(?:[^"]|"")+"|[^\s."(),;]+)`
const namedRelation = new RegExp(String.raw`\b(?:ON|TABLE|ONLY|FROM|OWNED BY|TO) ${identifier}\.${identifier}`, 'g')

/** Of anything else: `FUNCTION f(integer)`, `SCHEMA s`, `TYPE mood`. */
function ownedBy(objects: ReadonlyMap<string, SchemaObject>, schema: string | null, tag: string): SchemaObject | null {
  const words = /^([A-Z ]+?) (?=[^A-Z]|[A-Z]+\b[^ ])/.exec(tag)?.[1] ?? tag.split(' ')[0] ?? ''
  const name = tag.slice(words.length + 1)
  return (
    objects.get(`${words.toLowerCase()} ${fullName(schema, name)}`) ??
    objects.get(`${words.toLowerCase()} ${name}`) ??
    null
  )
}

/** An enum's labels and a composite type's attributes one by one; other types as they are. */
function splitType(definition: string): SchemaPart[] {
  const list = /^CREATE TYPE .*? AS (ENUM )?\((.*)\n?\);?$/s.exec(definition)
  if (!list) return [{ part: 'definition', name: '', text: definition }]
  const body = list[2] ?? ''
  const masked = mask(`(${body})`).slice(1, -1)
  const items: string[] = []
  let start = 0
  for (let end = 0; end <= masked.length; end++) {
    if (end < masked.length && masked[end] !== ',') continue
    const item = body.slice(start, end).trim()
    if (item !== '') items.push(item)
    start = end + 1
  }
  const part = list[1] === undefined ? 'attribute' : 'label'
  // Where a label stands decides what it is less than.
  const order = part === 'label' ? [{ part: 'order of labels', name: '', text: items.join(', ') }] : []
  return [...items.map((item) => ({ part, name: item.split(' ')[0] ?? item, text: item })), ...order]
}

export function fullName(schema: string | null, name: string): string {
  return schema ? `${schema}.${name}` : name
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
