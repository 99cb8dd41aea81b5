import { z } from 'zod'
import { findCompleted, listBackups, requireCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { isCompleted } from '../../engine/background/backup-rows.ts'
import { EngineError } from '../../errors.ts'
import { newestOf } from '../../policy/backup-order.ts'
import type { RestorePlan } from '../../restore/plan/plan.ts'
import type { ActionContext } from '../action.ts'
import { backupReference } from '../inputs.ts'
import { planDocument } from '../restores/restore-plan.ts'

export const targetName = z.string().min(1).max(63).describe('Name of a configured target.')

export const refreshInput = z.strictObject({
  target: targetName,
  backup: backupReference.default('latest'),
  tag: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('In place of a backup: the newest one with this tag, `name` or `name=value`.'),
})
type Asked = z.output<typeof refreshInput>

/** The backup that is meant, fixed to its whole id. */
async function backupFor(context: ActionContext, { target, backup, tag }: Asked): Promise<CompletedBackup> {
  const { signal, targets, parts } = context
  const label = targets.find(target).settings.database
  if (tag === undefined) return findCompleted(context, backup, { database: label, signal })
  if (backup !== 'latest') throw new EngineError('INVALID', 'Either a backup or a tag, not both.')
  const [name = '', value] = tag.split(/=(.*)/s)
  const { rows } = await listBackups(context, { signal })
  const database = parts.optionalConnection(label)?.database
  const newest = newestOf(
    rows
      .filter(isCompleted)
      .filter((row) => database === undefined || row.database === database)
      .filter(
        (row) =>
          !row.media_only &&
          row.trigger !== 'pre_restore' &&
          (!row.quarantine || row.quarantine.trusted?.scope === 'all'),
      )
      .filter(({ tags }) => Object.hasOwn(tags, name) && (value === undefined || tags[name] === value)),
  )
  if (newest) return requireCompleted(newest)
  throw new EngineError('BACKUP_NOT_FOUND', `No backup has the tag "${tag}".`)
}

export interface PlannedRefresh {
  plan: RestorePlan
  target: string
}

export async function refreshPlanOf(context: ActionContext, asked: Asked): Promise<PlannedRefresh> {
  const { signal, targets } = context
  // Before anything is looked for: a target that is not there.
  targets.find(asked.target)
  const { id } = await backupFor(context, asked)
  return { plan: await targets.plan(asked.target, id, { signal }), target: asked.target }
}

/** As people see it. */
export const refreshDocument = ({ plan, target }: PlannedRefresh) => ({
  action: 'refresh',
  target,
  ...planDocument({ ...plan, lost: null, instead: null }),
})
