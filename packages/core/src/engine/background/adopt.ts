import type { ActionContext } from '../../actions/action.ts'
import { findLostChains } from './audit/lost-chains.ts'
import type { Background } from './core.ts'
import { takeInFacts } from './sealed-facts.ts'

export interface Adopted {
  backups: number
  /** Manifests that cannot be read. */
  damaged: string[]
  /** Numbers that several backups have: they can be named by their ids only. */
  ambiguous_numbers: number[]
  /** Restores that can be undone and that the catalog did not know. */
  restores_added: string[]
  /** Facts that were sealed into the repository while no catalog was there. */
  facts_taken_in: number
  /** Chains of the audit log of a catalog that was here before: the repository holds their events. */
  audit_chains_lost: string[]
}

/**
 * Makes the catalog know what is there: for a new catalog beside an old repository, or one that was lost. Backups need
 * nothing (they are read from storage); the restores whose replaced databases are still kept get their records back, so
 * that they can be undone and discarded as jobs. Records that are there stay as they are.
 */
export async function adopt(background: Background, context: ActionContext): Promise<Adopted> {
  const { backups, restores, catalog, parts } = background
  const lost = await findLostChains(catalog, await parts.repository())
  const taken = await takeInFacts(background, context)
  const { backups: stored, damaged } = await backups.list()
  const added: string[] = []
  for (const label of parts.labels()) {
    for (const kept of await restores.kept({ database: label })) {
      if (await catalog.restores.get(kept.restore_id)) continue
      await catalog.restores.put({
        id: kept.restore_id,
        backup_id: kept.backup_id,
        database: label,
        strategy: 'swap',
        status: 'succeeded',
        verdict: null,
        safety_backup_id: kept.safety_backup_id,
        kept_database: kept.kept_database,
        undo_until: kept.undo_until,
        started_at: kept.replaced_at,
        finished_at: kept.replaced_at,
        rows: null,
        error: null,
        job_id: null,
        created_by: context.caller.actor.id,
        plan: { database: kept.database },
        ...{ swapped: true, undone: kept.undone, problems: [], ran: {} },
      })
      added.push(kept.restore_id)
    }
  }
  const numbers = stored.map(({ number }) => number)
  return {
    backups: stored.length,
    damaged: damaged.map(({ id }) => id),
    ambiguous_numbers: [...new Set(numbers.filter((number, index) => numbers.indexOf(number) !== index))],
    restores_added: added,
    facts_taken_in: taken,
    audit_chains_lost: lost,
  }
}
