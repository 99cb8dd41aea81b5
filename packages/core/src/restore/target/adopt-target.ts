import { EngineError } from '../../errors.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import { openControlSession } from '../database/control-session.ts'
import type { Running } from '../options.ts'
import { lockTarget, unlockTarget } from '../restore-lock.ts'
import { parseRestoreComment } from '../undo/database-comment.ts'
import {
  type DatabaseIdentity,
  isSame,
  type MarkedDatabase,
  notMarked,
  readMarked,
  readSources,
} from './target-identity.ts'
import { formatTargetMark } from './target-mark.ts'
import { sourceRefusals } from './target-plan.ts'

interface AdoptionRequest {
  target: string
  parameters: ConnectionParameters
  repository: string
  sources: { label: string; parameters: ConnectionParameters }[]
}

/** What people look at before a database becomes one that refreshes may replace. */
export interface AdoptionFacts {
  target: string
  database: string
  host: string
  port: number
  /** Null: there is none of that name, and an empty one is made. */
  present: {
    systemIdentifier: string
    oid: string
    tables: number
    bytes: number
    comment: string | null
    sessions: string[]
  } | null
  refusals: { code: string; text: string }[]
}

export interface Adopted {
  target: string
  database: string
  created: boolean
}

export async function planAdoption(request: AdoptionRequest, { signal }: Running = {}): Promise<AdoptionFacts> {
  const control = await openControl(request, { make: false, signal })
  try {
    return await readAdoption(request, control, signal)
  } finally {
    await control.close()
  }
}

async function readAdoption(
  request: AdoptionRequest,
  { query }: Session,
  signal: AbortSignal | undefined,
): Promise<AdoptionFacts> {
  const { target, parameters, sources } = request
  const { database, host, port } = parameters
  const [found, known] = await Promise.all([readMarked(query, database), readSources(sources, parameters)])
  const nowhere = { systemIdentifier: '', oid: '' }
  const refusals = sourceRefusals({ name: target, found, sources: known, backupOf: nowhere }, database)
  const silent = known.filter(({ identity }) => identity === null).map(({ label }) => label)
  if (refusals.length === 0 && silent.length > 0)
    refusals.push({
      code: 'TARGET_UNKNOWN',
      text: `These configured databases do not answer, so that it cannot be seen whether the target is one of them: ${silent.join(', ')}. Adopt it when they do.`,
    })
  if (found) refusals.push(...refusalsOf(request, found))
  return {
    ...{ target, database, host, port, refusals },
    present: found && (await readPresent(request, found, signal)),
  }
}

function refusalsOf({ target, repository, parameters }: AdoptionRequest, found: MarkedDatabase) {
  const { database } = parameters
  const { mark, comment } = found
  if (parseRestoreComment(comment))
    return [
      {
        code: 'TARGET_KEPT',
        text: `Database "${database}" belongs to a restore: it is kept for an undo, or left behind.`,
      },
    ]
  if (!mark || notMarked(found, { target, repository, database }) === null) return []
  const isOwn = mark.oid === found.oid && mark.system_identifier === found.systemIdentifier
  if (!isOwn) return []
  return [
    {
      code: 'TARGET_TAKEN',
      text: `Database "${database}" is the target "${mark.target}" of repository ${mark.repository}. To change that, remove the mark first: COMMENT ON DATABASE ${quoteIdentifier(database)} IS NULL.`,
    },
  ]
}

async function readPresent(
  { parameters }: AdoptionRequest,
  found: MarkedDatabase,
  signal: AbortSignal | undefined,
): Promise<AdoptionFacts['present']> {
  const inside = await openSession(parameters, { application: 'target adoption', signal })
  try {
    const [row] = await inside.query<{ tables: number; bytes: string; sessions: string[] }>(
      `SELECT (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') AS tables,
         pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes,
         ARRAY(SELECT DISTINCT COALESCE(NULLIF(application_name, ''), usename::text) FROM pg_catalog.pg_stat_activity
           WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
             AND backend_type = 'client backend' ORDER BY 1 LIMIT 20) AS sessions`,
    )
    const { systemIdentifier, oid, comment, mark } = found
    return {
      ...{ systemIdentifier, oid, tables: row?.tables ?? 0, bytes: Number(row?.bytes ?? 0) },
      ...{ comment: mark ? mark.comment : comment, sessions: row?.sessions ?? [] },
    }
  } finally {
    await inside.close()
  }
}

/** @throws EngineError `TARGET_REFUSED`, `PLAN_CHANGED`, `DATABASE_BUSY`. */
export async function adoptTarget(
  request: AdoptionRequest,
  planned: DatabaseIdentity | null,
  { signal }: Running = {},
): Promise<Adopted> {
  const { target, repository, parameters } = request
  const { database } = parameters
  const control = await openControl(request, { make: true, signal })
  const { query } = control
  try {
    await lockTarget(query, database)
    const now = await readAdoption(request, control, signal)
    const [first] = now.refusals
    if (first) throw new EngineError('TARGET_REFUSED', first.text)
    if ((planned === null) !== (now.present === null) || (planned && !isSame(planned, now.present)))
      throw new EngineError('PLAN_CHANGED', `Database "${database}" is not the one that was looked at.`)
    if (!now.present) await query(`CREATE DATABASE ${quoteIdentifier(database)} TEMPLATE template0`)
    const found = await readMarked(query, database)
    if (!found) throw new EngineError('PLAN_CHANGED', `Database "${database}" vanished.`)
    const adopted_at = new Date().toISOString()
    const mark = formatTargetMark({
      ...{ target, repository, system_identifier: found.systemIdentifier, oid: found.oid, adopted_at },
      ...{ comment: found.mark ? found.mark.comment : found.comment, refreshed: null },
    })
    // A database of that name that is another one by now gets a mark that is not its own, which makes no target of it.
    await query(`COMMENT ON DATABASE ${quoteIdentifier(database)} IS ${quoteLiteral(mark)}`)
    await unlockTarget(query, database)
    return { target, database, created: !now.present }
  } finally {
    await control.close()
  }
}

async function openControl(
  { parameters }: AdoptionRequest,
  { make, signal }: { make: boolean; signal: AbortSignal | undefined },
): Promise<Session> {
  const { database } = parameters
  const control = await openControlSession(parameters, { target: database, signal, make })
  return control ?? openSession(withDatabase(parameters, database), { application: 'target adoption', signal })
}
