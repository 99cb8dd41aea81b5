import { EngineError, isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { invariantHash, measureInvariant } from '../../postgres/invariants.ts'
import { openSession } from '../../postgres/session.ts'
import type { RestoreRun } from '../restore-run.ts'

/**
 * Measures the application's invariants on the restored data, before any migration, and compares them with what the
 * backup recorded. Only queries of the configuration run: what a manifest holds is a result. One whose query was changed
 * since, or that is new, is passed over and said; where the backup leaves rows out, a difference is a warning.
 *
 * @throws EngineError `VALIDATION_FAILED`.
 */
export async function checkInvariants(run: RestoreRun, parameters: ConnectionParameters): Promise<void> {
  const { context, manifest, signal, report } = run
  const { invariants = [] } = context
  if (invariants.length === 0 || !manifest.invariants) return
  const recorded = new Map(manifest.invariants.map((one) => [one.name, one]))
  const { tables, schemas, rows } = manifest.exclusions
  const complete = tables.length + schemas.length + rows.length === 0
  const session = await openSession(parameters, { application: 'restore invariants', ...(signal ? { signal } : {}) })
  try {
    for (const invariant of invariants) {
      const { name } = invariant
      const before = recorded.get(name)
      if (!before || before.value === null || before.sql_sha256 !== invariantHash(invariant)) {
        log(report, 'info', `Invariant "${name}" is not compared: the backup has no result of this query.`)
        continue
      }
      const after = await measured(() => measureInvariant(session.query, invariant))
      if (after === before.value) continue
      const text = `Invariant "${name}" was ${short(before.value)} in the backup and is ${short(after)} restored.`
      if (complete) throw new EngineError('VALIDATION_FAILED', text, { detail: { invariant: name } })
      log(report, 'warning', `${text} The backup leaves things out.`, { invariant: name })
    }
  } finally {
    await session.close()
  }
}

/** What PostgreSQL says of a query that does not run any more is a difference, too. */
async function measured(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    return `an error (${error instanceof Error ? error.message : String(error)})`
  }
}

function short(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)} ...` : value
}
