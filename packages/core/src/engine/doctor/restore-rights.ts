import { isEngineError } from '../../errors.ts'
import { openArchive } from '../../postgres/archive/parse-archive.ts'
import { readBookkeepingSchemas } from '../../postgres/bookkeeping.ts'
import { findClientTools } from '../../postgres/client-tools.ts'
import { dumpSchema } from '../../postgres/dump-schema.ts'
import { preflightSource } from '../../postgres/preflight.ts'
import { definitionSteps } from '../../restore/database/definitions/definition-steps.ts'
import { isEmpty } from '../../restore/plan/target-facts.ts'
import { readRights } from '../../restore/rights/restore-rights.ts'
import { type RightsProblem, rightsProblems } from '../../restore/rights/rights-problems.ts'
import type { DatabaseContext, DoctorCheck, Probe } from './probe.ts'

/** What a restore of the database as it is now would fail of, before there is a backup: as its plan will say. */
export const restoreRights: Probe<DatabaseContext> = {
  id: 'restore.rights',
  async run({ session, parts, signal }) {
    const [self] = await session.query<{ role: string; superuser: boolean; createdb: boolean; owned: boolean }>(
      `SELECT r.rolname::text AS role, r.rolsuper AS superuser, r.rolcreatedb AS createdb,
         pg_catalog.pg_has_role(d.datdba, 'USAGE') AS owned
       FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
       WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()`,
    )
    const { role = '', superuser = false, createdb = false, owned = false } = self ?? {}
    if (superuser) return [superuserCheck(role)]
    const { exclude, lockBudgetMs } = parts.settings
    // Else pg_dump would be what fails, with a statement of its own for a reason.
    const unread = await preflightSource(session, exclude).then(() => null, rightsError)
    if (unread) return [unread]
    const tools = await findClientTools(session.serverMajor, { binDirectory: parts.settings.clientTools })
    const archive = await dumpSchema(tools, session.parameters, {
      encoding: session.encoding,
      bookkeeping: await readBookkeepingSchemas(session.query),
      ...{ exclude, lockBudgetMs },
      signal,
    })
    const facts = await readRights(definitionSteps(openArchive(archive)), {
      ...{ control: session.query, inside: session.query, noOwner: false, serverMajor: session.serverMajor },
    })
    const problems = (strategy: 'swap' | 'in-place') => rightsProblems(facts.needed, facts.may, { strategy, role })
    const swap = problems('swap')
    if (createdb && owned && swap.length === 0)
      return [{ id: 'restore.rights', level: 'ok', message: 'A restore can swap: the role may make all there is.' }]
    const inPlace = problems('in-place')
    const left = facts.leftAlone.map(({ role: owner, objects }) => `${objects} of ${owner || 'no role'}`)
    return [
      ...swap.map((problem) => check(problem, 'A swap')),
      ...(createdb && owned ? [] : [noSwap(createdb, role)]),
      ...inPlace.map((problem) => check(problem, 'In place')),
      ...(inPlace.length === 0 ? [inPlaceCheck(left, await isEmpty(session.query))] : []),
    ]
  },
}

/** What a restore needs is known once all of the database can be read: the same is missing as for a backup. */
function rightsError(error: unknown): DoctorCheck {
  if (!isEngineError(error)) throw error
  const message = `What a restore needs is not known before everything can be read. ${error.message}`
  return { id: 'restore.rights', level: 'failed', message, advice: error.adviceTemplate }
}

function superuserCheck(role: string): DoctorCheck {
  return {
    id: 'restore.rights',
    level: 'warning',
    message: `"${role}" is a superuser: functions in the database's definitions run near its rights while it is restored or verified.`,
    advice: 'Use a role that owns the database and has CREATEDB; see docs/managed-postgresql.md.',
  }
}

function check({ text }: RightsProblem, way: string): DoctorCheck {
  return { id: 'restore.rights', level: 'warning', message: `${way} would be refused: ${text}` }
}

function noSwap(createdb: boolean, role: string): DoctorCheck {
  return {
    id: 'restore.rights',
    level: 'warning',
    message: createdb
      ? 'A swap would be refused: the database belongs to another role.'
      : 'A swap would be refused: the role cannot create databases.',
    advice: createdb ? `GRANT the owner of the database TO "${role}"` : `ALTER ROLE "${role}" CREATEDB`,
  }
}

function inPlaceCheck(left: string[], empty: boolean): DoctorCheck {
  const stays = left.length > 0 && !empty ? ` What is others' stays as it is: ${left.join(', ')}.` : ''
  return { id: 'restore.rights', level: 'ok', message: `A restore can go in place.${stays}` }
}
