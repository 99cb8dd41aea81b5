import { wasAuditBroken } from '../audit/watch-audit.ts'
import type { Background } from '../core.ts'
import { overdueOf } from '../overdue-runs.ts'
import type { PlannedJob } from '../schedules.ts'
import { type Figures, secondsOf, setFigure } from './families.ts'

/** Labels come from people: no more of them than a monitoring system can hold. */
const mostSchedules = 200

/** What is known of jobs, schedules, messages and the audit log. */
export async function catalogFigures(
  figures: Figures,
  { background, planned, now }: { background: Background; planned: readonly PlannedJob[]; now: Date },
): Promise<void> {
  const { catalog, jobs } = background
  const [queued, running, oldest, isPaused, workers] = await Promise.all([
    catalog.jobs.count({ statuses: ['queued'] }),
    catalog.jobs.count({ statuses: ['running'] }),
    catalog.jobs.list({ statuses: ['queued'] }, { limit: 1000 }),
    jobs.isPaused(),
    catalog.workers.list(),
  ])
  setFigure(figures, 'jobs', { status: 'queued' }, queued)
  setFigure(figures, 'jobs', { status: 'running' }, running)
  const waiting = oldest.map(({ created_at }) => created_at).sort()
  setFigure(figures, 'job_oldest_queued_timestamp_seconds', {}, secondsOf(waiting[0]))
  setFigure(figures, 'queue_paused', {}, Number(isPaused))
  const seen = workers.filter(({ roles }) => roles.includes('scheduler')).map(({ seen_at }) => seen_at)
  setFigure(figures, 'scheduler_last_seen_timestamp_seconds', {}, secondsOf(seen.sort().at(-1)))
  for (const status of ['queued', 'given_up'] as const)
    setFigure(figures, 'notification_deliveries', { status }, await catalog.notifications.count({ status }))
  await scheduleFigures(figures, { background, planned, now })
  await auditFigures(figures, background)
}

async function scheduleFigures(
  figures: Figures,
  { background, planned, now }: { background: Background; planned: readonly PlannedJob[]; now: Date },
): Promise<void> {
  for (const schedule of planned.slice(0, mostSchedules)) {
    const { name, kind, database } = schedule
    const due = await overdueOf(background, schedule, now)
    const labels = { schedule: name, kind, database: database ?? '' }
    setFigure(figures, 'schedule_overdue_seconds', labels, due ? Math.floor(due.lateMs / 1000) : 0)
  }
}

async function auditFigures(figures: Figures, { catalog }: Background): Promise<void> {
  const { audit } = catalog
  const isBroken = await wasAuditBroken(catalog)
  setFigure(figures, 'audit_broken', {}, isBroken === null ? null : Number(isBroken))
  const head = await audit.head()
  const [anchor] = head ? await audit.anchors({ chain: head.chain, limit: 1 }) : []
  setFigure(figures, 'audit_events', {}, head?.seq ?? 0)
  setFigure(figures, 'audit_unanchored_events', {}, head ? Math.max(0, head.seq - (anchor?.seq ?? 0)) : 0)
  setFigure(figures, 'audit_anchored_timestamp_seconds', {}, secondsOf(anchor?.at))
}
