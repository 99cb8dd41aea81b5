import type { RestoreRecord } from '../../catalog/catalog.ts'
import { hasEnded } from '../../jobs/jobs.ts'
import type { Background } from './core.ts'

/** A server that does not answer must not keep a list waiting. */
const patienceMs = 3000

/**
 * Restores whose process died, or that were cancelled while they waited, end as their jobs did. Where the process died
 * after the swap the restore did happen: the server itself says so, by the database that was kept. While it cannot be
 * asked, nobody knows, and the record stays as it is.
 */
export async function settleRestores({ catalog, restores }: Pick<Background, 'catalog' | 'restores'>): Promise<void> {
  for (const restore of await catalog.restores.list({ statuses: ['pending', 'running'] })) {
    const job = restore.job_id === null ? null : await catalog.jobs.get(restore.job_id)
    if (job && (!hasEnded(job) || job.status === 'succeeded')) continue
    const { status = 'interrupted', error = null, finished_at = null } = job ?? {}
    const ended = { ...restore, status, error, finished_at }
    const swapped = restore.status === 'running' ? await afterSwap(restores, restore) : null
    if (swapped !== 'unknown') await catalog.restores.put({ ...ended, ...swapped })
  }
}

/**
 * What the kept database of a restore says of it, null where there is none. It is renamed and gets its comment in the
 * transaction in which the restored one becomes live, so that there is no one without the other.
 */
async function afterSwap(
  restores: Background['restores'],
  { id, database, strategy, plan }: RestoreRecord,
): Promise<Partial<RestoreRecord> | null | 'unknown'> {
  if (strategy !== 'swap') return null
  try {
    const kept = await restores.kept({ database, signal: AbortSignal.timeout(patienceMs) })
    const own = kept.find(({ restore_id }) => restore_id === id)
    if (!own) return null
    const { kept_database, undo_until, safety_backup_id, replaced_at, undone } = own
    const found = { kept_database, undo_until, safety_backup_id }
    // Media are put in their places after the database: of those nobody knows.
    if (hasMedia(plan)) return found
    return { ...found, status: undone ? 'undone' : 'succeeded', error: null, finished_at: replaced_at }
  } catch {
    return 'unknown'
  }
}

function hasMedia(plan: RestoreRecord['plan']): boolean {
  const options: unknown = plan?.options
  return typeof options === 'object' && options !== null && Reflect.get(options, 'mediaTarget') !== undefined
}
