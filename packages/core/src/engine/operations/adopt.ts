import type { Adopted, Caller } from '../operations-type.ts'
import type { Background } from './core.ts'

/**
 * Makes the catalog know what is there: for a new catalog beside an old repository, or one that was lost. Backups need
 * nothing (they are read from storage); the restores whose replaced databases are still kept get their records back, so
 * that they can be undone and discarded as jobs. Records that are there stay as they are.
 */
export async function adopt({ backups, restores, catalog, parts }: Background, { by }: Caller): Promise<Adopted> {
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
        created_by: by,
        plan: { database: kept.database },
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
  }
}
