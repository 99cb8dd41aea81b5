import type { ReadableArchive, Section, TocEntry } from '../../../postgres/archive/archive.ts'
import { archiveEncoding, archiveText, isRawText } from '../../../postgres/archive/archive-text.ts'
import { dependencyGraph } from './dependency-graph.ts'
import { entrySql, rawEntrySql, targetRole } from './entry-sql.ts'
import { isWanted } from './entry-wanted.ts'
import { createInterner } from './interner.ts'

/** How definitions are to be changed on their way into the target. */
export interface DefinitionOptions {
  /** Leave every object to the role that restores. */
  noOwner?: boolean
  /** Leave out grants and default privileges. */
  noPrivileges?: boolean
  /** Put everything into the target's default tablespace. */
  noTablespaces?: boolean
  /** Roles of the archive by their names in the target; roles not named keep theirs. */
  roleMap?: Readonly<Record<string, string>>
  /** Leave out publications and subscriptions: a copy must not take part in the original's replication. */
  noReplication?: boolean
}

/**
 * One thing to do to build the definitions of an archive.
 *
 * `sql` is one simple query (maybe of several statements, so it is one transaction of its own when sent alone); no
 * statement in it refuses to run inside a transaction block. Send it with `client_encoding` UTF8, `search_path` empty
 * and {@link definitionSettings} in force.
 */
export interface DefinitionStep {
  /** The entry's dump id. */
  id: number
  /** `TABLE`, `FK CONSTRAINT`, `TABLE DATA` ... as pg_dump calls it. */
  kind: string
  schema: string | null
  /** The object's name in the archive. */
  tag: string
  /** For people: kind and name. */
  name: string
  /** The role that owns it, or the object it belongs to, by its name in the target; null where it has neither. */
  owner: string | null
  section: Exclude<Section, 'none'>
  /** `main` before `acl` before `final` (matview refreshes, event triggers): each pass waits for the one before. */
  pass: Pass
  /** Null: the rows of a table or large objects go here; the runner of the steps loads them. */
  sql: string | null
  /** Ids of steps in the same list that must have ended before this one begins. */
  dependsOn: number[]
  /** Ids of tables this step locks against everybody, and of those it only reads or writes. */
  exclusiveLocks: number[]
  sharedLocks: number[]
}

export type Pass = 'main' | 'acl' | 'final'

/**
 * What an archive's entries ask to be run in an empty database: the statements stock pg_restore would send for them,
 * as a list whose order is a valid sequence (pre-data, data, post-data, then grants, then what comes last), and whose
 * dependencies and locks allow as much of post-data as possible to run side by side.
 *
 * Pure. Database-level entries (`DATABASE ...`) are left out, as pg_restore does without --create.
 *
 * Throws `ARCHIVE_INVALID` for kinds of entries it does not know and text it cannot decode.
 */
export function definitionSteps(archive: ReadableArchive, options: DefinitionOptions = {}): DefinitionStep[] {
  const text = archiveText(archive)
  const raw = isRawText(archive)
  const sections = effectiveSections(archive.entries)
  const graph = dependencyGraph(archive.entries, (entry) => isWanted(entry, options))
  const intern = createInterner()
  const steps: DefinitionStep[] = []
  for (const entry of archive.entries) {
    if (!isWanted(entry, options)) continue
    const sql = entry.hasData
      ? null
      : raw
        ? rawEntrySql(entry, archive, options)
        : entrySql(entry, archive, options, text)
    if (sql === '') continue
    const tag = text(entry.tag ?? '')
    const schema = entry.schema === null || entry.schema === '' ? null : intern(text(entry.schema))
    steps.push({
      id: entry.dumpId,
      kind: intern(entry.kind),
      schema,
      tag,
      name: `${entry.kind} ${schema === null ? '' : `${schema}.`}${tag}`,
      owner: entry.owner ? intern(targetRole(text(entry.owner), options)) : null,
      section: sections.get(entry.dumpId) ?? 'pre-data',
      pass: passOf(entry),
      sql,
      ...graph(entry),
    })
  }
  return withoutDangling(inSequence(steps))
}

/** Whether two steps cannot run at the same time, because one locks what the other needs. */
export function stepsConflict(a: DefinitionStep, b: DefinitionStep): boolean {
  return locksOut(a, b) || locksOut(b, a)
}

function locksOut(a: DefinitionStep, b: DefinitionStep): boolean {
  return a.exclusiveLocks.some((table) => b.exclusiveLocks.includes(table) || b.sharedLocks.includes(table))
}

/**
 * The settings every connection needs that runs definitions or loads rows: what pg_restore sets. Timeouts are the
 * session's own affair.
 */
export function definitionSettings(archive: ReadableArchive): string[] {
  const strings = Iterator.from(archive.entries).find(({ kind }) => kind === 'STDSTRINGS')?.definition ?? ''
  const conforming = !/standard_conforming_strings = 'off'/.test(strings)
  return [
    // As UTF8 the server could not say why something fails whose text, or row, is bytes in no encoding.
    `SET client_encoding = '${archiveEncoding(archive) === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8'}'`,
    `SET standard_conforming_strings = ${conforming ? 'on' : 'off'}`,
    `SELECT pg_catalog.set_config('search_path', '', false)`,
    'SET check_function_bodies = false',
    'SET xmloption = content',
    'SET client_min_messages = warning',
    'SET row_security = off',
  ]
}

function passOf(entry: TocEntry): Pass {
  if (entry.kind === 'ACL' || entry.kind === 'DEFAULT ACL') return 'acl'
  if (entry.kind === 'EVENT TRIGGER' || entry.kind === 'MATERIALIZED VIEW DATA') return 'final'
  const isAnnotation = entry.kind === 'COMMENT' || entry.kind === 'SECURITY LABEL'
  return isAnnotation && entry.tag?.startsWith('EVENT TRIGGER ') ? 'final' : 'main'
}

/** Comments, labels and grants are in no section of their own: they go where the object they speak of goes. */
function effectiveSections(entries: Iterable<TocEntry>): Map<number, DefinitionStep['section']> {
  const sections = new Map<number, DefinitionStep['section']>()
  let previous: DefinitionStep['section'] = 'pre-data'
  for (const entry of entries) {
    const inherited = entry.dependencies[0] === undefined ? undefined : sections.get(entry.dependencies[0])
    const section: DefinitionStep['section'] = entry.section === 'none' ? (inherited ?? previous) : entry.section
    sections.set(entry.dumpId, section)
    if (entry.section !== 'none') previous = section
  }
  return sections
}

const passes: readonly Pass[] = ['main', 'acl', 'final']
const sectionOrder: readonly Section[] = ['pre-data', 'data', 'post-data']

function inSequence(steps: DefinitionStep[]): DefinitionStep[] {
  const rank = (step: DefinitionStep) =>
    passes.indexOf(step.pass) * 10 + (step.pass === 'main' ? sectionOrder.indexOf(step.section) : 0)
  // Array sorting is stable: within a rank the archive's own order stays.
  return steps.sort((a, b) => rank(a) - rank(b))
}

function withoutDangling(steps: DefinitionStep[]): DefinitionStep[] {
  const present = new Set(steps.map((step) => step.id))
  for (const step of steps) step.dependsOn = step.dependsOn.filter((id) => present.has(id))
  return steps
}
