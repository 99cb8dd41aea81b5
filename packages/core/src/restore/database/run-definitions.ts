import { EngineError, isEngineError } from '../../errors.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import { type OwnSearchPath, withOwnSearchPath } from './own-search-path.ts'
import { definitionFailed } from './restore-failure.ts'
import type { RestoreSession } from './restore-session.ts'

/** Definitions in one query: some hundred locks, for which the smallest server has room; and characters of SQL. */
const mostSteps = 100
const mostBytes = 256 * 1024

/** What cannot share a transaction with others, or runs code that is not its definition's. */
const alone = new Set(['EXTENSION', 'PROCEDURAL LANGUAGE', 'SUBSCRIPTION', 'EVENT TRIGGER', 'CHECK CONSTRAINT'])

/** Whether a step can be sent in one query with others. */
export function isBatchable({ kind, sql }: Pick<DefinitionStep, 'kind' | 'sql'>): boolean {
  return sql !== null && !alone.has(kind)
}

/** Cuts steps into what is sent in one query, in their order. Pure. */
export function definitionBatches<Step extends Pick<DefinitionStep, 'kind' | 'sql'>>(steps: readonly Step[]): Step[][] {
  const batches: Step[][] = []
  let open: Step[] = []
  let bytes = 0
  const close = () => {
    if (open.length > 0) batches.push(open)
    open = []
    bytes = 0
  }
  for (const step of steps) {
    const own = step.sql?.length ?? 0
    if (!isBatchable(step) || open.length >= mostSteps || bytes + own > mostBytes) close()
    open.push(step)
    bytes += own
    if (!isBatchable(step)) close()
  }
  close()
  return batches
}

/**
 * Runs steps in their order, many in one query: PostgreSQL runs such a query as one transaction. A query that fails has
 * changed nothing, and its steps run again one by one, so that the error names one object, and steps that need another
 * search_path get it.
 */
export async function runDefinitions(
  session: RestoreSession,
  steps: readonly DefinitionStep[],
  own: OwnSearchPath,
  onDone: (steps: number) => void = () => {},
): Promise<void> {
  for (const batch of definitionBatches(steps)) {
    const together = batch.length > 1 && (await succeedsTogether(session, batch, own))
    if (!together) for (const step of batch) await runDefinition(session, step, own)
    onDone(batch.length)
  }
}

/** Runs one step; a deadlock with another of our own sessions is tried again. */
async function runDefinition(session: RestoreSession, step: DefinitionStep, own: OwnSearchPath): Promise<void> {
  const { sql } = step
  if (sql === null) return
  for (let attempt = 1; ; attempt++) {
    try {
      await withOwnSearchPath(session, own, step.name, () => session.run([{ sql }]))
      return
    } catch (error) {
      if (attempt < 5 && deadlocked(error)) continue
      throw definitionFailed(step, error, own.functions)
    }
  }
}

/** Errors cross from the worker without their causes; the SQLSTATE is in the detail. */
function deadlocked(error: unknown): boolean {
  return (isEngineError(error) && error.detail.sqlstate === '40P01') || sqlState(error) === '40P01'
}

async function succeedsTogether(
  session: RestoreSession,
  batch: readonly DefinitionStep[],
  { inTransaction }: OwnSearchPath,
): Promise<boolean> {
  // A definition may end in a comment, or without a semicolon.
  const sql = batch.map((step) => `${step.sql}\n;`).join('\n')
  return triedTogether(session, inTransaction, () => session.run([{ sql }]))
}

/**
 * Does `work`, which sends one query: `false` where that failed and has left nothing behind. Such a query is a transaction of
 * its own; in one that is open already it is undone.
 */
export async function triedTogether(
  session: Pick<RestoreSession, 'run'>,
  inTransaction: boolean,
  work: () => Promise<void>,
): Promise<boolean> {
  // Before the query and not in it: what cannot be parsed would not set it.
  if (inTransaction) await session.run([{ sql: 'SAVEPOINT together' }])
  try {
    await work()
  } catch (error) {
    if (!mayBeOfOne(error)) throw error
    if (inTransaction) await session.run([{ sql: 'ROLLBACK TO SAVEPOINT together' }])
    return false
  }
  if (inTransaction) await session.run([{ sql: 'RELEASE SAVEPOINT together' }])
  return true
}

/** Not the end of the session, nor of the server: these say the same of each. Of a damaged chunk there may be another one. */
function mayBeOfOne(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false
  const { sqlstate } = error.detail
  return error.code === 'REPOSITORY_DAMAGED' || (typeof sqlstate === 'string' && !/^(08|57)/.test(sqlstate))
}
