import type { Json } from '../../catalog/catalog.ts'
import { restoreResultSchema } from '../../catalog/records.ts'
import type { RestoreSummary } from '../../engine/restore-summary.ts'
import { newRestoreId } from '../../restore/names.ts'
import { action } from '../action.ts'
import { actionPlan } from '../plan-hash.ts'
import { type PlannedRefresh, refreshDocument, refreshInput, refreshPlanOf } from './input.ts'

const planned = new WeakMap<object, PlannedRefresh>()

export const refreshTarget = action({
  name: 'targets.refresh',
  summary: 'Restores a backup into a target beside what is there, masked and migrated, then swaps it in.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'target',
  input: refreshInput,
  result: restoreResultSchema,
  http: { method: 'POST', path: 'targets/:target/refresh' },
  command: {
    name: 'refresh',
    examples: [
      'lifeboat refresh staging',
      'lifeboat refresh staging 12 --dry-run',
      'lifeboat refresh staging --tag release=2.0',
    ],
  },
  page: 'restore',
  async plan(context, asked) {
    // What stands in the way of one by the schedule is found when it runs: its task fails, and people are told.
    if (context.caller.face === 'scheduler')
      return actionPlan({ subject: null, document: { action: 'refresh', ...asked } })
    const found = await refreshPlanOf(context, asked)
    const { plan } = found
    const document: Json = refreshDocument(found)
    planned.set(document, found)
    return {
      subject: plan.backup.id,
      refusals: plan.refusals.map(({ code, text }) => ({
        code: code.startsWith('TARGET_') ? ('TARGET_REFUSED' as const) : ('RESTORE_REFUSED' as const),
        text,
      })),
      document,
      hash: plan.hash,
    }
  },
  job: {
    kind: 'refresh',
    label: 'Refresh',
    // A refresh that was interrupted has not changed the database that answers; the next one starts from the beginning.
    resumable: false,
    writer: ({ target }) => `.target:${target}`,
    async prepare({ targets }, { target }, confirmed) {
      const found = planned.get(confirmed?.document ?? {})
      if (!found) return { subjectId: newRestoreId() }
      const { plan } = found
      const label = targets.find(target).settings.database
      return {
        subjectId: newRestoreId(),
        ...(label === undefined ? {} : { database: label }),
        prepared: { backup_id: plan.backup.id, number: plan.backup.number, plan_hash: plan.hash },
      }
    },
  },
  async run(context, asked): Promise<RestoreSummary> {
    const { targets, signal, report } = context
    if (context.prepared.plan_hash === undefined) {
      const { backup, hash } = (await refreshPlanOf(context, asked)).plan
      context.prepared = { ...context.prepared, backup_id: backup.id, number: backup.number, plan_hash: hash }
    }
    const { backup_id, plan_hash } = context.prepared as { backup_id: string; plan_hash: string }
    return targets.refresh(asked.target, backup_id, {
      ...{ confirm: plan_hash, id: context.subjectId as string, signal, report },
    })
  },
  facts({ input, plan, context, result }) {
    const document = plan?.document as { backup?: { id: string; number: number } } | undefined
    const { backup_id, number } = context.prepared as { backup_id?: string; number?: number }
    return {
      target: input.target,
      backup: backup_id ?? document?.backup?.id ?? input.backup,
      number: number ?? document?.backup?.number ?? null,
      ...(result ? outcomeFacts(result) : {}),
    }
  },
})

function outcomeFacts({ database, status, kept_database, rows, masking, carried_over, migrations }: RestoreSummary) {
  return {
    ...{ database, status, kept_database, rows, migrations },
    masked: masking?.policy ?? null,
    carried_over: (carried_over ?? []).map(({ table }) => table),
  }
}
