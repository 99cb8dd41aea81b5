import type { RestoreRecord } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import { randomId } from '../../jobs/job-id.ts'
import { newRestoreId } from '../../restore/names.ts'
import type { BackupOperations, RestoreOperations, RestoreRow } from '../operations-type.ts'
import { type Background, labelOf } from './core.ts'
import { settleRestores } from './settle-restores.ts'

/** Those that have changed what is live, and may have kept what was before. */
const following = new Set(['succeeded', 'undone', 'interrupted'])

export function createRestoreOperations(
  background: () => Promise<Background>,
  backups: Pick<BackupOperations, 'get'>,
): RestoreOperations {
  const find = async (reference: string): Promise<RestoreRecord> => {
    const ready = await background()
    const { catalog } = ready
    await settleRestores(ready)
    const exact = await catalog.restores.get(reference)
    if (exact) return exact
    const matches =
      reference.length >= 4 ? (await catalog.restores.list()).filter(({ id }) => id.startsWith(reference)) : []
    const [only, second] = matches
    if (only && !second) return only
    throw new EngineError('RESTORE_NOT_FOUND', `There is no restore "${reference}".`)
  }
  /** Undo and discard: jobs on the database of a restore that has ended. */
  const follow = async (kind: 'undo' | 'discard', reference: string, by: string, trigger: string) => {
    const { jobs } = await background()
    const restore = await find(reference)
    // Also after an undo: what had been restored is kept in its turn.
    if (!following.has(restore.status) || restore.kept_database === null)
      throw new EngineError('RESTORE_NOT_FOUND', `Restore ${restore.id} is ${restore.status} and has kept no database.`)
    const label = restore.database
    const job = await jobs.add({
      kind,
      database: label,
      writer: label,
      subjectId: restore.id,
      trigger,
      createdBy: by,
      input: {},
    })
    return { task_id: job.id, id: restore.id }
  }

  return {
    async list({ database } = {}) {
      const ready = await background()
      const { catalog } = ready
      await settleRestores(ready)
      return (await catalog.restores.list(database === undefined ? {} : { database })).map(toRow)
    },
    get: async (id) => toRow(await find(id)),

    async run(reference, { database, by, trigger = 'manual', confirm, ...request }) {
      const { parts, restores, jobs, catalog } = await background()
      const label = labelOf(parts, database)
      const backup = await backups.get(reference, { database })
      const plan = await restores.plan(backup.id, { ...request, database })
      if (confirm !== true && confirm !== plan.hash)
        throw new EngineError('PLAN_CHANGED', 'The plan is not the one that was confirmed.', { detail: { plan } })
      if (plan.refusals.length > 0)
        throw new EngineError('RESTORE_REFUSED', plan.refusals.map(({ text }) => text).join(' '), { detail: { plan } })
      const [id, jobId] = [newRestoreId(), randomId('t')]
      const now = new Date().toISOString()
      const record: RestoreRecord = {
        id,
        backup_id: backup.id,
        database: label,
        strategy: plan.strategy,
        status: 'pending',
        verdict: plan.migrations.map(({ comparison }) => comparison.verdict).join(', ') || null,
        safety_backup_id: null,
        kept_database: null,
        undo_until: null,
        started_at: now,
        finished_at: null,
        rows: null,
        error: null,
        job_id: jobId,
        created_by: by,
        plan: { ...plan },
      }
      // The record comes first: a job may begin before anything after it.
      await catalog.restores.put(record)
      const job = await jobs.add({
        id: jobId,
        kind: 'restore',
        database: label,
        writer: label,
        subjectId: id,
        trigger,
        createdBy: by,
        input: { backup_id: backup.id, confirm: plan.hash, request },
      })
      return { task_id: job.id, id }
    },

    undo: (id, { by, trigger = 'manual' }) => follow('undo', id, by, trigger),
    discard: (id, { by, trigger = 'manual' }) => follow('discard', id, by, trigger),
  }
}

/** The record keeps the label of the database; people see the name of what was restored. */
function toRow({ job_id, plan, ...restore }: RestoreRecord): RestoreRow {
  const database = typeof plan?.database === 'string' ? plan.database : restore.database
  return { ...(restore as Omit<RestoreRow, 'task_id'>), database, task_id: job_id }
}
