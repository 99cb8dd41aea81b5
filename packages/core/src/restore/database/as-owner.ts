import { isEngineError } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import type { RestoreSession } from './restore-session.ts'
import type { RowsPart } from './rows.ts'

/**
 * By table (`schema.name`, quoted) the role that owns it, where we are a superuser and that role is none: functions in
 * CHECK constraints and generated columns are the owner's code, and run with the rights of the role that loads the
 * rows.
 */
export async function ownersToActAs(session: Pick<RestoreSession, 'query'>): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ schema: string; name: string; owner: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS owner
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
     WHERE c.relkind IN ('r', 'p') AND NOT r.rolsuper AND c.oid >= 16384
       AND (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`,
  )
  return new Map(rows.map((row) => [qualifiedName(row), row.owner]))
}

/** What owners may see of each other's they may from the start, where rows are loaded in their names. */
export function divideGrants(
  acl: readonly DefinitionStep[],
  actsAsOwners: boolean,
): { early: DefinitionStep[]; late: DefinitionStep[] } {
  const isEarly = ({ kind, section, tag }: DefinitionStep) =>
    actsAsOwners && kind === 'ACL' && section === 'pre-data' && !tag.startsWith('LARGE OBJECT')
  return { early: acl.filter(isEarly), late: acl.filter((step) => !isEarly(step)) }
}

/**
 * Loads a part in the name of the table's owner. Where that role lacks a right (it may have revoked its own), we load it
 * ourselves, and say so.
 */
export async function loadAsOwner<T>(
  session: Pick<RestoreSession, 'run'>,
  context: { owners: ReadonlyMap<string, string>; inTransaction: boolean; report?: Reporter | undefined },
  { table }: RowsPart,
  load: (role: string | null) => Promise<T>,
): Promise<T> {
  const { owners, inTransaction, report } = context
  const name = qualifiedName({ ...table, ...table.load_via })
  const owner = owners.get(name) ?? null
  if (owner === null) return load(null)
  const run = (sql: string) => session.run([{ sql }])
  if (inTransaction) await run('SAVEPOINT as_owner')
  try {
    const result = await load(owner)
    if (inTransaction) await run('RELEASE SAVEPOINT as_owner')
    return result
  } catch (error) {
    if (!isEngineError(error) || error.detail.sqlstate !== '42501') throw error
    await run(inTransaction ? 'ROLLBACK TO SAVEPOINT as_owner' : 'ROLLBACK')
    log(report, 'warning', `${name} is not loaded as its owner "${owner}", which lacks a right: ${error.message}`)
    return load(null)
  }
}

/** A CHECK that is added after the rows looks at each of them. */
export function asOwner(step: DefinitionStep, owners: ReadonlyMap<string, string>): DefinitionStep {
  if (step.kind !== 'CHECK CONSTRAINT' || step.sql === null) return step
  const table = qualifiedName({ schema: step.schema ?? '', name: step.tag.split(' ')[0] ?? '' })
  const owner = owners.get(table)
  return owner === undefined
    ? step
    : { ...step, sql: `SET LOCAL ROLE ${quoteIdentifier(owner)};\n${step.sql}\nRESET ROLE;` }
}
