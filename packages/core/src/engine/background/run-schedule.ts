import { hostname } from 'node:os'
import { endExpired } from '../../actions/approvals/ended-request.ts'
import { systemCaller } from '../../actions/caller.ts'
import { examineAll } from '../../actions/doctor.ts'
import type { Ground } from '../../actions/ground.ts'
import { type JobAction, jobKinds } from '../../actions/job-kinds.ts'
import { planJob } from '../../actions/run-action.ts'
import type { NewJob } from '../../catalog/catalog.ts'
import { isEngineError } from '../../errors.ts'
import { type Clock, isoTime } from '../../jobs/clock.ts'
import { createScheduler, type Scheduler } from '../../jobs/scheduler.ts'
import type { Background } from './core.ts'
import { createBlockedRuns } from './notify/blocked-runs.ts'
import { createFailingLooks } from './notify/failing-looks.ts'
import { jobInput, type PlannedJob, plannedJobs } from './schedules.ts'
import { sharedThrottle } from './shared-throttle.ts'

/** Fires what is due, and says that this process is alive. */
export async function createEngineScheduler(
  ground: Ground,
  background: Background,
  { clock, worker }: { clock: Clock; worker: string },
): Promise<Scheduler> {
  const { catalog, jobs, parts } = background
  const kinds = await jobKinds()
  const began = isoTime(clock.now())
  const lookAtAudit = beside(async () => {
    const { watchAudit } = await import('./audit/watch-audit.ts')
    await watchAudit(background, await parts.repository(), { signal: ground.stopping })
  })
  const takeIn = takeInNowAndThen(ground, background, clock)
  const remind = beside(async () => {
    const { sendReminders } = await import('../reminders/send-reminders.ts')
    const running = { signal: ground.stopping, report: undefined }
    const doctor = () => examineAll({ ...ground, ...running }, {})
    await sendReminders(background, { ...ground, ...running, doctor }, new Date(clock.now()))
  })
  const tellBlocked = createBlockedRuns(background.notifier, { clock, kinds, labels: parts.labels() })
  let warned = ''
  const looks = createFailingLooks(parts.settings.notifications, { clock, signal: ground.stopping })
  return createScheduler<PlannedJob>({
    catalog,
    clock,
    worker,
    async schedules() {
      const seen = isoTime(clock.now())
      await catalog.workers.beat({
        ...{ id: worker, host: hostname(), pid: process.pid, roles: ['jobs', 'scheduler'] },
        ...{ started_at: began, seen_at: seen },
      })
      await catalog.workers.forget(isoTime(clock.now() - 600_000))
      const limits = await sharedThrottle(catalog)
      if (limits) parts.throttle.change(limits)
      await ground.audit.anchorNowAndThen()
      takeIn()
      lookAtAudit()
      if (background.notifier) remind()
      if (parts.settings.approvals) await endExpired(ground)
      const planned = await plannedJobs(background)
      // No schedule waits for a channel.
      void looks.passed()
      warned = ''
      return planned.filter(({ kind }) => kinds.has(kind))
    },
    async job(planned, slot, lateMs): Promise<NewJob | null> {
      const action = kinds.get(planned.kind) as JobAction
      const asked = { ...jobInput(action, planned.input, planned.database), ...nameOf(planned, slot) }
      const found = await planJob(ground, action, asked, { caller: systemCaller() }).catch(nullUnlessApproved)
      // The slot waits: each look asks again, and goes ahead once people have approved.
      if (!found) return null
      const { request } = found
      const prepared = { ...request.input.prepared, schedule: planned.name, slot: slot.toISOString(), late_ms: lateMs }
      return jobs.newJob({ ...request, input: { ...request.input, prepared } })
    },
    async onFired(job) {
      await jobs.notice(job)
      const action = kinds.get(job.kind) as JobAction
      const { prepared } = job.input as { prepared: Record<string, unknown> }
      const { schedule, slot, late_ms } = prepared
      await ground.facts.publish({
        ...{ type: 'started', at: isoTime(clock.now()), action: action.name, subject: job.subject_id },
        ...{ actor: 'scheduler', face: 'scheduler', address: null, outcome: 'started', task_id: job.id },
        facts: { schedule, slot, late_ms, label: job.database },
        error: null,
      })
    },
    onBlocked: tellBlocked,
    // The next look makes up for it.
    onError(error) {
      const why = error instanceof Error ? error.message : String(error)
      // Once, and not at each look.
      if (why !== warned) process.emitWarning(error instanceof Error ? error : why)
      warned = why
      void looks.failed(error)
    },
  })
}

const quarterMs = 15 * 60_000

/** What other processes have sealed into the repository while no catalog was there is recorded, and told, soon after. */
function takeInNowAndThen(ground: Ground, background: Background, clock: Clock): () => void {
  let last = Number.NEGATIVE_INFINITY
  return beside(async () => {
    if (clock.now() - last < quarterMs) return
    last = clock.now()
    const { takeInFacts } = await import('./sealed-facts.ts')
    if ((await takeInFacts(background, ground)) > 0) background.notifier?.wake()
  })
}

/** Beside the schedule, which does not wait for it. What fails is tried again at the next look. */
function beside(work: () => Promise<void>): () => void {
  let isWorking = false
  return () => {
    if (isWorking) return
    isWorking = true
    work()
      .catch(() => {})
      .finally(() => {
        isWorking = false
      })
  }
}

function nullUnlessApproved(error: unknown): null {
  if (isEngineError(error, 'APPROVAL_REQUIRED')) return null
  throw error
}

function nameOf({ kind, bySettings, name }: PlannedJob, slot: Date): { name?: string } {
  if (kind !== 'backup') return {}
  const time = slot.toISOString().slice(0, 16).replace('T', ' ')
  return { name: bySettings ? `Automatic backup ${time}` : `${name} ${time}` }
}
