import type { Fact } from '../../actions/facts.ts'
import type { Ground } from '../../actions/ground.ts'
import { contextOfJob, jobHandlers, jobKinds } from '../../actions/job-kinds.ts'
import type { Catalog, JobRecord } from '../../catalog/catalog.ts'
import type { EngineSettings } from '../../config.ts'
import type { Clock } from '../../jobs/clock.ts'
import { createHostedQueue } from '../../jobs/hosted-queue.ts'
import { createJobs } from '../../jobs/jobs.ts'
import { createLocalQueue } from '../../jobs/local-queue.ts'
import type { Background, EngineCore } from './core.ts'
import type { Notifier } from './notify/notifier.ts'
import { openCatalog } from './open-catalog.ts'
import { createRunTimeSettings } from './run-time-settings.ts'
import { createUnfinishedBackups } from './unfinished-backups.ts'

/** Opens the catalog and the jobs in it. A file of its own: what it brings along is only loaded where there is a background. */
export async function openBackground(
  core: EngineCore,
  run: { ground: () => Ground; clock: Clock; worker: string },
): Promise<Background> {
  const { ground, clock, worker } = run
  const { parts } = core
  const { queue, jobConcurrency: concurrency } = parts.settings
  const catalog = await openCatalog(parts)
  const jobs = createJobs({
    catalog,
    queue: queue ? createHostedQueue({ host: queue, catalog, clock, concurrency }) : createLocalQueue({ concurrency }),
    handlers: async () => jobHandlers(await jobKinds(), ground),
    clock,
    worker,
    onBroken: async (job) => {
      const action = (await jobKinds()).get(job.kind)
      if (action) await ground().facts.publish(interruption(action.name, ground(), job))
    },
  })
  const config = createRunTimeSettings(parts, catalog)
  const notifier = await openNotifier(parts.settings.notifications, catalog, run)
  return { ...core, catalog, jobs, config, notifier, unfinished: createUnfinishedBackups({ catalog, parts }) }
}

async function openNotifier(
  options: EngineSettings['notifications'],
  catalog: Catalog,
  { clock, worker }: { clock: Clock; worker: string },
): Promise<Notifier | null> {
  if (options.channels.length === 0) return null
  const { createNotifier } = await import('./notify/notifier.ts')
  return createNotifier(catalog, { options, clock, worker })
}

/** What the process that ran the job could not say any more. */
function interruption(action: string, ground: Ground, job: JobRecord): Fact {
  const { caller, prepared } = contextOfJob(ground, job, { signal: undefined, report: undefined })
  const { subject_id: subject, id: task_id } = job
  return {
    ...{ type: 'finished', at: new Date().toISOString(), action, subject, task_id, outcome: 'interrupted' },
    ...{ actor: caller.actor.id, face: caller.face, address: caller.address },
    facts: { ...(job.input.input as object), ...prepared, label: job.database },
    error: { code: 'aborted', detail: 'The process that ran it is gone.' },
  }
}
