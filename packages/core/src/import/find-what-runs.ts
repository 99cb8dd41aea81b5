import { setImmediate } from 'node:timers/promises'
import { wholeStatements } from '../migrations/rehearsal/statements.ts'
import type { TocEntry } from '../postgres/archive/archive.ts'
import type { Finding } from '../repository/documents/documents.ts'

/** Objects that a finding names; of more there is only the number. */
const mostObjects = 200
const entriesAtATime = 500

/** What each kind of finding means, in the order in which people should read them. */
const texts = {
  other_statement: 'Statements that pg_dump does not write there. Read them before anything else.',
  untrusted_language: 'Functions in languages that reach beyond the database.',
  security_definer: 'Functions that run with the rights of their owner.',
  function: 'Functions and procedures, with their languages.',
  event_trigger: 'Event triggers: they fire on changes of the schema.',
  trigger: 'Triggers: they fire when rows change after the restore.',
  rule: 'Rules: they change what statements do.',
  language: 'Procedural languages.',
  extension: 'Extensions: their scripts run with the rights of the role that restores.',
  foreign_data: 'Foreign data: other servers, and how to log in there.',
  replication: 'Publications and subscriptions.',
  operator: 'Operators, casts, aggregates and the like, which call functions.',
  materialized_view: 'Materialized views: their queries run during the restore.',
  default: 'Defaults that call functions.',
  policy: 'Row security policies.',
  public_grant: 'Rights for PUBLIC, that is, for every role.',
  setting: 'Settings that change how the definitions are read.',
  role: 'Roles that own or get something.',
} satisfies Record<string, string>

type Kind = keyof typeof texts

/**
 * What a restore would run of an archive, for people who decide whether to trust it: by what its statements say, not by
 * what its entries claim to be. It is a help for reading and no proof: what is not listed can do harm, too.
 */
export async function findWhatRuns(entries: readonly TocEntry[], text: (text: string) => string): Promise<Finding[]> {
  const found = new Map<Kind, Set<string>>()
  const note = (kind: Kind, object: string) => {
    const objects = found.get(kind) ?? new Set()
    found.set(kind, objects.add(object.slice(0, 300)))
  }
  let looked = 0
  for (const entry of entries) {
    if (++looked % entriesAtATime === 0) await setImmediate()
    // Settings of the database itself and of the session: a restore goes by its own.
    if (entry.kind === 'DATABASE' || entry.kind === 'DATABASE PROPERTIES' || entry.kind === 'ENCODING') continue
    const name = text(`${entry.schema ? `${entry.schema}.` : ''}${entry.tag ?? ''}`)
    if (entry.owner) note('role', text(entry.owner))
    if (entry.kind === 'STDSTRINGS' && entry.definition?.includes("'off'"))
      note('setting', 'standard_conforming_strings = off')
    if (sessionKinds.has(entry.kind) || entry.definition === null) continue
    const holdsBody = bodyKinds.has(entry.kind)
    for (const statement of wholeStatements(text(entry.definition))) {
      for (const [kind, object] of readStatement(statement, name, holdsBody)) note(kind, object)
    }
  }
  return (Object.keys(texts) as Kind[]).flatMap((kind) => {
    const objects = [...(found.get(kind) ?? [])]
    return objects.length === 0
      ? []
      : [{ kind, text: texts[kind], count: objects.length, objects: objects.slice(0, mostObjects) }]
  })
}

/** Not SQL that a restore sends. */
const sessionKinds = new Set([
  'STDSTRINGS',
  'SEARCHPATH',
  'BLOB METADATA',
  'BLOB',
  'BLOBS',
  'TABLE DATA',
  'SEQUENCE SET',
])
/** Their bodies hold statements of their own, which are part of what they are listed for. */
const bodyKinds = new Set(['FUNCTION', 'PROCEDURE', 'RULE'])

const heads: readonly [RegExp, Kind][] = [
  [/^CREATE EVENT TRIGGER\b/i, 'event_trigger'],
  [/^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER\b/i, 'trigger'],
  [/^CREATE (?:OR REPLACE )?RULE\b/i, 'rule'],
  [/^CREATE EXTENSION\b/i, 'extension'],
  [/^CREATE (?:FOREIGN DATA WRAPPER|SERVER|USER MAPPING|FOREIGN TABLE)\b/i, 'foreign_data'],
  [/^CREATE (?:PUBLICATION|SUBSCRIPTION)\b/i, 'replication'],
  [/^CREATE (?:OR REPLACE )?(?:TRUSTED )?(?:PROCEDURAL )?LANGUAGE\b/i, 'language'],
  [
    /^CREATE (?:OR REPLACE )?(?:OPERATOR|CAST|AGGREGATE|TRANSFORM|ACCESS METHOD|(?:DEFAULT )?CONVERSION|TEXT SEARCH (?:PARSER|TEMPLATE))\b/i,
    'operator',
  ],
  [/^(?:CREATE MATERIALIZED VIEW|REFRESH MATERIALIZED VIEW)\b/i, 'materialized_view'],
  [/^CREATE POLICY\b/i, 'policy'],
]
const routine = /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b/i
const usual = /^(?:CREATE|ALTER|COMMENT ON|GRANT|REVOKE|SECURITY LABEL|SET|RESET|REFRESH MATERIALIZED VIEW)\b/i
const trustedLanguages = new Set(['sql', 'plpgsql', 'plperl', 'pltcl'])

function* readStatement(statement: string, name: string, holdsBody: boolean): Generator<[Kind, string]> {
  if (routine.test(statement)) {
    const language = /\bLANGUAGE ("(?:[^"]|"")*"|\S+)/i.exec(statement)?.[1]?.replaceAll('"', '').toLowerCase() ?? 'sql'
    yield ['function', `${name} (${language})`]
    if (!trustedLanguages.has(language)) yield ['untrusted_language', `${name} (${language})`]
    if (/\bSECURITY DEFINER\b/i.test(statement)) yield ['security_definer', name]
    return
  }
  const kind = heads.find(([head]) => head.test(statement))?.[1]
  if (kind) yield [kind, name]
  else if (!usual.test(statement) && !holdsBody) yield ['other_statement', `${name}: ${statement}`]
  if (/^GRANT\b.*\bTO PUBLIC\b/i.test(statement)) yield ['public_grant', name]
  const grantee = /^GRANT\b.*\bTO ("(?:[^"]|"")+"|[^\s;"]+)(?: WITH GRANT OPTION)?$/i.exec(statement)?.[1]
  if (grantee && grantee.toUpperCase() !== 'PUBLIC') yield ['role', grantee.replace(/^"|"$/g, '').replaceAll('""', '"')]
  for (const [, called = ''] of statement.matchAll(/\bDEFAULT\s+\(*([\w$."]+)\(/gi))
    if (!/^(?:pg_catalog\.)?nextval$/i.test(called)) yield ['default', `${name}: ${called}`]
}
