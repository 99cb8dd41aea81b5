import type { JobRecord, Json } from '../catalog/catalog.ts'
import type { JobHandler } from '../jobs/runner.ts'
import { permissions } from '../policy/permissions.ts'
import type { ActionContext, AnyAction } from './action.ts'
import { allActions } from './all-actions.ts'
import type { Face } from './caller.ts'
import type { Ground } from './ground.ts'
import { parseInput, perform, summaryOf } from './run-action.ts'

export type JobAction = AnyAction & { job: NonNullable<AnyAction['job']> }

/** The actions that run as jobs, by kind of job: the registry of kinds. */
export async function jobKinds(): Promise<ReadonlyMap<string, JobAction>> {
  const found = (await allActions()).filter((action): action is JobAction => action.job !== undefined)
  return new Map(found.map((action) => [action.job.kind, action]))
}

/** What a job of an action keeps in the catalog: all that is needed to do it in another process. */
interface StoredJob {
  input: unknown
  prepared?: Json
  face?: Face
  address?: string | null
  unrecorded?: string
}

/** What the runner of jobs calls: the action of the job's kind, by the path that every caller takes. */
export function jobHandlers(kinds: ReadonlyMap<string, JobAction>, ground: () => Ground): Record<string, JobHandler> {
  return Object.fromEntries(
    [...kinds].map(([kind, action]): [string, JobHandler] => [
      kind,
      {
        resumable: action.job.resumable,
        async run(job, { signal, report }) {
          const context = contextOfJob(ground(), job, { signal, report })
          const input = parseInput(action, (job.input as unknown as StoredJob).input)
          const check = () => checkApproval(action, context, job)
          const result = await perform(action, { input, plan: null, context }, { check })
          const failure = action.job.failure?.(result as never)
          if (failure) throw failure
          return summaryOf(action, result)
        },
      },
    ]),
  )
}

/** A task of an action that needs approval has to have been given it, whatever put the task into the queue. */
async function checkApproval(action: AnyAction, context: ActionContext, job: JobRecord): Promise<void> {
  if (!context.parts.settings.approvals) return
  const { requireJobApproval } = await import('./approvals/gate.ts')
  const input = parseInput(action, (job.input as unknown as StoredJob).input)
  context.approval = await requireJobApproval(action, { input, plan: null, context }, job)
}

/** The caller of a job is who asked for it; that it was permitted was decided then. */
export function contextOfJob(
  ground: Ground,
  job: JobRecord,
  running: Pick<ActionContext, 'signal' | 'report'>,
): ActionContext {
  const { prepared = {}, face = 'scheduler', address = null, unrecorded } = job.input as unknown as StoredJob
  const trigger = job.trigger === 'schedule' || job.trigger === 'api' ? job.trigger : 'manual'
  return {
    ...ground,
    ...running,
    caller: {
      actor: { id: job.created_by, permissions },
      ...{ face, address, trigger, confirmation: 'off', confirm: true },
      ...(unrecorded === undefined ? {} : { unrecorded }),
    },
    subjectId: job.subject_id,
    taskId: job.id,
    prepared,
    isQueued: true,
    isResumed: job.attempt > 1,
    about: job.subject_id,
    approval: null,
  }
}
