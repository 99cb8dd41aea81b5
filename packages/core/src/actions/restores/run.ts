import type { Json } from '../../catalog/catalog.ts'
import { restoreResultSchema } from '../../catalog/records.ts'
import { labelOf } from '../../engine/background/core.ts'
import {
  beginRestoreRecord,
  endRestoreRecord,
  markRestoreRunning,
  observeAll,
} from '../../engine/background/restore-record.ts'
import type { RestoreSummary } from '../../engine/restore-summary.ts'
import type { RestoreRequest } from '../../engine/restores.ts'
import { isEngineError } from '../../errors.ts'
import { newRestoreId } from '../../restore/names.ts'
import { action } from '../action.ts'
import { bringCopiesInStep } from '../after-backup.ts'
import { actionPlan } from '../plan-hash.ts'
import { restoreInput } from './input.ts'
import { lossToApprove, type PlannedRestore, planDocument, planOf, refusalOfTarget } from './restore-plan.ts'

/** A plan with what is needed to carry it out. */
interface ReadyRestore {
  plan: PlannedRestore
  request: RestoreRequest
  backupId: string
}
const planned = new WeakMap<object, ReadyRestore>()

export const runRestore = action({
  name: 'restores.run',
  summary: 'Restores a backup beside the live database, migrates and checks it there, then swaps it in.',
  permission: 'restores:run',
  kind: 'job',
  // In one transaction, and nothing of what was there before is kept.
  irreversible: ({ strategy, safetyBackup }) => strategy === 'in-place' && !safetyBackup,
  subject: 'backup',
  input: restoreInput,
  result: restoreResultSchema,
  http: { method: 'POST', path: 'backups/:id/restore' },
  command: {
    name: 'restore',
    examples: [
      'lifeboat restore latest --dry-run',
      'lifeboat restore 12',
      'lifeboat restore latest --strategy new-database --target-database shop_copy',
      'lifeboat restore 12 --media ./uploads --yes',
    ],
  },
  page: 'backup',
  confirm: 'always',
  async plan(context, asked) {
    const { targetDatabase: target_database, strategy, intoOther: into_other } = asked
    const text = refusalOfTarget(context, asked)
    // Before anything is asked of a database that must not be meant.
    if (text !== null)
      return actionPlan({
        subject: null,
        refusals: [{ code: 'TARGET_NOT_LISTED', text }],
        document: { action: 'restore', target_database, strategy, into_other },
      })
    const found = await planOf(context, asked, { isShown: context.caller.confirmation !== 'off' })
    const { plan } = found
    const document: Json = { ...planDocument(plan) }
    planned.set(document, found)
    return {
      subject: null,
      refusals: plan.refusals.map(({ text }) => ({ code: 'RESTORE_REFUSED' as const, text })),
      document,
      hash: plan.hash,
    }
  },
  async loss(context, asked, { document }) {
    const found = planned.get(document)
    return found ? lossToApprove(context, asked, found.plan) : null
  },
  job: {
    kind: 'restore',
    label: 'Restore',
    // One that was broken off has changed nothing that is live; whether it is still wanted, people decide.
    resumable: false,
    writer: (_, label) => label,
    async prepare(context, { database }, confirmed) {
      const { plan, request, backupId } = planned.get(confirmed?.document ?? {}) as ReadyRestore
      const label = labelOf(context.parts, database)
      const id = newRestoreId()
      const prepared = { plan_hash: plan.hash, backup_id: backupId, request: { ...request } }
      await beginRestoreRecord(context, { id, plan, backupId, database: label })
      return { subjectId: id, database: label, prepared }
    },
  },
  async run(context, { database }): Promise<RestoreSummary> {
    const { signal, report, prepared } = context
    const id = context.subjectId as string
    const { plan_hash, backup_id, request } = prepared as {
      plan_hash: string
      backup_id: string
      request: RestoreRequest
    }
    await markRestoreRunning(context, id)
    // A restore begins by dropping what is kept no longer.
    await observeAll(context)
    try {
      const done = await context.restores.run(backup_id, {
        ...request,
        database: labelOf(context.parts, database),
        ...{ confirm: plan_hash, id, signal, report },
      })
      await endRestoreRecord(context, id, { result: done })
      if (done.safety_backup_id !== null) await bringCopiesInStep(context)
      return done
    } catch (error) {
      await endRestoreRecord(context, id, { error })
      const isMade = isEngineError(error) && typeof error.detail.safety_backup_id === 'string'
      if (isMade && !signal?.aborted) await bringCopiesInStep(context)
      throw error
    }
  },
  facts({ input, plan, context, result, error }) {
    const { strategy, targetDatabase, overrides, intoOther, safetyBackup, restoreMedia, runMigrations } = input
    const document = plan?.document as { backup?: { id: string; number: number } } | undefined
    return {
      label: labelOf(context.parts, input.database),
      backup: (context.prepared.backup_id as string | undefined) ?? document?.backup?.id ?? input.backup,
      ...{ strategy, overrides, into_other: intoOther, restore_media: restoreMedia, run_migrations: runMigrations },
      without_safety_backup: !safetyBackup,
      ...(targetDatabase === undefined ? {} : { target_database: targetDatabase }),
      ...(result ? outcomeFacts(result) : {}),
      ...(isEngineError(error) && typeof error.detail.safety_backup_id === 'string'
        ? { safety_backup_id: error.detail.safety_backup_id }
        : {}),
    }
  },
})

function outcomeFacts(result: RestoreSummary) {
  const { database, status, safety_backup_id, kept_database, undo_until, rows } = result
  const { migrations, data_migrations, validators } = result
  return {
    ...{ database, status, safety_backup_id, kept_database, undo_until, rows },
    ...{ migrations, data_migrations, validators },
  }
}
