import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { policyDigest } from '../../masking/policy.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { RestoreRun } from '../restore-run.ts'
import { parseRestoreComment } from '../undo/database-comment.ts'
import { notMarked, readMarked, requireMarked } from './target-identity.ts'
import { formatTargetMark, type TargetMark } from './target-mark.ts'

/** The comment that a copy gets when it takes the place of a live database, and what is looked at again in that moment. */
export interface Replacement {
  comment: string | null
  check?: (committed: Query) => Promise<void>
}

/** Of a refresh: the mark, made out for the copy. Of any other restore: the comment of the live database. */
export async function replacementOf(
  run: RestoreRun,
  query: Query,
  { name, copy, comment, at }: { name: string; copy: string; comment: string | null; at: Date },
): Promise<Replacement> {
  const { target } = run.context
  if (!target) return { comment }
  const wanted = { target: target.name, repository: target.repository, database: name }
  const [found, incoming] = [await readMarked(query, name), await readMarked(query, copy)]
  const why = notMarked(found, wanted)
  if (why !== null || !found?.mark || !incoming)
    throw new EngineError('PLAN_CHANGED', `${why ?? 'The copy is gone.'} Nothing was replaced.`)
  return {
    comment: formatTargetMark(nextMark(run, found.mark, { oid: incoming.oid, at })),
    check: (committed) => requireMarked(committed, { ...wanted, oid: found.oid }),
  }
}

function nextMark(run: RestoreRun, mark: TargetMark, { oid, at }: { oid: string; at: Date }): TargetMark {
  const { manifest, options, context } = run
  return {
    ...mark,
    oid,
    refreshed: {
      at: at.toISOString(),
      ...{ restore: run.id, backup: manifest.id, number: manifest.number, backup_created_at: manifest.created_at },
      database: manifest.database,
      masked: options.masked && context.masking ? policyDigest(context.masking) : null,
    },
  }
}

/**
 * Drops what the refresh has replaced, where the target says so. What cannot be dropped now stays as one whose time is over,
 * and goes with the next refresh or clean-up.
 */
export async function discardReplaced(
  { context, report, id }: RestoreRun,
  query: Query,
  kept: string | null,
): Promise<boolean> {
  if (!context.target?.discardReplaced || kept === null) return false
  try {
    const facts = parseRestoreComment((await readMarked(query, kept))?.comment ?? null)
    if (facts?.state !== 'kept' || facts.restore !== id) return false
    await query(`DROP DATABASE ${quoteIdentifier(kept)} WITH (FORCE)`)
    return true
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log(report, 'warning', `"${kept}" could not be dropped yet: ${why}`)
    return false
  }
}
