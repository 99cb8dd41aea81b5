import { EngineError } from '../errors.ts'
import { type Exclusions, exclusionMatcher, noExclusions } from './excluded.ts'
import { refuseTornExclusions, refuseUnknownExclusions } from './exclusions-hold.ts'
import { quoteIdentifier } from './identifiers.ts'
import { refusePooler } from './pooler.ts'
import type { Query } from './query.ts'
import { readGrantWords } from './role-rights.ts'
import { readServerFacts, type ServerFacts } from './server-facts.ts'
import type { Session } from './session.ts'
import { refuseUnreadableNames } from './unreadable-names.ts'
import { dumpedRelations, extensionConfiguration } from './what-is-dumped.ts'

export interface PreflightWarning {
  /** Stable, in upper case, e.g. `COLLATION_MISMATCH`. */
  code: string
  text: string
}

/** Versions a backup can be made of. */
export const supportedMajors = { lowest: 15, highest: 18 } as const

/**
 * Looks, before anything is locked, whether this session can back up its database in full.
 *
 * @returns what is worth knowing but no reason to stop.
 * @throws EngineError `DATABASE_POOLER`, `DATABASE_VERSION`, `DATABASE_RIGHTS` or `ROW_SECURITY`, naming the tables;
 *   `CONFIG_INVALID` for exclusions that what is kept does not survive.
 */
export async function preflightSource(
  session: Session,
  exclude: Exclusions = noExclusions,
): Promise<PreflightWarning[]> {
  await refusePooler(session)
  const facts = await readServerFacts(session.query)
  if (facts.major < supportedMajors.lowest || facts.major > supportedMajors.highest) {
    throw new EngineError('DATABASE_VERSION', `The server is PostgreSQL ${facts.version}.`, {
      detail: { version: facts.version },
    })
  }
  if (facts.encoding === 'SQL_ASCII') await refuseUnreadableNames(session.query)
  if (!facts.superuser) await refuseMissingRights(session.query, facts, exclude)
  await refuseUnknownExclusions(session.query, exclude)
  await refuseTornExclusions(session.query, exclude)
  return [...warningsOf(facts), ...(await lockTableWarning(session.query, facts))]
}

/** A backup and its pg_dump hold one lock per table each, in a table of fixed size that everybody shares. */
async function lockTableWarning(query: Query, facts: ServerFacts): Promise<PreflightWarning[]> {
  const [row] = await query<{ tables: number }>(
    "SELECT pg_catalog.count(*)::int AS tables FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384",
  )
  if (row!.tables <= facts.lock_slots * 0.8) return []
  return [
    {
      code: 'LOCK_TABLE',
      text: `${row!.tables} tables need more locks than the server surely has room for (${facts.lock_slots}). Set max_locks_per_transaction to ${locksPerTransaction(row!.tables, facts)} (now ${facts.locks_per_transaction}) and restart the server.`,
    },
  ]
}

/** What max_locks_per_transaction has to be for so many locks, with a quarter to spare; in steps of 64. */
export function locksPerTransaction(
  locks: number,
  { lock_slots, locks_per_transaction }: Pick<ServerFacts, 'lock_slots' | 'locks_per_transaction'>,
): number {
  return Math.ceil((locks * 1.25) / (lock_slots / locks_per_transaction) / 64) * 64
}

async function refuseMissingRights(query: Query, facts: ServerFacts, exclude: Exclusions): Promise<void> {
  const matcher = exclusionMatcher(exclude)
  const rows = await query<{ schema: string; name: string; enters: boolean; readable: boolean; filtered: boolean }>(`
    SELECT n.nspname AS schema, c.relname AS name, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS enters,
      pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
      c.relkind = 'r' AND pg_catalog.row_security_active(c.oid) AS filtered
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (${extensionConfiguration}) config ON config.oid = c.oid
    WHERE c.relkind IN ('r', 'p', 'S') AND ${dumpedRelations}
    ORDER BY n.nspname, c.relname`)
  const kept = rows.filter((row) => !matcher.excludesTable(row))
  const unreadable = [
    ...kept.filter((row) => !row.enters || !row.readable).map((row) => ({ name: fullName(row), lacks: lackOf(row) })),
    ...(facts.reads_large_object_pages ? [] : await unreadableLargeObjects(query)),
  ]
  if (unreadable.length > 0) {
    const { before, after } = await readGrantWords(query, facts.major)
    const lacks = [...new Set(unreadable.map((relation) => relation.lacks))].join('; ')
    const names = unreadable.map(({ name }) => name)
    throw new EngineError('DATABASE_RIGHTS', `Role ${facts.role} cannot read ${someOf(names)}: it lacks ${lacks}.`, {
      detail: { role: facts.role, relations: names.slice(0, 100) },
      advice: `Use the owner or a superuser, or: ${before}GRANT pg_read_all_data TO ${quoteIdentifier(facts.role)}${after}.`,
    })
  }
  const filtered = kept.filter((row) => row.filtered && !matcher.excludesRows(row)).map(fullName)
  if (filtered.length > 0) {
    throw new EngineError('ROW_SECURITY', `Row security would hide rows of ${someOf(filtered)} from ${facts.role}.`, {
      detail: { role: facts.role, tables: filtered.slice(0, 100) },
    })
  }
}

function lackOf({ schema, enters, readable }: { schema: string; enters: boolean; readable: boolean }): string {
  const needs = [...(enters ? [] : [`USAGE on schema ${quoteIdentifier(schema)}`]), ...(readable ? [] : ['SELECT'])]
  return needs.join(' and ')
}

/** Each is opened by a role that cannot read `pg_largeobject`. */
async function unreadableLargeObjects(query: Query): Promise<{ name: string; lacks: string }[]> {
  const rows = await query<{ name: string }>(`
    SELECT 'large object ' || m.oid AS name FROM pg_catalog.pg_largeobject_metadata m
    WHERE pg_catalog.current_setting('lo_compat_privileges') = 'off' AND NOT pg_catalog.pg_has_role(m.lomowner, 'USAGE')
      AND NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(m.lomacl) a
        WHERE a.privilege_type = 'SELECT'
          AND CASE a.grantee WHEN 0 THEN true ELSE pg_catalog.pg_has_role(a.grantee, 'USAGE') END)
    ORDER BY m.oid LIMIT 100`)
  return rows.map(({ name }) => ({ name, lacks: 'SELECT' }))
}

function warningsOf(facts: ServerFacts): PreflightWarning[] {
  const warnings: PreflightWarning[] = []
  if (facts.collation_mismatch) {
    warnings.push({
      code: 'COLLATION_MISMATCH',
      text: `The operating system sorts text by other rules than when "${facts.database}" was made. Indexes on text may be wrong: REINDEX DATABASE, then ALTER DATABASE ... REFRESH COLLATION VERSION.`,
    })
  }
  if (facts.prepared_transactions > 0) {
    warnings.push({
      code: 'PREPARED_TRANSACTIONS',
      text: `${facts.prepared_transactions} prepared transactions are open; what they hold is not in the backup.`,
    })
  }
  if (facts.encoding === 'SQL_ASCII') {
    warnings.push({
      code: 'SQL_ASCII',
      text: `"${facts.database}" has the encoding SQL_ASCII: names that are not ASCII may be shown wrong.`,
    })
  }
  return warnings
}

function fullName({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`
}

function someOf(names: string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
